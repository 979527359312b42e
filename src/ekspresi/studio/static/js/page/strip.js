/** List all faces below the picture: a group of radio buttons that keys and screen readers can use. */

import { byId, make, stepOf } from "./elements.js";
import { drawCrop } from "./faces.js";
import { formatNumber, nameOf, t } from "./locale.js";
import { answerOf, colorOf, confidenceText, predictionOf } from "./predictions.js";

/**
 * Start the list of faces.
 *
 * @param {object} store of the page.
 * @param {function(number): void} choose selects a face by its index.
 */
export function startStrip(store, choose) {
  const strip = byId("strip");
  let drawn = null;
  store.on(["faces", "language", "selected", "live"], (state) => {
    if (state.live) {
      strip.replaceChildren(); // a list that changes ten times a second serves nobody; the time line replaces it
      drawn = null;
      return;
    }
    const what = `${state.language}`;
    if (drawn?.faces !== state.faces || drawn.what !== what) {
      const focused = strip.contains(document.activeElement);
      strip.replaceChildren(...state.faces.map((face, i) => makeFace(face, i, state, choose)));
      drawn = { faces: state.faces, what };
      if (focused) strip.children[state.selected]?.focus();
    }
    [...strip.children].forEach((button, i) => {
      button.setAttribute("aria-checked", i === state.selected ? "true" : "false");
      button.tabIndex = i === state.selected ? 0 : -1;
    });
    const chosen = strip.children[state.selected];
    if (chosen) strip.scrollTo({ left: chosen.offsetLeft - strip.offsetLeft - strip.clientWidth / 2 + 39, behavior: "smooth" });
  });
  const move = (event) => {
    const step = stepOf(event);
    const { faces, selected } = store.state;
    if (!step || !faces.length) return;
    event.preventDefault();
    choose((selected + step + faces.length) % faces.length);
    if (strip.contains(document.activeElement)) strip.children[store.state.selected]?.focus();
  };
  strip.addEventListener("keydown", move);
  byId("stage").addEventListener("keydown", move);
}

function makeFace(face, i, { faces, labels }, choose) {
  const prediction = predictionOf(face);
  const answer = answerOf(prediction, labels);
  const canvas = make("canvas", { "aria-hidden": "true" });
  drawCrop(canvas, face.crop);
  const size = formatNumber(face.facePx);
  const name = t("face.label", { number: i + 1, count: faces.length, name: nameOf(answer), confidence: confidenceText(prediction), size });
  const button = make(
    prediction.abstained ? "button.face.unsure" : "button.face",
    { type: "button", role: "radio", "aria-label": name, "--expression": colorOf(answer) },
    canvas,
    make("span", {}, nameOf(answer)),
    make("small", {}, `${size} px`),
  );
  button.addEventListener("click", () => choose(i));
  return button;
}
