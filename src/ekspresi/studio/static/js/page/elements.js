/** Make elements without HTML text, so that a file name or a label can never become markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an HTML element.
 *
 * @param {string} tag name, with classes after dots: "p.hint".
 * @param {object} [attributes] attributes; names that begin with "--" are custom properties.
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag.split(".")[0]), tag, attributes, children);
}

/** Make an SVG element; arguments as `make`. */
export function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag.split(".")[0]), tag, attributes, children);
}

function fill(element, tag, attributes, children) {
  const classes = tag.split(".").slice(1);
  if (classes.length) element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Get an element by its id. */
export const byId = (id) => document.getElementById(id);

/**
 * Fill a group of radio buttons; arrow keys move between them, as the pattern of ARIA asks.
 *
 * @param {HTMLElement} group element of role "radiogroup".
 * @param {{value: *, text: string, label: ?string}[]} choices
 * @param {*} chosen value that is checked.
 * @param {function(*): void} choose
 */
export function fillChoices(group, choices, chosen, choose) {
  const focused = group.contains(document.activeElement);
  group.replaceChildren(
    ...choices.map(({ value, text, label }) => {
      const checked = value === chosen;
      const button = make("button.segment", { type: "button", role: "radio", "aria-checked": checked ? "true" : "false", "aria-label": label, tabindex: checked ? 0 : -1 }, text);
      button.addEventListener("click", () => choose(value));
      return button;
    }),
  );
  group.onkeydown = (event) => {
    const step = stepOf(event);
    if (!step) return;
    event.preventDefault();
    const at = choices.findIndex(({ value }) => value === chosen);
    choose(choices[(at + step + choices.length) % choices.length].value);
  };
  if (focused) group.querySelector('[aria-checked="true"]')?.focus();
}

/** Translate an arrow key into a step: 1, -1 or 0. */
export function stepOf(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return 0;
  return { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0;
}
