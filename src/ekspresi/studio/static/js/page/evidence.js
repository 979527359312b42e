/** Show where the evidence lies: how much the answer loses when each part of the face is hidden. */

import { EVIDENCE } from "../definitions.js";
import { byId } from "./elements.js";
import { formatNumber, nameOf, t } from "./locale.js";
import { mostLikely } from "./predictions.js";
import { viewOf } from "./view.js";

const PAUSE_MS = 200; // after the slider's last move, before a new map is measured

/**
 * Start the map of the evidence.
 *
 * @param {object} store of the page.
 * @param {object} engine measures the map.
 * @param {function(Error): void} fail
 */
export function startEvidence(store, engine, fail) {
  let stop = new AbortController();
  let timer = 0;
  byId("evidence").addEventListener("click", () => store.set({ evidenceShown: !store.state.evidenceShown }));
  store.on(["faces", "selected", "position", "sizes", "evidenceShown", "live", "prior"], (state) => {
    stop.abort();
    stop = new AbortController();
    clearTimeout(timer);
    store.set({ evidence: null });
    const view = viewOf(state);
    if (!state.evidenceShown || state.live || !view) return;
    const { signal } = stop;
    timer = setTimeout(() => measure(store, engine, view, signal).catch((error) => {
      if (!signal.aborted && error.name !== "AbortError") fail(error);
    }), PAUSE_MS);
  });
  store.on(["evidence", "evidenceShown", "language", "faces", "selected", "position", "live"], draw);
}

async function measure(store, engine, { crop, prediction }, signal) {
  const { labels, prior } = store.state;
  const label = labels[mostLikely(prediction)];
  const show = ({ grid, falls, done, total }) => {
    const measured = [...falls].map((fall) => (Number.isNaN(fall) ? 0 : fall)); // NaN: not hidden yet
    if (!signal.aborted) store.set({ evidence: { grid, falls: measured, label, done: done ?? 1, total: total ?? 1 } });
  };
  show({ grid: 1, falls: [0], done: 0, total: 1 });
  const { grid, falls } = await engine.evidence({ crop, label, prior, signal, onProgress: show });
  show({ grid, falls });
}

function draw({ evidence, evidenceShown, faces, selected, live }) {
  const button = byId("evidence");
  const finished = evidence && evidence.done === evidence.total;
  button.disabled = live || !faces[selected];
  button.setAttribute("aria-pressed", evidenceShown ? "true" : "false");
  button.textContent = t(!evidenceShown ? "evidence.show" : finished ? "evidence.hide" : "evidence.stop");
  const shown = Boolean(evidenceShown && evidence && !live);
  byId("lens").classList.toggle("evidence", shown);
  byId("evidence-note").hidden = !shown;
  if (!shown) return;
  drawHeat(evidence);
  byId("evidence-text").textContent = describe(evidence, finished);
}

function describe({ label, falls, done, total }, finished) {
  if (!finished) return t("evidence.progress", { percent: formatNumber((100 * done) / total) });
  const peak = Math.max(...falls);
  const values = { name: nameOf(label), points: formatNumber(100 * peak) };
  return t(peak < EVIDENCE.flat ? "evidence.flat" : "evidence.text", values);
}

function drawHeat({ grid, falls }) {
  const canvas = byId("lens-heat");
  Object.assign(canvas, { width: grid, height: grid });
  const image = new ImageData(grid, grid);
  const peak = Math.max(...falls);
  const scale = EVIDENCE.scales.find((value) => peak <= value) ?? 1;
  falls.forEach((fall, i) => {
    const strength = peak < EVIDENCE.flat ? 0 : Math.max(0, Math.min(1, fall / scale));
    image.data.set([...EVIDENCE.hue, 255 * EVIDENCE.densest * strength], 4 * i);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}
