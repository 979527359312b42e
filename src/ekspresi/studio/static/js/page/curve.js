/** Draw probabilities and the threshold against the size of a face, with the sizes where the answer is *unsure*. */

import { byId, makeSvg } from "./elements.js";
import { formatPercent, nameOf, t } from "./locale.js";
import { answerOf, colorOf, mostLikely } from "./predictions.js";
import { makeScale, TICKS_PX } from "./size_scale.js";

const MARGIN = { top: 8, right: 82, bottom: 8, left: 38 };
const NAMED = 0.08; // smallest probability of a line with a name
const WEAK = 0.15; // lines that never exceed it are thin

/** Measure the plot inside the element of the curve, in pixels. */
export function plotArea() {
  const { clientWidth, clientHeight } = byId("curve");
  return { left: MARGIN.left, top: MARGIN.top, width: Math.max(40, clientWidth - MARGIN.left - MARGIN.right), height: clientHeight - MARGIN.top - MARGIN.bottom };
}

/**
 * Draw the curve.
 *
 * @param {object[]} positions of `positionsOf`.
 * @param {string[]} labels of the model.
 * @param {number} at index of the marked position.
 */
export function drawCurve(positions, labels, at) {
  const area = plotArea();
  const root = makeSvg("svg", { focusable: "false" });
  root.append(hatchPattern("hatch"), ...drawGrid(area, positions[0]?.px ?? 48));
  if (positions.length) {
    const x = (px) => area.left + area.width * makeScale(positions[0].px)(px);
    const y = (probability) => area.top + area.height * (1 - probability);
    root.append(...drawUnsure(positions, x, area), ...drawLines(positions, labels, x, y, area));
    root.append(...drawMarker(positions[at], x, y, area));
  }
  byId("curve").replaceChildren(root);
}

/** Make the definition of the hatching that means *unsure*. */
export function hatchPattern(id) {
  const line = makeSvg("path.hatch", { d: "M0 0V7" });
  return makeSvg("defs", {}, makeSvg("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, line));
}

function drawGrid({ left, top, width, height }, ownPx) {
  const parts = [0, 0.5, 1].flatMap((part) => {
    const y = top + height * (1 - part);
    const text = makeSvg("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, `${100 * part}%`);
    return [makeSvg("path.grid", { d: `M${left} ${y}h${width}` }), text];
  });
  const scale = makeScale(ownPx);
  for (const px of TICKS_PX.filter((size) => size <= ownPx)) {
    const x = left + width * scale(px);
    parts.push(makeSvg("path.grid", { d: `M${x} ${top + height}v5` }));
  }
  return parts;
}

function drawUnsure(positions, x, { top, height }) {
  const edges = positions.map(({ px }) => x(px));
  const runs = [];
  positions.forEach(({ prediction }, i) => {
    if (!prediction.abstained) return;
    const from = i === 0 ? edges[0] : (edges[i - 1] + edges[i]) / 2;
    const to = i === edges.length - 1 ? edges[i] : (edges[i] + edges[i + 1]) / 2;
    if (runs.length && runs.at(-1)[1] === from) runs.at(-1)[1] = to;
    else runs.push([from, to]);
  });
  return runs.flatMap(([from, to]) => {
    const ground = makeSvg("rect.unsure", { x: from, y: top, width: Math.max(2, to - from), height });
    const text = makeSvg("text.unsure-text", { x: from + 8, y: top + height - 8 }, nameOf("unsure"));
    return to - from > 60 ? [ground, text] : [ground];
  });
}

function drawLines(positions, labels, x, y, { left, width }) {
  const first = mostLikely(positions[0].prediction);
  const points = labels.map((_, i) => positions.map(({ px, prediction }) => `${x(px).toFixed(1)} ${y(prediction.probabilities[i]).toFixed(1)}`));
  const peaks = labels.map((_, i) => Math.max(...positions.map(({ prediction }) => prediction.probabilities[i])));
  const lines = labels
    .map((label, i) => ({ i, line: makeSvg(`path.line${i === first ? ".first" : peaks[i] < WEAK ? ".weak" : ""}`, { d: `M${points[i].join("L")}`, "--expression": colorOf(label) }) }))
    .sort((one, other) => peaks[one.i] - peaks[other.i]);
  const ground = makeSvg("path.area", { d: `M${points[first].join("L")}V${y(0)}H${x(positions[0].px)}Z`, "--expression": colorOf(labels[first]) });
  const limit = positions.map(({ px, prediction }) => `${x(px).toFixed(1)} ${y(Math.min(1, prediction.threshold)).toFixed(1)}`);
  const threshold = makeSvg("path.threshold", { d: `M${limit.join("L")}` });
  return [ground, ...lines.map(({ line }) => line), threshold, ...drawNames(positions.at(-1).prediction, labels, y, left + width + 8)];
}

function drawNames({ probabilities, threshold }, labels, y, x) {
  const names = labels
    .map((label, i) => ({ text: nameOf(label), y: y(probabilities[i]) + 4, weight: probabilities[i] }))
    .filter(({ weight }) => weight >= NAMED)
    .sort((one, other) => other.weight - one.weight)
    .slice(0, 3);
  if (threshold <= 1) names.push({ text: t("curve.threshold"), y: y(threshold) + 4, dim: true });
  names.sort((one, other) => one.y - other.y);
  for (let i = 1; i < names.length; i += 1) names[i].y = Math.max(names[i].y, names[i - 1].y + 14);
  const over = names.length ? names.at(-1).y - (y(0) + 4) : 0;
  if (over > 0) names.at(-1).y -= over;
  for (let i = names.length - 2; i >= 0; i -= 1) names[i].y = Math.min(names[i].y, names[i + 1].y - 14);
  return names.map(({ text, y: at, dim }) => makeSvg(dim ? "text" : "text.series-name", { x, y: at }, text));
}

function drawMarker({ px, prediction }, x, y, { top, height }) {
  const at = x(px);
  const line = makeSvg("path.marker", { d: `M${at} ${top}v${height}` });
  const point = makeSvg("circle.point", { cx: at, cy: y(prediction.probabilities[mostLikely(prediction)]), r: 6 });
  return [line, point];
}

/**
 * Say in a sentence down to which size the answer holds.
 *
 * @param {object[]} positions of `positionsOf`.
 * @param {string[]} labels of the model.
 * @returns {string}
 */
export function summarizeSizes(positions, labels) {
  const answers = positions.map(({ prediction }) => answerOf(prediction, labels));
  const first = answers[0];
  const change = answers.findIndex((answer) => answer !== first);
  const smallest = positions.at(-1).px;
  if (positions[0].prediction.abstained) return t(change < 0 ? "summary.never" : "summary.unsure", { size: positions[0].px });
  if (change < 0) return t("summary.always", { name: nameOf(first), size: smallest });
  const values = { name: nameOf(first), size: positions[change - 1].px, next: positions[change].px, other: nameOf(answers[change]) };
  return t(positions[change].prediction.abstained ? "summary.until" : "summary.changes", values);
}

/** Describe the curve in words, a part for each run of sizes with one answer. */
export function describeCurve(positions, labels) {
  const runs = [];
  for (const { px, prediction } of positions) {
    const answer = answerOf(prediction, labels);
    const confidence = formatPercent(prediction.probabilities[mostLikely(prediction)]);
    if (runs.at(-1)?.answer === answer) Object.assign(runs.at(-1), { to: px, last: confidence });
    else runs.push({ answer, from: px, to: px, first: confidence, last: confidence });
  }
  return runs.map(({ answer, from, to, first, last }) => t("curve.run", { name: nameOf(answer), from, to, first, last })).join(" ");
}
