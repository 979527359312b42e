/**
 * Fuse the predictions of one face, frame by frame, into one belief, as pipeline/fusion.py does.
 *
 * In: the prediction for each frame of a track, and its time. Out: the belief of the whole track so far. Does not know
 * about pictures, boxes, or how a track was found. The Python module explains the method and its constants.
 */

import { FUSION } from "./constants.js";
import { computeStepS } from "./tracking.js";

/** @import {Calibration} from "./calibration.js" */

/**
 * @typedef {object} Belief
 * @property {Float32Array} probabilities (K,), sum to 1.
 * @property {number} effectivePx weighted geometric mean over the evidence.
 * @property {number} threshold confidence from which the model answers; above 1 where no answer is possible.
 * @property {boolean} abstained
 */

/** Accumulate the belief about one track. */
export class TrackFusion {
  /**
   * @param {Calibration} calibration of the model.
   * @param {ArrayLike<number>} prior shares of the labels in the predictions (K,), sum to 1.
   */
  constructor(calibration, prior) {
    this.calibration = calibration;
    this.logPrior = Array.from(prior, Math.log);
    this.timeS = null;
    this.onlyGuessed = true; // until a frame is large enough
    // The sums below date from the last frame that counted, `ageS` ago.
    this.ageS = Infinity;
    this.evidence = this.logPrior.map(() => 0);
    this.weight = 0;
    this.squares = 0;
    this.logPx = 0;
  }

  /**
   * Add the prediction for the next frame; return the belief so far.
   * @param {{probabilities: ArrayLike<number>, effectivePx: number}} prediction
   * @param {number} timeS
   * @returns {Belief}
   */
  update({ probabilities, effectivePx }, timeS) {
    this.ageS += computeStepS(this.timeS, timeS);
    this.timeS = timeS;
    const enough = effectivePx >= this.calibration.smallestPx;
    if (enough && this.onlyGuessed) [this.onlyGuessed, this.ageS] = [false, Infinity]; // the guess has no weight now
    if (enough || this.onlyGuessed) this.#add(probabilities, effectivePx);
    const fused = this.#computeProbabilities();
    const evidencePx = Math.exp(this.logPx / this.weight);
    const threshold = this.calibration.threshold(evidencePx);
    return {
      probabilities: Float32Array.from(fused),
      effectivePx: evidencePx,
      threshold,
      abstained: this.onlyGuessed || Math.max(...fused) < threshold,
    };
  }

  /** Fade older evidence by its age, and add the probabilities of a frame. */
  #add(probabilities, sizePx) {
    const fading = Math.exp(-this.ageS / FUSION.TIME_CONSTANT_S);
    const weight = Math.min(1, sizePx / FUSION.FULL_PX) ** FUSION.SIZE_POWER;
    this.evidence = this.evidence.map((sum, i) => {
      if (!Number.isFinite(this.logPrior[i])) return 0; // a label that is never answered
      const log = Math.log(Math.max(probabilities[i], FUSION.SMALLEST_PROBABILITY));
      return fading * sum + weight * (log - this.logPrior[i]);
    });
    this.weight = fading * this.weight + weight;
    this.squares = fading ** 2 * this.squares + weight ** 2;
    this.logPx = fading * this.logPx + weight * Math.log(sizePx);
    this.ageS = 0;
  }

  /** Compute the probabilities under all evidence. */
  #computeProbabilities() {
    const frames = this.weight ** 2 / this.squares;
    const independent = frames / (1 + (frames - 1) * FUSION.ERROR_CORRELATION);
    const sampleSize = independent * Math.exp(-this.ageS / FUSION.TIME_CONSTANT_S);
    const scores = this.logPrior.map((log, i) => log + (sampleSize * this.evidence[i]) / this.weight);
    const highest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  }
}

/** Accumulate the beliefs about all tracks of one camera or video. */
export class FusionByTrack {
  /**
   * @param {Calibration} calibration
   * @param {ArrayLike<number>} prior see `TrackFusion`.
   */
  constructor(calibration, prior) {
    this.make = () => new TrackFusion(calibration, prior);
    this.beliefs = new Map();
    this.timeS = null;
    this.clockS = 0;
  }

  /**
   * Add the faces of the next frame, also where there are none: time passes with every call.
   * @param {{probabilities: ArrayLike<number>, effectivePx: number}[]} faces
   * @param {(number | null)[]} tracks track number of each face.
   * @param {number} timeS
   * @returns {(Belief | null)[]} the belief about the track of each face; null for a face without one.
   */
  update(faces, tracks, timeS) {
    this.clockS += computeStepS(this.timeS, timeS);
    this.timeS = timeS;
    const fused = faces.map((face, i) => {
      const track = tracks[i];
      if (track === null) return null;
      if (!this.beliefs.has(track)) this.beliefs.set(track, { fusion: this.make(), updatedS: 0 });
      const belief = this.beliefs.get(track);
      belief.updatedS = this.clockS;
      return belief.fusion.update(face, this.clockS);
    });
    for (const [track, { updatedS }] of this.beliefs) {
      if (this.clockS - updatedS > FUSION.DROPPED_S) this.beliefs.delete(track);
    }
    return fused;
  }
}
