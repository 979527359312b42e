/**
 * Shrink a face step by step, and predict it at each size: what a camera further away would still show.
 *
 * In: a gray crop. Out: the crop and its prediction at each size, as `predict_at_sizes` of recognition/explanation.py.
 * Does not know about pictures or the page.
 */

import { DEGRADATIONS } from "./constants.js";
import { areaMatrix, resampleByMatrices, roundHalfEven } from "./resampling.js";

/** @import {Crop} from "./cropping.js" */
/** @import {Prediction, PriorName, Recognizer} from "./recognizer.js" */

const LARGEST_PX = DEGRADATIONS.SIZES_PX[0];
const SMALLEST_PX = DEGRADATIONS.SIZES_PX[DEGRADATIONS.SIZES_PX.length - 1];

/**
 * Predict a face at every size from its own, at most 48 px, down to 8 px.
 * @param {Recognizer} recognizer
 * @param {Crop} crop
 * @param {{prior: PriorName, checkpoint: () => Promise<void>}} options
 * @returns {Promise<({px: number, gray: Uint8Array} & Prediction)[]>} largest first; one where the face is smaller.
 */
export async function predictAtSizes(recognizer, crop, options) {
  const largest = Math.min(crop.side, LARGEST_PX);
  const crops = [shrink(crop, largest)];
  for (let side = largest - 1; side >= SMALLEST_PX; side--) crops.push(shrink(crop, side));
  const predictions = await recognizer.predict(crops, options);
  return predictions.map((prediction, i) => ({ px: crops[i].side, gray: crops[i].gray, ...prediction }));
}

/**
 * Shrink a gray crop by area averaging; a crop of at most that side is returned unchanged.
 * @param {Crop} crop
 * @param {number} side in pixels.
 * @returns {Crop}
 */
export function shrink(crop, side) {
  if (crop.side <= side) return crop;
  const matrix = areaMatrix(crop.side, side);
  const small = resampleByMatrices(matrix, crop.gray, matrix, crop.side, crop.side);
  // Some means are exact halves: the inner rounding keeps the noise of float32 from deciding, as in Python.
  return { side, gray: Uint8Array.from(small, (value) => roundHalfEven(Math.fround(roundHalfEven(value * 1000) / 1000))) };
}
