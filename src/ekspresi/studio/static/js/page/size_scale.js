/** Place face sizes along the curve: each halving has the same width. Does not know about the screen. */

import { DEGRADATIONS } from "../engine/constants.js";

/** Sizes that the axis names: those that the package measures, the largest first. */
export const TICKS_PX = DEGRADATIONS.SIZES_PX;

const [LARGEST_PX, SMALLEST_PX] = [TICKS_PX[0], TICKS_PX[TICKS_PX.length - 1]]; // a larger face begins left of these
const STEP = 0.075; // from a larger face to LARGEST_PX

/**
 * Make the scale of a face.
 *
 * @param {number} ownPx side of its crop.
 * @returns {function(number): number} size in pixels -> 0 (as it is) to 1 (smallest).
 */
export function makeScale(ownPx) {
  const start = ownPx > LARGEST_PX ? STEP : 0;
  const largest = Math.min(ownPx, LARGEST_PX);
  return (px) => {
    if (px > largest) return 0;
    if (largest <= SMALLEST_PX) return 0;
    return start + ((1 - start) * Math.log(largest / px)) / Math.log(largest / SMALLEST_PX);
  };
}

/** Find the index of the size that lies nearest to a place on the scale. */
export function nearestPosition(sizesPx, fraction) {
  const scale = makeScale(sizesPx[0]);
  const away = sizesPx.map((px) => Math.abs(scale(px) - fraction));
  return away.indexOf(Math.min(...away));
}
