/**
 * Answer the page's requests in a worker, so that the page never waits: this file owns the runtime.
 *
 * In: messages `{id, kind, ...}` from client.js. Out: messages `{id, result}`, `{id, error}` and `{id, progress}`. Does
 * not know about the page.
 */

import { blendWithWhite, cutCrop } from "./cropping.js";
import { measureOcclusion } from "./evidence.js";
import { Follower } from "./follower.js";
import { Jobs } from "./jobs.js";
import { Mtcnn } from "./mtcnn.js";
import { Recognizer } from "./recognizer.js";
import { Runtime, chooseThreads } from "./runtime.js";
import { predictAtSizes } from "./sizes.js";

/** Jobs of a lower number go first: pictures, then the slider, then the map of the evidence. */
const PRIORITIES = { open: 0, analyze: 0, sizes: 1, evidence: 2 };

const jobs = new Jobs();
/** @type {{runtime: Runtime, recognizer: Recognizer, follower: Follower}} */
let engine;

const HANDLERS = { open, analyze, sizes, evidence };

self.onmessage = async ({ data: { id, kind, cancel, ...request } }) => {
  if (cancel !== undefined) return jobs.cancel(cancel);
  const report = (progress) => self.postMessage({ id, progress });
  try {
    const result = await jobs.run(id, PRIORITIES[kind], (checkpoint) => HANDLERS[kind](request, checkpoint, report));
    self.postMessage({ id, result });
  } catch (error) {
    self.postMessage({ id, error: describe(error) });
  }
};

/** Turn an error into what a message can carry; a refused array is a lack of memory too. */
function describe({ name, message, code }) {
  const refused = name === "RangeError" && /alloc|array length/i.test(message);
  return { name, message, code: typeof code === "string" ? code : refused ? "memory" : undefined };
}

/** Load the runtime and the networks. */
async function open({ threads }, checkpoint, report) {
  const chosen = threads ?? chooseThreads();
  const { runtime, model } = await Runtime.open({ threads: chosen, onProgress: (done, total) => report({ done, total }) });
  engine = { runtime, recognizer: new Recognizer(runtime, model), follower: new Follower() };
  const { name, labels, smallestPx, sizesPx, thresholds, priors } = model;
  return { modelName: name, labels, smallestPx, sizesPx, thresholds, priors, threads: chosen };
}

/** Find the faces of a picture, and predict each. */
async function analyze({ image, minFacePx, boxes, prior, live, timeS }, checkpoint) {
  await checkpoint();
  const picture = blendWithWhite(readPicture(image));
  const started = performance.now();
  const detected = await findFaces(picture, { minFacePx, boxes, live, timeS }, checkpoint);
  const found = performance.now();
  const crops = detected.map((face) => cutCrop(picture, face.box, engine.recognizer.model.crop));
  const predictions = await engine.recognizer.predict(crops, { prior, checkpoint });
  const faces = detected.map((face, i) => ({ ...face, facePx: crops[i].side, crop: crops[i], ...predictions[i] }));
  return { faces, detectMs: found - started, recognizeMs: performance.now() - found };
}

/** Return the faces of a picture: those of given boxes, or found by the detector. */
function findFaces(picture, { minFacePx, boxes, live, timeS }, checkpoint) {
  if (boxes) return boxes.map((box, i) => ({ box: checkBox(box, i), score: 1, landmarks: null }));
  const detector = makeDetector(checkpoint);
  return live ? engine.follower.find(detector, picture, minFacePx, timeS) : detector.detect(picture, minFacePx);
}

function checkBox(box, i) {
  const [x1, y1, x2, y2] = box;
  if ([x1, y1, x2, y2].every(Number.isFinite) && x2 > x1 && y2 > y1) return [x1, y1, x2, y2];
  throw new TypeError(`boxes[${i}]: [${box}] is not a box. Give x1, y1, x2, y2 in pixels, with x2 > x1 and y2 > y1.`);
}

/** Make a detector that can be canceled before each run of a network. */
function makeDetector(checkpoint) {
  return new Mtcnn(async (name, tensor, shape) => {
    await checkpoint();
    return Object.values(await engine.runtime.run(name, { image: ["float32", tensor, shape] }));
  });
}

function sizes({ crop, prior }, checkpoint) {
  return predictAtSizes(engine.recognizer, crop, { prior, checkpoint });
}

function evidence({ crop, label, prior }, checkpoint, report) {
  return measureOcclusion(engine.recognizer, crop, { label, prior, checkpoint, onProgress: report });
}

/** Read the pixels of an ImageBitmap, which the page has given away; other pictures hold theirs. */
function readPicture(image) {
  if (!(image instanceof ImageBitmap)) return image;
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  image.close();
  return context.getImageData(0, 0, width, height);
}
