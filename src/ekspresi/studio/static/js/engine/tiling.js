/**
 * Search a picture in tiles on levels of falling scale, and merge the detections, as detection/tiling.py does.
 *
 * In: sizes, or a picture and a function that finds faces in a part of it. Out: levels and tiles, or the faces of the
 * picture. Does not know about networks.
 */

import { nms } from "./boxes.js";
import { TILING } from "./constants.js";

/** @import {Picture} from "./resampling.js" */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Tile whole pixels; right, bottom exclusive */

/**
 * @typedef {object} Detections
 * @property {Float32Array} boxes (n, 4), x1, y1, x2, y2.
 * @property {Float32Array} scores (n,), 0..1.
 * @property {Float32Array} landmarks (n, 5, 2), x and y.
 */

/**
 * @typedef {object} DetectedFace
 * @property {number[]} box x1, y1, x2, y2 in pixels of the picture.
 * @property {number} score 0..1.
 * @property {number[][]} landmarks five points: eyes, nose, corners of the mouth as the viewer sees them.
 */

const f = Math.fround;

/**
 * Plan the levels at which a picture is searched, finest first.
 * @param {number} width of the picture, in pixels.
 * @param {number} height of the picture, in pixels.
 * @param {number} scale of the finest level.
 * @param {{sidePx: number, overlapPx: number, step: number, lastPx: number}} options see `levels` in Python.
 * @returns {{scale: number, tiles: Tile[]}[]}
 */
export function planLevels(width, height, scale, { sidePx, overlapPx, step, lastPx }) {
  const found = [];
  for (; ; scale /= step) {
    const side = Math.max(Math.trunc(sidePx / scale), 2);
    const overlap = Math.min(Math.ceil(overlapPx / scale), side - 1);
    found.push({ scale, tiles: planTiles(width, height, side, overlap) });
    if (Math.max(width, height) * scale <= lastPx) return found;
  }
}

/**
 * Cut a picture into tiles of one size, row by row; neighbors share at least `overlap` pixels.
 * @param {number} width
 * @param {number} height
 * @param {number} side largest width and height of a tile.
 * @param {number} overlap
 * @returns {Tile[]}
 */
export function planTiles(width, height, side, overlap) {
  const across = planCuts(width, side, overlap);
  const down = planCuts(height, side, overlap);
  return down.starts.flatMap((top) =>
    across.starts.map((left) => ({ left, top, right: left + across.length, bottom: top + down.length })),
  );
}

function planCuts(length, side, overlap) {
  if (length <= side) return { length, starts: [0] };
  const count = Math.ceil((length - overlap) / (side - overlap));
  const shortest = Math.ceil((length + (count - 1) * overlap) / count);
  const starts = Array.from({ length: count }, (_, i) => Math.min(i * (shortest - overlap), length - shortest));
  return { length: shortest, starts };
}

/**
 * Search a picture on levels; return its faces, largest first.
 * @param {Picture} picture
 * @param {{scale: number, tiles: Tile[]}[]} levels
 * @param {(part: Picture, scale: number) => Promise<Detections>} find result in pixels of the part.
 * @returns {Promise<DetectedFace[]>}
 */
export async function detectTiled(picture, levels, find) {
  const found = [];
  for (const level of levels) {
    for (const tile of level.tiles) {
      const { boxes, scores, landmarks } = await find(cutTile(picture, tile), level.scale);
      const margin = f(TILING.SEAM_PX / level.scale);
      for (let i = 0; i < scores.length; i++) {
        const box = boxes.subarray(4 * i, 4 * i + 4).map((value, axis) => value + (axis % 2 ? tile.top : tile.left));
        if (isCutBySeam(box, tile, picture, margin)) continue;
        const points = landmarks.subarray(10 * i, 10 * i + 10);
        const moved = points.map((value, axis) => value + (axis % 2 ? tile.top : tile.left));
        found.push({ box, score: scores[i], landmarks: moved });
      }
    }
  }
  const boxes = Float32Array.from(found.flatMap((face) => [...face.box]));
  const kept = nms(boxes, Float32Array.from(found, (face) => face.score), TILING.SAME_FACE, true);
  return kept.map((i) => describeFace(found[i])).sort((a, b) => measureArea(b.box) - measureArea(a.box));
}

/**
 * Turn the typed arrays of one detection into plain numbers.
 * @param {{box: Float32Array, score: number, landmarks: Float32Array}} face
 * @returns {DetectedFace}
 */
export function describeFace({ box, score, landmarks }) {
  const points = Array.from({ length: 5 }, (_, i) => [landmarks[2 * i], landmarks[2 * i + 1]]);
  return { box: [...box], score, landmarks: points };
}

function measureArea([x1, y1, x2, y2]) {
  return (x2 - x1) * (y2 - y1);
}

function isCutBySeam(box, tile, { width, height }, margin) {
  return (
    (tile.left > 0 && f(box[0] - tile.left) < margin) ||
    (tile.top > 0 && f(box[1] - tile.top) < margin) ||
    (tile.right < width && f(tile.right - box[2]) < margin) ||
    (tile.bottom < height && f(tile.bottom - box[3]) < margin)
  );
}

/** Copy a tile; the whole picture is not copied. */
function cutTile(picture, { left, top, right, bottom }) {
  const [width, height] = [right - left, bottom - top];
  if (width === picture.width && height === picture.height) return picture;
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * 4;
    data.set(picture.data.subarray(from, from + width * 4), y * width * 4);
  }
  return { data, width, height };
}
