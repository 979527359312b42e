/** Derive what the inspector shows: the chosen face at the chosen size. */

import { predictionOf } from "./predictions.js";

/**
 * List the chosen face at all sizes: as it is, then with fewer pixels.
 *
 * @param {object} state of the page.
 * @returns {object[]} `{px, crop, prediction}`, the largest first; empty without a chosen face.
 */
export function positionsOf({ faces, selected, sizes }) {
  const face = faces[selected];
  if (!face) return [];
  const own = { px: face.crop.side, crop: face.crop, prediction: predictionOf(face) };
  const smaller = (sizes ?? []).filter(({ px }) => px < own.px);
  return [own, ...smaller.map((size) => ({ px: size.px, crop: { side: size.px, gray: size.gray }, prediction: { ...size, facePx: size.px } }))];
}

/** Return the entry of `positionsOf` that the slider is at, or null. */
export function viewOf(state) {
  const positions = positionsOf(state);
  return positions[Math.min(state.position, positions.length - 1)] ?? null;
}
