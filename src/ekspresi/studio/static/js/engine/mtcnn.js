/**
 * Find faces with five landmarks by MTCNN, a cascade of three small networks, as detection/mtcnn.py does.
 *
 * In: an RGBA picture. Out: faces, largest first, with the same boxes as in Python. It computes in float32 where Python
 * does. Does not know about crops or expressions.
 *
 * K. Zhang, Z. Zhang, Z. Li, Y. Qiao: Joint face detection and alignment using multitask cascaded convolutional networks,
 * IEEE Signal Processing Letters 23(10), 2016. detection/mtcnn.py names what we changed.
 */

import { nms } from "./boxes.js";
import { MTCNN, PYRAMID } from "./constants.js";
import { buildPyramid, cutPatches, measurePixel, writeTensor } from "./pyramid.js";
import { shrinkToMeans } from "./resampling.js";
import { describeFace, detectTiled, planLevels } from "./tiling.js";

/** @import {Picture} from "./resampling.js" */
/** @import {DetectedFace, Detections} from "./tiling.js" */

/**
 * @callback RunNetwork
 * @param {"pnet" | "rnet" | "onet"} name
 * @param {Float32Array} tensor
 * @param {number[]} shape
 * @returns {Promise<{data: Float32Array, dims: readonly number[]}[]>} outputs in the order of the file.
 */

const f = Math.fround;

/** Find faces by the MTCNN cascade. */
export class Mtcnn {
  /** @param {RunNetwork} run runs one of the three networks. */
  constructor(run) {
    this.run = run;
  }

  /**
   * Return the faces of a picture, largest first; boxes may reach past its edges.
   * @param {Picture} picture
   * @param {number} minFacePx width of the smallest face to search for.
   * @returns {Promise<DetectedFace[]>}
   */
  detect(picture, minFacePx) {
    const levels = planMtcnnLevels(picture.width, picture.height, minFacePx);
    return detectTiled(picture, levels, (part, scale) => this.#find(part, scale));
  }

  /**
   * Judge and move boxes by the last network alone: follows faces that moved a little.
   * @param {Picture} picture
   * @param {number[][]} boxes where the faces should be.
   * @returns {Promise<DetectedFace[]>} those that are faces, best first.
   */
  async refine(picture, boxes) {
    const squares = square(Float32Array.from(boxes.flat()));
    const found = await this.#finish([picture], squares);
    return Array.from(found.scores, (score, i) =>
      describeFace({
        box: found.boxes.subarray(4 * i, 4 * i + 4),
        score,
        landmarks: found.landmarks.subarray(10 * i, 10 * i + 10),
      }),
    );
  }

  /** Return the detections in a part of a picture, whose first level has a scale. */
  async #find(part, scale) {
    const factor = Math.max(Math.trunc(1 / (MTCNN.DETAIL * scale)), 1);
    const levels = buildPyramid(shrinkToMeans(part, factor), scale * factor);
    const found = await this.#finish(levels, await this.#refine(levels, await this.#propose(levels)));
    if (factor === 1) return found;
    return { ...found, boxes: found.boxes.map((v) => v * factor), landmarks: found.landmarks.map((v) => v * factor) };
  }

