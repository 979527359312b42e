/**
 * Build the image pyramid of a picture, and cut patches from the level that fits them, as detection/pyramid.py does.
 *
 * In: RGBA pictures and boxes. Out: pictures, largest first, and patches as the networks' input. Does not know about
 * networks or tiles.
 */

import { PYRAMID } from "./constants.js";
import { resizeBilinear } from "./resampling.js";

/** @import {Picture} from "./resampling.js" */

const f = Math.fround;

/**
 * Return a picture and its pyramid from the first scale on, largest level first.
 * @param {Picture} picture
 * @param {number} scale of the first level.
 * @returns {Picture[]}
 */
export function buildPyramid(picture, scale) {
  const levels = [picture];
  for (; scale * Math.min(picture.width, picture.height) >= PYRAMID.WINDOW_PX; scale *= PYRAMID.PYRAMID_STEP) {
    const [width, height] = [Math.ceil(picture.width * scale), Math.ceil(picture.height * scale)];
    levels.push(resizeBilinear(levels[levels.length - 1], width, height));
  }
  return levels;
}

/**
 * Return width and height of a level's pixel in pixels of the picture, as float32; sizes of levels are rounded.
 * @param {Picture} picture
 * @param {Picture} level
 * @returns {[number, number]}
 */
export function measurePixel(picture, level) {
  return [f(picture.width / level.width), f(picture.height / level.height)];
}

/** Value of the networks' input for each of 256 levels of a sample. */
const NORMALIZED = Float32Array.from({ length: 256 }, (_, sample) => (sample - 127.5) / 128);

/**
 * Write a picture as the networks' input.
 * @param {Picture} picture
 * @param {Float32Array} tensor red, green and blue of the picture are written here, one plane after the other.
 * @param {number} offset where they begin.
 * @param {number} [top] first row.
 * @param {number} [bottom] row after the last.
 */
export function writeTensor({ data, width, height }, tensor, offset, top = 0, bottom = height) {
  const plane = width * (bottom - top);
  let source = top * width * 4;
  for (let at = offset; at < offset + plane; at++, source += 4) {
    tensor[at] = NORMALIZED[data[source]];
    tensor[at + plane] = NORMALIZED[data[source + 1]];
    tensor[at + 2 * plane] = NORMALIZED[data[source + 2]];
  }
}

/**
 * Cut square boxes as the input of a network; the outside is black.
 *
 * Each patch comes from the smallest level that shows it at `side` pixels or more.
 * @param {Picture[]} levels as `buildPyramid` returns them.
 * @param {Float32Array} boxes (n, 4) in pixels of levels[0].
 * @param {number} side of a patch, in pixels.
 * @returns {Float32Array} (n, 3, side, side).
 */
export function cutPatches(levels, boxes, side) {
  const bySize = [...levels].sort((a, b) => a.width - b.width);
  const pixels = bySize.map((level) => measurePixel(levels[0], level));
  const tensor = new Float32Array((boxes.length / 4) * 3 * side * side);
  for (let i = 0; i < boxes.length; i += 4) {
    const needed = f(side / Math.max(f(boxes[i + 2] - boxes[i]), f(1e-3)));
    const fitting = bySize.findIndex((level) => level.width / levels[0].width >= needed);
    const chosen = fitting < 0 ? bySize.length - 1 : fitting;
    const [width, height] = pixels[chosen];
    const [x1, y1] = [f(boxes[i] / width), f(boxes[i + 1] / height)];
    // Offsets can turn a box of a few pixels inside out.
    const [x2, y2] = [Math.max(f(boxes[i + 2] / width), x1 + 1), Math.max(f(boxes[i + 3] / height), y1 + 1)];
    const [left, top] = [Math.floor(x1), Math.floor(y1)];
    const region = cropWithBlack(bySize[chosen], left, top, Math.ceil(x2), Math.ceil(y2));
    const patch = resizeBilinear(region, side, side, [x1 - left, y1 - top, x2 - left, y2 - top]);
    writeTensor(patch, tensor, (i / 4) * 3 * side * side);
  }
  return tensor;
}

/** Cut a rectangle of whole pixels; what lies outside the picture is black. */
function cropWithBlack({ data, width, height }, left, top, right, bottom) {
  const out = new Uint8Array((right - left) * (bottom - top) * 4);
  const [from, to] = [Math.max(left, 0), Math.min(right, width)];
  for (let y = Math.max(top, 0); y < Math.min(bottom, height) && from < to; y++) {
    const row = data.subarray((y * width + from) * 4, (y * width + to) * 4);
    out.set(row, ((y - top) * (right - left) + from - left) * 4);
  }
  return { data: out, width: right - left, height: bottom - top };
}
