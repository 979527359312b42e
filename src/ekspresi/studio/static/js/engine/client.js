/**
 * Call the engine from the page: every method returns a promise, and the work is done in a worker.
 *
 * In: pictures and crops. Out: faces with predictions. Does not know how they are computed. A new request of a kind takes
 * the place of the one before, whose promise rejects with an AbortError. A camera's frame that the worker has begun is
 * finished, and the newest one waits: so frames neither queue up nor starve each other.
 */

import { Calibration } from "./calibration.js";
import { FusionByTrack } from "./fusion.js";
import { Tracker } from "./tracking.js";

/** @import {Crop} from "./cropping.js" */
/** @import {Belief} from "./fusion.js" */
/** @import {Prediction, PriorName} from "./recognizer.js" */
/** @import {DetectedFace} from "./tiling.js" */

/** @typedef {DetectedFace & Prediction & {facePx: number, crop: Crop}} AnalyzedFace largest face first */

/** @typedef {ImageBitmap | {data: Uint8ClampedArray, width: number, height: number}} EngineImage RGBA, straight alpha */

/**
 * @typedef {object} ModelFacts
 * @property {string} modelName
 * @property {string[]} labels in the order of all probabilities.
 * @property {number} smallestPx effective size below which a face is never answered.
 * @property {number[]} sizesPx effective sizes at which thresholds were fitted.
 * @property {number[]} thresholds confidence from which the model answers at these sizes.
 * @property {{trained: number[], uniform: number[]}} priors shares of the labels.
 * @property {number} threads that WebAssembly uses.
 */

/** Answer requests by a worker; `open` comes first. */
export class Engine {
  #worker = null;
  #nextId = 1;
  /** @type {Map<number, {kind: string, sent: boolean, send: Function, resolve: Function, reject: Function}>} */
  #pending = new Map();
  #facts = null;
  #tracks = null;

  /**
   * Load the runtime and the networks.
   * @param {object} [options]
   * @param {number} [options.threads] by default as many as help where the page is cross-origin isolated, else 1.
   * @param {(done: number, total: number) => void} [options.onProgress] bytes of the networks.
   * @returns {Promise<ModelFacts>} rejects with an error whose `code` is 'load', 'memory' or 'wasm'.
   */
  async open({ threads, onProgress } = {}) {
    const report = ({ done, total }) => onProgress?.(done, total);
    this.#start();
    try {
      this.#facts = await this.#ask("open", { threads }, { onProgress: report });
    } catch (error) {
      if (threads === 1 || error.code === "load" || error.name === "AbortError") throw error;
      this.#start(); // several threads need shared memory, which some browsers refuse
      this.#facts = await this.#ask("open", { threads: 1 }, { onProgress: report });
    }
    this.resetTracks();
    return this.#facts;
  }

  /**
   * Find the faces of a picture, and predict each.
   * @param {object} request
   * @param {EngineImage} request.image an ImageBitmap is given away; the worker reads its pixels, so the page never waits
   * for them. Others are copied.
   * @param {number} [request.minFacePx] width of the smallest face to search for.
   * @param {number[][]} [request.boxes] faces to predict instead of searching.
   * @param {PriorName} [request.prior]
   * @param {boolean} [request.live] a frame of a camera: faces are followed, and searched in every third frame only.
   * @param {number} [request.timeS] time of the frame in seconds; now by default.
   * @param {boolean} [request.transfer] give the pixels away instead of copying them.
   * @param {AbortSignal} [request.signal]
   * @returns {Promise<{faces: AnalyzedFace[], detectMs: number, recognizeMs: number}>}
   */
  analyze({ image, minFacePx = 12, boxes, prior = "trained", live = false, timeS, transfer = false, signal }) {
    const given = image instanceof ImageBitmap;
    const pixels = given ? image : { data: image.data, width: image.width, height: image.height };
    const request = { image: pixels, minFacePx, boxes, prior, live, timeS: timeS ?? performance.now() / 1000 };
    const gone = given ? [image] : transfer ? [image.data.buffer] : [];
    return this.#ask("analyze", request, { signal, transfer: gone, waits: live });
  }

  /**
   * Predict a face at every size from its own, at most 48 px, down to 8 px.
   * @param {{crop: Crop, prior?: PriorName, signal?: AbortSignal}} request
   * @returns {Promise<({px: number, gray: Uint8Array} & Prediction)[]>} largest first.
   */
  sizes({ crop, prior = "trained", signal }) {
    return this.#ask("sizes", { crop, prior }, { signal });
  }

