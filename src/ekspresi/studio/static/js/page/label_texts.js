/** Give the texts of a face's label, and their width. */

import { nameOf } from "./locale.js";
import { answerOf, confidenceText } from "./predictions.js";

const context = document.createElement("canvas").getContext("2d");

/**
 * List the texts of a label.
 *
 * @param {object} prediction
 * @param {string[]} labels of the model.
 * @returns {string[]} the fullest first.
 */
export function labelTexts(prediction, labels) {
  const name = nameOf(answerOf(prediction, labels));
  const confidence = confidenceText(prediction);
  return confidence ? [`${name} ${confidence}`, name] : [name];
}

/** Measure a text in pixels. */
export function measureText(text, font) {
  context.font = font;
  return context.measureText(text).width;
}
