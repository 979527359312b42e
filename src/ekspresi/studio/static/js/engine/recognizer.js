/**
 * Predict the expressions of gray crops with the page's recognizer.
 *
 * In: gray crops of any sizes and a class prior. Out: probabilities, effective sizes, thresholds. Calibration, prior and
 * thresholds are inside the network's file. Does not know about pictures or detectors.
 */

import { paintAtlas } from "./cropping.js";

/** @import {Crop} from "./cropping.js" */

/** @typedef {"trained" | "uniform"} PriorName */

/**
 * @typedef {object} Prediction
 * @property {Float32Array} probabilities (K,), in the order of the labels.
 * @property {number} effectivePx pixels of side that the crop's detail needs.
 * @property {number} threshold confidence from which the model answers; 2 where the face is too small for any answer.
 * @property {boolean} abstained
 */

const BATCH = 16; // crops in one run: bounds the memory, and the time until a job can be canceled

/** Predict crops. */
export class Recognizer {
  /**
   * @param {import("./runtime.js").Runtime} runtime
   * @param {object} model description of the recognizer, recognizer.json.
   */
  constructor(runtime, model) {
    this.runtime = runtime;
    this.model = model;
  }

  /**
   * Predict crops, in order.
   * @param {Crop[]} crops
   * @param {object} options
   * @param {PriorName} options.prior
   * @param {number} [options.assumedPx] effective size of all crops; estimated by default.
   * @param {() => Promise<void>} options.checkpoint awaited before each run; throws to cancel.
   * @param {(predictions: Prediction[]) => void} [options.onBatch] called with the predictions so far.
   * @returns {Promise<Prediction[]>}
   */
  async predict(crops, { prior, assumedPx, checkpoint, onBatch }) {
    const shares = Float32Array.from(this.model.priors[prior]);
    const assumed = assumedPx === undefined ? [] : [assumedPx];
    const found = [];
    for (let start = 0; start < crops.length; start += BATCH) {
      await checkpoint();
      const { gray, width, height, rectangles } = paintAtlas(crops.slice(start, start + BATCH));
      const outputs = await this.runtime.run("recognizer", {
        image: ["uint8", gray, [height, width, 1]],
        boxes: ["float32", new Float32Array(0), [0, 4]],
        crops: ["int32", rectangles, [rectangles.length / 4, 4]],
        prior: ["float32", shares, [shares.length]],
        assumed_px: ["float32", Float32Array.from(assumed), [assumed.length]],
      });
      found.push(...readRows(outputs, shares.length));
      onBatch?.(found);
    }
    return found;
  }
}

function readRows({ probabilities, effective_px: effectivePx, threshold, abstained }, labels) {
  return Array.from(effectivePx.data, (px, i) => ({
    probabilities: probabilities.data.slice(i * labels, (i + 1) * labels),
    effectivePx: px,
    threshold: threshold.data[i],
    abstained: Boolean(abstained.data[i]),
  }));
}