  /** Return the square proposals of P-Net (n, 4) in pixels of the first of the levels. */
  async #propose(levels) {
    const all = { boxes: [], scores: [] };
    for (const level of levels.slice(1)) {
      const { boxes, scores } = await this.#scan(level, measurePixel(levels[0], level));
      for (const i of nms(boxes, scores, 0.5)) {
        all.boxes.push(...boxes.subarray(4 * i, 4 * i + 4));
        all.scores.push(scores[i]);
      }
    }
    const boxes = Float32Array.from(all.boxes);
    const kept = nms(boxes, Float32Array.from(all.scores), 0.7).slice(0, MTCNN.MAX_PROPOSALS);
    return square(select(boxes, kept, 4));
  }

  /** Run P-Net on a level in strips; return the moved boxes and the scores of all windows that may be faces. */
  async #scan(level, [pixelWidth, pixelHeight]) {
    const { width, height } = level;
    const { STRIDE_PX } = MTCNN;
    const { WINDOW_PX } = PYRAMID;
    const rows = Math.floor((height - 1) / 2) - 4;
    const step = Math.max(Math.floor(MTCNN.STRIP_PX / (2 * width)), 1);
    const [boxes, scores] = [[], []];
    for (let top = 0; top < rows; top += step) {
      // Output row r depends on input rows 2 r to 2 r + 11; the last strip takes the rest.
      const bottom = top + step < rows ? STRIDE_PX * (top + step) + WINDOW_PX - STRIDE_PX : height;
      const tensor = new Float32Array(3 * (bottom - STRIDE_PX * top) * width);
      writeTensor(level, tensor, 0, STRIDE_PX * top, bottom);
      const [offsets, faces] = await this.run("pnet", tensor, [1, 3, bottom - STRIDE_PX * top, width]);
      const columns = faces.dims[3];
      const windows = faces.dims[2] * columns;
      for (let i = 0; i < windows; i++) {
        const score = faces.data[windows + i];
        if (!(score > f(MTCNN.THRESHOLDS[0]))) continue;
        const x = (i % columns) * STRIDE_PX;
        const y = (top + Math.floor(i / columns)) * STRIDE_PX;
        scores.push(score);
        boxes.push(
          f(x + f(WINDOW_PX * offsets.data[i])) * pixelWidth,
          f(y + f(WINDOW_PX * offsets.data[windows + i])) * pixelHeight,
          f(x + WINDOW_PX + f(WINDOW_PX * offsets.data[2 * windows + i])) * pixelWidth,
          f(y + WINDOW_PX + f(WINDOW_PX * offsets.data[3 * windows + i])) * pixelHeight,
        );
      }
    }
    return { boxes: Float32Array.from(boxes), scores: Float32Array.from(scores) };
  }

  /** Return the square boxes that R-Net accepts, moved and squared (m, 4). */
  async #refine(levels, boxes) {
    const [offsets, faces] = await this.#judge("rnet", levels, boxes, 24, [4, 2]);
    const good = findGood(faces, MTCNN.THRESHOLDS[1]);
    const moved = select(move(boxes, offsets), good, 4);
    const scores = Float32Array.from(good, (i) => faces[2 * i + 1]);
    return square(select(moved, nms(moved, scores, 0.7), 4));
  }

  /** Return the detections of O-Net for square boxes. */
  async #finish(levels, boxes) {
    const [offsets, points, faces] = await this.#judge("onet", levels, boxes, 48, [4, 10, 2]);
    const good = findGood(faces, MTCNN.THRESHOLDS[2]);
    const moved = move(boxes, offsets);
    const scores = Float32Array.from(good, (i) => faces[2 * i + 1]);
    const kept = nms(select(moved, good, 4), scores, 0.7, true).map((i) => good[i]);
    const landmarks = new Float32Array(kept.length * 10);
    kept.forEach((box, number) => {
      for (let point = 0; point < 10; point++) {
        const axis = point % 2;
        const side = f(boxes[4 * box + 2 + axis] - boxes[4 * box + axis]);
        const share = points[10 * box + 5 * axis + (point >> 1)];
        landmarks[10 * number + point] = boxes[4 * box + axis] + f(side * share);
      }
    });
    return { boxes: select(moved, kept, 4), scores: Float32Array.from(kept, (i) => faces[2 * i + 1]), landmarks };
  }

  /** Run R- or O-Net on the patches of boxes in batches; return its outputs, joined. */
  async #judge(name, levels, boxes, side, widths) {
    const number = boxes.length / 4;
    const outputs = widths.map((width) => new Float32Array(number * width));
    for (let start = 0; start < number; start += MTCNN.BATCH) {
      const batch = boxes.subarray(4 * start, 4 * Math.min(start + MTCNN.BATCH, number));
      const found = await this.run(name, cutPatches(levels, batch, side), [batch.length / 4, 3, side, side]);
      found.forEach((output, i) => outputs[i].set(output.data, start * widths[i]));
    }
    return outputs;
  }
}

/**
 * Plan the levels and tiles for the sizes of a picture and of the smallest face, in pixels.
 * @param {number} width
 * @param {number} height
 * @param {number} minFacePx
 */
export function planMtcnnLevels(width, height, minFacePx) {
  const windowPx = PYRAMID.WINDOW_PX / minFacePx;
  const free = Math.max(MTCNN.LEAST_OVERSIZE * windowPx, Math.sqrt(MTCNN.FREE_PX / (width * height)));
  const scale = Math.min(MTCNN.OVERSIZE * windowPx, free, MTCNN.MAX_ENLARGEMENT);
  const { TILE_PX: sidePx, OVERLAP_PX: overlapPx, COARSER: step } = MTCNN;
  return planLevels(width, height, scale, { sidePx, overlapPx, step, lastPx: sidePx });
}

/** Return the indices of the boxes whose second score is above a threshold. */
function findGood(faces, threshold) {
  return Array.from({ length: faces.length / 2 }, (_, i) => i).filter((i) => faces[2 * i + 1] > f(threshold));
}

function select(values, indices, width) {
  const out = new Float32Array(indices.length * width);
  indices.forEach((i, number) => out.set(values.subarray(i * width, (i + 1) * width), number * width));
  return out;
}

/** Move boxes (n, 4) by the network's offsets (n, 4), which are in box sides. */
function move(boxes, offsets) {
  return boxes.map((value, i) => {
    const first = i - (i % 4) + (i % 2);
    return value + f(offsets[i] * f(boxes[first + 2] - boxes[first]));
  });
}

/** Return squares of the longer side around the centers of boxes (n, 4). */
function square(boxes) {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const half = Math.max(f(boxes[i + 2] - boxes[i]), f(boxes[i + 3] - boxes[i + 1]), 0) / 2;
    for (let axis = 0; axis < 2; axis++) {
      const center = f(boxes[i + axis] + boxes[i + axis + 2]) / 2;
      out[i + axis] = center - half;
      out[i + axis + 2] = center + half;
    }
  }
  return out;
}
