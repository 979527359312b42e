/**
 * Measure boxes: non-maximum suppression, and overlap of widened boxes.
 *
 * In: boxes as x1, y1, x2, y2 in pixels, four numbers after each other. Out: numbers. `nms` computes in float32, as
 * Python does, so that the same boxes survive.
 */

const f = Math.fround;

/**
 * Suppress boxes that overlap a better one.
 * @param {Float32Array} boxes (n, 4).
 * @param {Float32Array} scores (n,), higher is better.
 * @param {number} threshold largest overlap with a better box, 0..1.
 * @param {boolean} [ofSmaller] divide the overlap by the smaller box instead of by the union.
 * @returns {number[]} indices of the others, best first.
 */
export function nms(boxes, scores, threshold, ofSmaller = false) {
  const limit = f(threshold);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  const areas = new Float32Array(scores.length);
  for (let i = 0; i < scores.length; i++) {
    const width = f(boxes[4 * i + 2] - boxes[4 * i]);
    const height = f(boxes[4 * i + 3] - boxes[4 * i + 1]);
    areas[i] = Math.max(width, 0) * Math.max(height, 0);
  }
  const kept = [];
  const gone = new Uint8Array(scores.length);
  for (let rank = 0; rank < order.length; rank++) {
    const best = order[rank];
    if (gone[best]) continue;
    kept.push(best);
    const [x1, y1, x2, y2] = boxes.subarray(4 * best, 4 * best + 4);
    for (let later = rank + 1; later < order.length; later++) {
      const other = order[later];
      if (gone[other]) continue;
      const at = 4 * other;
      const width = f(Math.min(x2, boxes[at + 2]) - Math.max(x1, boxes[at]));
      const height = f(Math.min(y2, boxes[at + 3]) - Math.max(y1, boxes[at + 1]));
      const shared = f(Math.max(width, 0) * Math.max(height, 0));
      const whole = ofSmaller ? Math.min(areas[best], areas[other]) : f(f(areas[best] + areas[other]) - shared);
      if (!(shared <= f(limit * whole))) gone[other] = 1;
    }
  }
  return kept;
}

/**
 * Compute the intersection over union of two boxes, both widened on every side.
 * @param {number[]} one x1, y1, x2, y2.
 * @param {number[]} other the same.
 * @param {number} margin in pixels.
 * @returns {number} 0..1.
 */
export function widenedIou(one, other, margin) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]) + 2 * margin;
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]) + 2 * margin;
  const shared = Math.max(width, 0) * Math.max(height, 0);
  return shared / (widenedArea(one, margin) + widenedArea(other, margin) - shared);
}

function widenedArea([x1, y1, x2, y2], margin) {
  return (x2 - x1 + 2 * margin) * (y2 - y1 + 2 * margin);
}
