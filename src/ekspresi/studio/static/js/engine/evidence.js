/**
 * Measure where in a face the evidence lies: the fall of a probability when each part is hidden.
 *
 * In: a gray crop and a label. Out: a map of falls, as `measure_occlusion` of recognition/explanation.py. Does not know
 * about pictures or colors. The method is occlusion sensitivity (Zeiler & Fergus, ECCV 2014) with a patch that fades into
 * the local mean.
 */

import { EXPLANATION } from "./constants.js";
import { areaMatrix, resampleByMatrices, roundHalfEven } from "./resampling.js";

/** @import {Crop} from "./cropping.js" */
/** @import {PriorName, Recognizer} from "./recognizer.js" */

const { GRID, PATCH } = EXPLANATION;

/**
 * Measure how much the probability of a label falls when each part of a crop is hidden.
 * @param {Recognizer} recognizer
 * @param {Crop} crop
 * @param {object} options
 * @param {string} options.label whose probability is watched.
 * @param {PriorName} options.prior
 * @param {() => Promise<void>} options.checkpoint awaited before each run; throws to cancel.
 * @param {(map: {grid: number, falls: Float32Array, done: number, total: number}) => void} [options.onProgress] the map so
 * far; NaN where a part has not been hidden yet. Coarse parts come first.
 * @returns {Promise<{grid: number, falls: Float32Array}>} (grid, grid), row by row, -1..1.
 */
export async function measureOcclusion(recognizer, crop, { label, prior, checkpoint, onProgress }) {
  const index = recognizer.model.labels.indexOf(label);
  if (index < 0) throw new RangeError(`label '${label}': the model does not have it. Use one of its labels.`);
  const [whole] = await recognizer.predict([crop], { prior, checkpoint });
  const side = Math.min(crop.side, recognizer.model.largestPx);
  const order = orderCoarseFirst();
  const hide = makeHider(crop, side);
  const crops = [{ side, gray: hide(null) }, ...order.map((cell) => ({ side, gray: hide(cell) }))];
  const falls = new Float32Array(GRID * GRID).fill(NaN);
  // Crops with a hidden part keep the effective size of the whole: else the map would show how it changes that.
  const assumedPx = whole.effectivePx;
  const onBatch = (found) => {
    const answer = found[0].probabilities[index];
    found.slice(1).forEach(({ probabilities }, i) => (falls[order[i]] = answer - probabilities[index]));
    onProgress?.({ grid: GRID, falls: falls.slice(), done: found.length - 1, total: order.length });
  };
  await recognizer.predict(crops, { prior, assumedPx, checkpoint, onBatch });
  return { grid: GRID, falls };
}

/** List all cells of the map, every second row and column first: the page shows a whole map early. */
function orderCoarseFirst() {
  const cells = Array.from({ length: GRID * GRID }, (_, cell) => cell);
  const isCoarse = (cell) => cell % 2 === 0 && Math.floor(cell / GRID) % 2 === 0;
  return [...cells.filter(isCoarse), ...cells.filter((cell) => !isCoarse(cell))];
}

/** Return a function that hides the patch at a cell of the map, or nothing, and returns the gray pixels. */
function makeHider(crop, side) {
  const matrix = areaMatrix(crop.side, side);
  const shrunk = resampleByMatrices(matrix, crop.gray, matrix, crop.side, crop.side);
  const means = computeLocalMeans(side);
  const mean = resampleByMatrices(means, shrunk, means, side, side);
  const windows = computeWindows(side);
  const f = Math.fround;
  return (cell) =>
    Uint8Array.from(shrunk, (value, i) => {
      if (cell === null) return roundHalfEven(value);
      const down = windows[Math.floor(cell / GRID) * side + Math.floor(i / side)];
      const across = windows[(cell % GRID) * side + (i % side)];
      const hidden = f(value + f(f(down * across) * f(mean[i] - value)));
      return Math.min(Math.max(roundHalfEven(hidden), 0), 255);
    });
}

/** Compute how much of each pixel the patch hides at each position, 0..1 (GRID, length). */
function computeWindows(length) {
  return Float32Array.from({ length: GRID * length }, (_, i) => {
    const center = (Math.floor(i / length) + 0.5) / GRID;
    const patches = Math.abs(((i % length) + 0.5) / length - center) / PATCH;
    return 0.5 + 0.5 * Math.cos(Math.PI * Math.min(Math.max(2 * patches - 0.5, 0), 1));
  });
}

/** Compute a Gaussian of half a patch (length, length); each row sums to 1. */
function computeLocalMeans(length) {
  const means = new Float32Array(length * length);
  for (let y = 0; y < length; y++) {
    const weights = Array.from({ length }, (_, x) => Math.exp(-0.5 * ((y / length - x / length) / (PATCH / 2)) ** 2));
    const sum = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, x) => (means[y * length + x] = weight / sum));
  }
  return means;
}
