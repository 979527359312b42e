/** Draw a band for each face of the camera: how its probabilities changed, hatched where the answer was *unsure*. */

import { UNSURE } from "../definitions.js";
import { hatchPattern } from "./curve.js";
import { byId, make, makeSvg } from "./elements.js";
import { drawCrop } from "./faces.js";
import { WINDOW_S } from "./history.js";
import { formatClock, formatPercent, nameOf, t, titled } from "./locale.js";
import { colorOf, confidenceText } from "./predictions.js";

const SHORTEST_S = 10; // the first seconds are not stretched over the whole width
const GAP_S = 1.5; // longer without the face, and its band is interrupted
const GONE_S = 1; // without the face, after which its row is pale
const [WIDTH, HEIGHT] = [1000, 64];
const DOUBT_PX = 12; // height of the strip that is hatched

/**
 * Start the time line.
 *
 * @param {object} store of the page.
 * @param {function(number): void} choose selects a track by its number.
 */
export function startTimeline(store, choose) {
  const rows = new Map();
  store.on(["history", "historyTime", "language", "selectedTrack"], ({ history, labels, selectedTrack }) => {
    byId("timeline").hidden = !history;
    if (!history) return;
    const end = Math.max(history.timeS, SHORTEST_S);
    const start = Math.max(0, end - WINDOW_S);
    drawRows(rows, history, { start, end }, labels, selectedTrack, choose);
    drawKey(labels);
  });
}

function drawRows(rows, history, span, labels, selectedTrack, choose) {
  for (const [number, row] of rows) {
    if (history.tracks.has(number)) continue;
    row.remove();
    rows.delete(number);
  }
  for (const [number, track] of history.tracks) {
    if (!rows.has(number)) rows.set(number, makeRow(number, choose));
    drawRow(rows.get(number), track, span, labels, history.timeS, number === selectedTrack);
  }
  const list = byId("tracks");
  // Faces in view come first; a row keeps its place as long as its face stays.
  const isGone = (number) => history.timeS - history.tracks.get(number).samples.at(-1).timeS > GONE_S;
  const wanted = [...history.tracks.keys()].sort((one, other) => isGone(one) - isGone(other) || one - other).map((number) => rows.get(number));
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  if (wanted.some((row, i) => list.children[i] !== row)) list.replaceChildren(...wanted, makeAxis());
  if (!list.querySelector(".time-axis")) list.append(makeAxis());
  focused?.focus();
  const [from, to] = list.lastElementChild.firstElementChild.children;
  from.textContent = formatClock(span.start);
  to.textContent = formatClock(span.end);
}

function makeRow(number, choose) {
  const canvas = make("canvas", { "aria-hidden": "true" });
  const who = make("span.track-who", { "aria-hidden": "true" }, canvas, make("b"), make("small"));
  const band = make("span.band", { "aria-hidden": "true" });
  const button = make("button.track-row", { type: "button" }, who, band);
  button.addEventListener("click", () => choose(number));
  return make("div", { role: "listitem" }, button);
}

const makeAxis = () => make("div.time-axis", { "aria-hidden": "true", role: "presentation" }, make("div", {}, make("span"), make("span")));

function drawRow(item, track, span, labels, now, chosen) {
  const row = item.firstElementChild;
  const { answer, prediction, timeS } = track.samples.at(-1);
  const [who, band] = row.children;
  row.classList.toggle("gone", now - timeS > GONE_S);
  row.setAttribute("aria-current", chosen ? "true" : "false");
  row.style.setProperty("--expression", colorOf(answer));
  row.setAttribute("aria-label", describe(track, answer, prediction));
  drawCrop(who.children[0], track.crop);
  who.children[1].textContent = t("track", { number: track.number });
  who.children[2].textContent = `${titled(nameOf(answer))} ${confidenceText(prediction)}`;
  band.replaceChildren(drawBand(track.samples, span, labels));
}

function describe({ number, counts, seen }, answer, prediction) {
  const shares = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 3);
  const parts = shares.map(([name, count]) => `${nameOf(name)} ${formatPercent(count / seen)}`).join(", ");
  return t("track.label", { number, name: nameOf(answer), confidence: confidenceText(prediction), parts });
}

function drawBand(samples, { start, end }, labels) {
  const x = (timeS) => ((WIDTH * (timeS - start)) / (end - start)).toFixed(1);
  const root = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", focusable: "false" }, hatchPattern("band-hatch"));
  for (const run of splitAtGaps(samples)) {
    const below = run.map(() => 0);
    labels.forEach((label, i) => {
      const lower = run.map(({ timeS }, at) => `${x(timeS)} ${(HEIGHT * (1 - below[at])).toFixed(1)}`);
      run.forEach(({ prediction }, at) => (below[at] += prediction.probabilities[i]));
      const upper = run.map(({ timeS }, at) => `${x(timeS)} ${(HEIGHT * (1 - below[at])).toFixed(1)}`);
      root.append(makeSvg("path.layer", { d: `M${upper.join("L")}L${lower.reverse().join("L")}Z`, "--expression": colorOf(label) }));
    });
    for (const [from, to] of unsureParts(run)) {
      const place = { x: x(from), y: 0, width: Math.max(3, x(to) - x(from)), height: DOUBT_PX };
      root.append(makeSvg("rect.band-ground", place), makeSvg("rect.doubt", place));
    }
  }
  return root;
}

function splitAtGaps(samples) {
  const runs = [];
  for (const sample of samples) {
    if (runs.length && sample.timeS - runs.at(-1).at(-1).timeS <= GAP_S) runs.at(-1).push(sample);
    else runs.push([sample]);
  }
  // One sample alone would have no width.
  return runs.map((run) => (run.length > 1 ? run : [run[0], { ...run[0], timeS: run[0].timeS + 0.1 }]));
}

function unsureParts(run) {
  const parts = [];
  run.forEach(({ timeS, answer }, i) => {
    if (answer !== UNSURE) return;
    const to = run[Math.min(i + 1, run.length - 1)].timeS;
    if (parts.length && parts.at(-1)[1] === timeS) parts.at(-1)[1] = to;
    else parts.push([timeS, to]);
  });
  return parts;
}

function drawKey(labels) {
  const entries = labels.map((label) => make("li", {}, make("i", { "--expression": colorOf(label) }), nameOf(label)));
  byId("key").replaceChildren(...entries, make("li", {}, make("i.unsure"), nameOf(UNSURE)));
}
