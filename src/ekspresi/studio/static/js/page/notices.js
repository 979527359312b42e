/** Show what went wrong together with its fix, until it is closed or no longer true. */

import { byId, make } from "./elements.js";
import { t } from "./locale.js";

const shown = new Map();

/**
 * Show a notice; a later one of the same name replaces it.
 *
 * @param {string} name key of the text `notice.<name>`, and of the fix `notice.<name>.fix`.
 * @param {object} [values] for the texts.
 * @param {"problem"|"note"} [kind]
 */
export function showNotice(name, values = {}, kind = "problem") {
  shown.set(name, { values, kind });
  drawNotices();
}

/** Remove a notice, or all that are not in `keep`. */
export function clearNotices(keep = []) {
  for (const name of [...shown.keys()]) if (!keep.includes(name)) shown.delete(name);
  drawNotices();
}

/** Draw all notices in the page's language. */
export function drawNotices() {
  byId("notices").replaceChildren(
    ...[...shown].map(([name, { values, kind }]) => {
      const close = make("button", { type: "button", "aria-label": t("dismiss") }, "×");
      close.addEventListener("click", () => clearNotices([...shown.keys()].filter((other) => other !== name)));
      const text = make("p", {}, make("b", {}, t(`notice.${name}`, values)), t(`notice.${name}.fix`, values));
      return make(`div.notice.${kind}`, { "data-notice": name }, text, close);
    }),
  );
}
