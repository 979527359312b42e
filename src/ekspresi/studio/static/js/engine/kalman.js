/**
 * Predict where a box will be with a Kalman filter of constant velocity, as tracking/kalman.py does.
 *
 * In: boxes and time steps in seconds. Out: expected boxes and their uncertainty. Does not know about faces or tracks.
 * Center x, center y, width and height are four filters of their own, with one covariance of three numbers each.
 */

import { KALMAN } from "./constants.js";

/** Follow one box. */
export class KalmanFilter {
  /** @param {number[]} box x1, y1, x2, y2 in pixels. */
  constructor(box) {
    this.state = toCenterSize(box);
    this.speed = [0, 0, 0, 0];
    const side = measureSide(this.state);
    this.variance = scaleStd(KALMAN.MEASUREMENT_STD, side).map((std) => std ** 2);
    this.covariance = [0, 0, 0, 0];
    this.speedVariance = scaleStd(KALMAN.INITIAL_SPEED_STD, side).map((std) => std ** 2);
  }

  /**
   * Advance by a number of seconds.
   * @param {number} stepS
   */
  predict(stepS) {
    this.state = this.state.map((value, i) => {
      const moved = value + stepS * this.speed[i];
      return i < 2 ? moved : Math.max(moved, 1);
    });
    const noise = scaleStd(KALMAN.ACCELERATION_STD, measureSide(this.state)).map((std) => std ** 2);
    for (let i = 0; i < 4; i++) {
      const [both, speed] = [this.covariance[i], this.speedVariance[i]];
      this.variance[i] += 2 * stepS * both + stepS ** 2 * speed + (stepS ** 3 / 3) * noise[i];
      this.covariance[i] += stepS * speed + (stepS ** 2 / 2) * noise[i];
      this.speedVariance[i] += stepS * noise[i];
    }
  }

  /**
   * Update with the box that a detector measured.
   * @param {number[]} box x1, y1, x2, y2 in pixels.
   */
  correct(box) {
    const measured = toCenterSize(box);
    const noise = scaleStd(KALMAN.MEASUREMENT_STD, measureSide(measured));
    for (let i = 0; i < 4; i++) {
      const total = this.variance[i] + noise[i] ** 2;
      const error = measured[i] - this.state[i];
      const rest = 1 - this.variance[i] / total;
      this.state[i] += (this.variance[i] / total) * error;
      this.speed[i] += (this.covariance[i] / total) * error;
      this.speedVariance[i] -= this.covariance[i] ** 2 / total;
      this.variance[i] *= rest;
      this.covariance[i] *= rest;
    }
  }

  /**
   * Return the box to expect.
   * @param {number} [aheadS] seconds after the last step.
   * @returns {number[]} x1, y1, x2, y2 in pixels.
   */
  box(aheadS = 0) {
    const [x, y, width, height] = this.state.map((value, i) => value + aheadS * this.speed[i]);
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
  }

  /** Return the side in pixels of the square with the area of the box. */
  get sidePx() {
    return measureSide(this.state);
  }

  /** Return the standard deviation of the center in pixels. */
  get positionStdPx() {
    return Math.sqrt(this.variance[0]);
  }
}

function toCenterSize([x1, y1, x2, y2]) {
  return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
}

function measureSide([, , width, height]) {
  return Math.sqrt(width * height);
}

/** Scale two rows (sides, pixels), of the center and of the size, to a box; return four standard deviations. */
function scaleStd([center, size], side) {
  const [ofCenter, ofSize] = [center[0] * side + center[1], size[0] * side + size[1]];
  return [ofCenter, ofCenter, ofSize, ofSize];
}
