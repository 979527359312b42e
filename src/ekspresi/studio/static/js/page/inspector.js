/** Draw the chosen face: its answer in words, its pixels, and a bar for each expression. */

import { byId, make } from "./elements.js";
import { drawCrop } from "./faces.js";
import { formatNumber, formatPercent, nameOf, t, titled } from "./locale.js";
import { answerOf, colorOf, confidenceText, mostLikely, sentenceOf } from "./predictions.js";
import { viewOf } from "./view.js";

/** Start the inspector. */
export function startInspector(store) {
  store.on(["faces", "selected", "sizes", "position", "language", "labels", "phase", "busy", "live"], draw);
}

function draw(state) {
  const view = viewOf(state);
  const { labels } = state;
  byId("inspector").classList.toggle("empty", !view);
  if (!view) {
    drawNothing(state);
    return;
  }
  const { prediction, crop, px } = view;
  const answer = answerOf(prediction, labels);
  const heading = byId("answer");
  heading.className = prediction.abstained ? "answer unsure" : "answer";
  heading.style.setProperty("--expression", colorOf(answer));
  heading.replaceChildren(make("span", {}, titled(nameOf(answer))), make("small", {}, confidenceText(prediction)));
  byId("sentence").textContent = sentenceOf(prediction, labels);
  const face = state.faces[state.selected];
  const key = state.position > 0 ? "kicker.reduced" : "kicker";
  const number = face.track ?? state.selected + 1;
  byId("kicker").textContent = t(key, { number, size: formatNumber(face.facePx), px, detail: formatNumber(prediction.effectivePx) });
  const canvas = byId("lens-face");
  drawCrop(canvas, crop);
  canvas.setAttribute("aria-label", t("lens.label", { number, px }));
  drawBars(prediction, labels);
}

function drawNothing({ phase, busy, live, labels }) {
  const waiting = phase === "loading" || busy;
  const heading = byId("answer");
  heading.className = "answer unsure";
  heading.textContent = t(waiting ? "waiting" : "nobody");
  byId("sentence").textContent = waiting ? "" : t(live ? "nobody.live" : "nobody.hint");
  byId("kicker").textContent = "\u00a0";
  const canvas = byId("lens-face");
  canvas.width = 1;
  canvas.setAttribute("aria-label", t("lens.empty"));
  drawBars(null, labels);
}

function drawBars(prediction, labels) {
  const group = byId("bars");
  if (group.childElementCount !== labels.length + 1) {
    group.replaceChildren(...labels.map(makeBar), make("p.limit-text"));
  }
  const top = prediction ? mostLikely(prediction) : -1;
  const limited = prediction !== null && prediction.threshold <= 1;
  labels.forEach((label, i) => {
    const bar = group.children[i];
    const value = prediction ? prediction.probabilities[i] : 0;
    bar.classList.toggle("top", i === top);
    bar.style.setProperty("--value", value.toFixed(4));
    bar.style.setProperty("--limit", limited ? prediction.threshold.toFixed(4) : 0);
    bar.style.setProperty("--limit-shown", limited ? 1 : 0);
    bar.children[0].textContent = nameOf(label);
    bar.children[2].textContent = prediction ? formatPercent(value) : "";
    bar.setAttribute("aria-label", nameOf(label));
    bar.setAttribute("aria-valuenow", Math.round(100 * value));
    bar.setAttribute("aria-valuetext", formatPercent(value));
  });
  let text = "";
  if (prediction) text = limited ? t("limit", { threshold: formatPercent(prediction.threshold) }) : t("limit.none");
  group.lastElementChild.textContent = text;
}

function makeBar(label) {
  return make(
    "div.bar",
    { role: "meter", "aria-valuemin": 0, "aria-valuemax": 100, "--expression": colorOf(label) },
    make("span.name", { "aria-hidden": "true" }),
    make("span.track", { "aria-hidden": "true" }, make("span.fill")),
    make("span.value", { "aria-hidden": "true" }),
  );
}
