/** Read predictions: the answer, the most probable label, its color, and a sentence for people. */

import { COLORS, OTHER_COLOR, UNSURE } from "../definitions.js";
import { formatNumber, formatPercent, nameOf, t } from "./locale.js";

/** Return the prediction of a face: fused over its track where there is one. */
export const predictionOf = (face) => (face.fused ? { ...face.fused, facePx: face.facePx } : face);

/** Return the index of the most probable label. */
export function mostLikely(prediction) {
  const { probabilities } = prediction;
  let best = 0;
  for (let i = 1; i < probabilities.length; i += 1) if (probabilities[i] > probabilities[best]) best = i;
  return best;
}

/** Return the answer: a label, or 'unsure'. */
export const answerOf = (prediction, labels) => (prediction.abstained ? UNSURE : labels[mostLikely(prediction)]);

/** Return the color of a label. */
export const colorOf = (label) => COLORS[label] ?? OTHER_COLOR;

/** Write the confidence of an answer; *unsure* has none, because it would be read as 'this unsure'. */
export const confidenceText = (prediction) => (prediction.abstained ? "" : formatPercent(prediction.probabilities[mostLikely(prediction)]));

/**
 * Explain an answer in one or two sentences.
 *
 * @param {object} prediction
 * @param {string[]} labels
 * @returns {string}
 */
export function sentenceOf(prediction, labels) {
  const best = mostLikely(prediction);
  const confidence = prediction.probabilities[best];
  const values = {
    name: nameOf(labels[best]),
    confidence: formatPercent(confidence),
    threshold: formatPercent(prediction.threshold),
    detail: formatNumber(prediction.effectivePx),
  };
  if (!prediction.abstained) return t(confidence > 0.995 ? "sentence.certain" : "sentence.answer", values);
  if (prediction.threshold > 1) return t("sentence.small", values);
  return t(values.confidence === values.threshold ? "sentence.close" : "sentence.unsure", values);
}
