/**
 * Cut gray crops from face boxes, blend transparent pictures with white, and paint crops into one atlas.
 *
 * In: RGBA pictures and boxes. Out: gray crops, equal to those of imaging/cropping.py. Does not know about detectors or
 * networks.
 */

import { roundHalfEven } from "./resampling.js";

/** @import {Picture} from "./resampling.js" */

/**
 * @typedef {object} Crop
 * @property {number} side in pixels.
 * @property {Uint8Array} gray (side, side), row by row.
 */

/** @typedef {{scale: number, shiftY: number, luma: number[]}} CropConvention of the model file */

/**
 * Cut the square gray crop of a face box; beyond the picture the pixels of its edge are repeated.
 * @param {Picture} picture
 * @param {number[]} box x1, y1, x2, y2 in pixels, as detected.
 * @param {CropConvention} convention
 * @returns {Crop}
 */
export function cutCrop({ data, width, height }, [x1, y1, x2, y2], { scale, shiftY, luma }) {
  const longer = Math.max(x2 - x1, y2 - y1);
  const half = (scale * longer) / 2;
  const [centerX, centerY] = [(x1 + x2) / 2, (y1 + y2) / 2 + shiftY * longer];
  const [left, right] = [centerX - half, centerX + half];
  const side = Math.max(roundHalfEven(right - left), 1);
  const [firstX, firstY] = [roundHalfEven(left), roundHalfEven(centerY - half)];
  const gray = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    const row = Math.min(Math.max(firstY + y, 0), height - 1) * width;
    for (let x = 0; x < side; x++) {
      const source = (row + Math.min(Math.max(firstX + x, 0), width - 1)) * 4;
      gray[y * side + x] = toGray(data[source], data[source + 1], data[source + 2], luma);
    }
  }
  return { side, gray };
}

/** Round the weighted sum of red, green and blue as NumPy's float32 product does: fused, one term after the other. */
function toGray(red, green, blue, luma) {
  const f = Math.fround;
  const sum = f(f(f(red * f(luma[0])) + green * f(luma[1])) + blue * f(luma[2]));
  return Math.min(roundHalfEven(sum), 255);
}

/**
 * Blend transparent pixels with white, as the Python package does; an opaque picture is returned unchanged.
 * @param {Picture} picture RGBA, straight alpha.
 * @returns {Picture}
 */
export function blendWithWhite(picture) {
  const { data } = picture;
  let transparent = false;
  for (let i = 3; i < data.length && !transparent; i += 4) transparent = data[i] !== 255;
  if (!transparent) return picture;
  const f = Math.fround;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const share = f(data[i + 3] / 255);
    const white = f(255 * f(1 - share));
    for (let channel = i; channel < i + 3; channel++) {
      out[channel] = roundHalfEven(Math.min(f(f(data[channel] * share) + white), 255));
    }
    out[i + 3] = 255;
  }
  // An ImageData has its sizes in its prototype, so a spread would lose them.
  return { data: out, width: picture.width, height: picture.height };
}

/**
 * Paint crops below each other into one gray picture, so that one run of the network takes crops of any sizes.
 * @param {Crop[]} crops
 * @returns {{gray: Uint8Array, width: number, height: number, rectangles: Int32Array}} `rectangles` (n, 4): x1, y1, x2,
 * y2 of each crop.
 */
export function paintAtlas(crops) {
  const width = Math.max(...crops.map(({ side }) => side));
  const height = crops.reduce((sum, { side }) => sum + side, 0);
  const gray = new Uint8Array(width * height);
  const rectangles = new Int32Array(crops.length * 4);
  let top = 0;
  crops.forEach((crop, i) => {
    for (let y = 0; y < crop.side; y++) {
      gray.set(crop.gray.subarray(y * crop.side, (y + 1) * crop.side), (top + y) * width);
    }
    rectangles.set([0, top, crop.side, top + crop.side], i * 4);
    top += crop.side;
  });
  return { gray, width, height, rectangles };
}
