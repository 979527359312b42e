/** Read pictures of any size through a worker, and save annotated ones. */

import { placeLabels } from "./label_layout.js";
import { labelTexts, measureText } from "./label_texts.js";
import { answerOf, colorOf, predictionOf } from "./predictions.js";

/** Largest picture that is analyzed as it is; larger ones are reduced to it. */
export const MOST_PIXELS = 24_000_000;

let worker = null;
let next = 0;
const waiting = new Map();

function ask(task, values) {
  if (!worker) {
    worker = new Worker(new URL("picture_worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(Object.assign(new Error(error.message), { name: error.name }));
      else resolve(result);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of waiting.values()) reject(new Error("its worker did not start"));
      waiting.clear();
      worker.terminate();
      worker = null; // the next picture tries again
    };
  }
  next += 1;
  const id = next;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, task, values });
  });
}

/**
 * Read a picture, upright.
 *
 * @param {Blob} blob
 * @returns {Promise<{bitmap: ImageBitmap, shown: ImageBitmap, width: number, height: number, full: number[]}>}
 *   `bitmap` for the analysis, `shown` for the screen; `full` is the size in the file.
 * @throws {Error} the browser cannot decode it.
 */
export const readPicture = (blob) => ask("read", { blob, mostPixels: MOST_PIXELS });

/**
 * Draw the faces of a picture with their answers.
 *
 * @param {{blob: Blob, width: number, height: number}} picture
 * @param {object[]} faces
 * @param {string[]} labels of the model.
 * @returns {Promise<Blob>} PNG of the picture's own size.
 */
export function annotatePicture(picture, faces, labels) {
  const { blob, width, height } = picture;
  const textPx = Math.max(12, Math.round(Math.max(width, height) / 70));
  const font = `600 ${textPx}px Inter, sans-serif`;
  const line = Math.max(2, textPx / 6);
  const boxes = faces.map(({ box }) => [box[0] - line, box[1] - line, box[2] + line, box[3] + line]);
  const texts = faces.map((face) => labelTexts(predictionOf(face), labels));
  const labelHeight = Math.round(textPx * 1.6);
  const sizes = texts.map((choices) => choices.map((text) => [Math.ceil(measureText(text, font) + labelHeight * 0.85), labelHeight]));
  const spots = placeLabels(boxes, sizes, [width, height], Math.round(line * 2));
  const shapes = faces.map((face, i) => {
    const prediction = predictionOf(face);
    const spot = spots[i];
    return {
      box: [...face.box],
      color: prediction.abstained ? "#ffffff" : colorOf(answerOf(prediction, labels)),
      dashed: prediction.abstained,
      label: spot && { x: spot.x, y: spot.y, width: sizes[i][spot.label][0], height: labelHeight, text: texts[i][spot.label], leader: spot.line },
    };
  });
  return ask("annotate", { blob, mostPixels: MOST_PIXELS, shapes, font, line });
}
