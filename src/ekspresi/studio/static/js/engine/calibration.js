/**
 * Say from which confidence the model answers at a size.
 *
 * In: the numbers of the model's description. Out: thresholds. Does not know about networks; the model file itself
 * calibrates what it answers. This serves beliefs that are fused from several frames.
 */

/** Hold the thresholds of a model. */
export class Calibration {
  /**
   * @param {object} model
   * @param {number[]} model.sizesPx effective sizes of the thresholds, ascending; empty for a model without any.
   * @param {number[]} model.thresholds confidence below which the answer is 'unsure', one for each size.
   * @param {number} model.smallestPx effective size below which a face is never answered.
   */
  constructor({ sizesPx, thresholds, smallestPx }) {
    this.sizes = sizesPx.map(Math.log);
    this.thresholds = thresholds;
    this.smallestPx = smallestPx;
  }

  /**
   * Return the confidence from which a face of a size is answered; 2 where it is too small for any answer.
   * @param {number} effectivePx
   * @returns {number}
   */
  threshold(effectivePx) {
    if (effectivePx < this.smallestPx) return 2;
    const { sizes, thresholds } = this;
    if (!sizes.length) return 0;
    const size = Math.log(effectivePx);
    const above = sizes.findIndex((each) => each > size);
    if (above < 0) return thresholds[thresholds.length - 1];
    if (above === 0) return thresholds[0];
    const share = (size - sizes[above - 1]) / (sizes[above] - sizes[above - 1]);
    return thresholds[above - 1] + share * (thresholds[above] - thresholds[above - 1]);
  }
}
