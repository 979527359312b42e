/** Write faces as the CSV table of `ekspresi predict`: the same columns, units and rounding. */

import { COLUMNS } from "../definitions.js";
import { answerOf, mostLikely } from "./predictions.js";

/**
 * Write rows as CSV, UTF-8 without a byte-order mark.
 *
 * @param {{source: string, frame: number, timeS: ?number, track: ?number, number: number, box: number[],
 *   prediction: object}[]} rows
 * @param {string[]} labels of the model.
 * @returns {string}
 */
export function writeCsv(rows, labels) {
  const header = [...COLUMNS, ...labels.map((label) => `p_${label}`)];
  return [header, ...rows.map((row) => valuesOf(row, labels))].map((values) => `${values.map(cell).join(",")}\n`).join("");
}

function valuesOf({ source, frame, timeS, track, number, box, prediction }, labels) {
  const best = mostLikely(prediction);
  const known = {
    source: escapeName(source),
    frame,
    time_s: timeS === null ? null : rounded(timeS, 3),
    track,
    face: number,
    x1: rounded(box[0], 2),
    y1: rounded(box[1], 2),
    x2: rounded(box[2], 2),
    y2: rounded(box[3], 2),
    face_px: rounded(prediction.facePx, 2),
    effective_px: rounded(prediction.effectivePx, 2),
    expression: answerOf(prediction, labels),
    most_likely: labels[best],
    confidence: rounded(prediction.probabilities[best], 6),
    abstained: prediction.abstained,
  };
  return [...COLUMNS.map((column) => known[column] ?? null), ...[...prediction.probabilities].map((value) => rounded(value, 6))];
}

const rounded = (value, digits) => Number(value.toFixed(digits));

/** Escape what `system/file_names.py` escapes: characters that do not print, and the first one of a formula. */
function escapeName(name) {
  const code = (character) => {
    const number = character.codePointAt(0);
    return number < 0x80 ? `<${number.toString(16).padStart(2, "0")}>` : `<u+${number.toString(16).padStart(4, "0")}>`;
  };
  return name
    .replace(/[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]|<(?=(?:[0-9a-f]{2}|u\+[0-9a-f]{4,6})>)/gu, code)
    .replace(/(?:^|(?<=;))( *)([=+\-@＝＋－＠])(?=.)/gu, (found, spaces, sign) => spaces + code(sign));
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