  /**
   * Measure how much the probability of a label falls when each part of a face is hidden.
   * @param {object} request
   * @param {Crop} request.crop
   * @param {string} request.label
   * @param {PriorName} [request.prior]
   * @param {AbortSignal} [request.signal]
   * @param {(map: {grid: number, falls: Float32Array, done: number, total: number}) => void} [request.onProgress] the map
   * so far; NaN where a part has not been hidden yet.
   * @returns {Promise<{grid: number, falls: Float32Array}>} row by row, -1..1.
   */
  evidence({ crop, label, prior = "trained", signal, onProgress }) {
    return this.#ask("evidence", { crop, label, prior }, { signal, onProgress });
  }

  /**
   * Number the faces of the next frame, and fuse the predictions of each track.
   * @param {{faces: AnalyzedFace[]}} result of `analyze`, with one prior for all frames.
   * @param {number} timeS of the frame, in seconds.
   * @param {PriorName} [prior] that the predictions contain; another one starts new beliefs.
   * @returns {(AnalyzedFace & {track: number | null, fused: Belief | null})[]} null for a face too unsure to follow.
   */
  track({ faces }, timeS, prior = "trained") {
    if (prior !== this.#tracks.prior) this.#tracks = { ...this.#tracks, prior, fusion: this.#makeFusion(prior) };
    const numbers = this.#tracks.tracker.update(faces, timeS);
    const beliefs = this.#tracks.fusion.update(faces, numbers, timeS);
    return faces.map((face, i) => ({ ...face, track: numbers[i], fused: beliefs[i] }));
  }

  /** Begin new tracks: the next frame shows another scene. */
  resetTracks() {
    this.#tracks = { prior: "trained", tracker: new Tracker(), fusion: this.#makeFusion("trained") };
  }

  /** End the worker; every open request rejects with an AbortError. */
  close() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const id of this.#pending.keys()) this.#settle(id, "reject", abortError("The engine was closed."));
  }

  #makeFusion(prior) {
    return new FusionByTrack(new Calibration(this.#facts), this.#facts.priors[prior]);
  }

  #start() {
    this.close();
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault?.();
      const problem = event.message || "its files did not come";
      const error = new Error(`the engine's worker: failed (${problem}). Load the page again.`);
      // A file of the worker that does not come gives an event without a message.
      Object.assign(error, { code: event.message ? "wasm" : "load" });
      for (const id of this.#pending.keys()) this.#settle(id, "reject", error);
    };
  }

  /** Send a request; it cancels the one of its kind that is still open, or waits for one that the worker has. */
  #ask(kind, request, { signal, onProgress, transfer = [], waits = false } = {}) {
    if (!this.#worker) return Promise.reject(new Error("the engine: is not open. Await open() first."));
    if (signal?.aborted) return Promise.reject(abortError("The request was canceled."));
    for (const [id, pending] of this.#pending) {
      if (pending.kind === kind && !(waits && pending.sent)) this.#cancel(id, "A newer request took its place.");
    }
    const id = this.#nextId++;
    const send = () => this.#worker.postMessage({ id, kind, ...request }, transfer);
    const answer = new Promise((resolve, reject) => {
      this.#pending.set(id, { kind, sent: false, send, resolve, reject, onProgress });
    });
    this.#sendNext(kind);
    signal?.addEventListener("abort", () => this.#cancel(id, "The request was canceled."), { once: true });
    return answer;
  }

  /** Send the request of a kind that waits, unless the worker has one of that kind. */
  #sendNext(kind) {
    const alike = [...this.#pending.values()].filter((pending) => pending.kind === kind);
    if (!this.#worker || !alike.length || alike.some(({ sent }) => sent)) return;
    alike[0].sent = true;
    alike[0].send();
  }

  #cancel(id, reason) {
    if (!this.#pending.has(id)) return;
    if (this.#pending.get(id).sent) this.#worker?.postMessage({ cancel: id });
    this.#settle(id, "reject", abortError(reason));
  }

  #receive({ id, result, error, progress }) {
    const pending = this.#pending.get(id);
    if (!pending) return; // canceled meanwhile
    if (progress) return pending.onProgress?.(progress);
    if (error) return this.#settle(id, "reject", Object.assign(new Error(error.message), error));
    this.#settle(id, "resolve", result);
  }

  #settle(id, way, value) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending[way](value);
    this.#sendNext(pending.kind);
  }
}

/**
 * Make an engine; nothing is loaded before `open`.
 * @returns {Engine}
 */
export function createEngine() {
  return new Engine();
}

function abortError(reason) {
  return new DOMException(reason, "AbortError");
}
