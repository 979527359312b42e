/**
 * Load ONNX Runtime Web and the page's networks, and run them one at a time.
 *
 * In: names of networks and their inputs. Out: their outputs. Does not know what the networks do. Only WebAssembly on the
 * processor is used: on graphics cards other people got wrong answers.
 */

import * as ort from "../../ort/ort.wasm.min.mjs";

const RUNTIME = new URL("../../ort/", import.meta.url).href;
const MODELS = new URL("../../models/", import.meta.url).href;

/** File of each network; the detector's come first, because they are small and needed first. */
const FILES = {
  pnet: "mtcnn-pnet.onnx",
  rnet: "mtcnn-rnet.onnx",
  onet: "mtcnn-onet.onnx",
  recognizer: "recognizer.onnx",
};

/** Every picture has sizes of its own: an arena would keep the memory of the largest one for good. */
const DETECTOR_OPTIONS = { enableCpuMemArena: false, enableMemPattern: false };

const MOST_THREADS = 4;

/** Report a problem of the engine, with a code by which the page can name a fix. */
export class EngineError extends Error {
  /**
   * @param {"memory" | "wasm" | "load"} code memory: the browser refuses memory; load: a file of the page did not come;
   * wasm: the runtime failed otherwise.
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}

/**
 * Choose the number of threads: one core is left to the page and the camera.
 * @returns {number} 1 where the page is not cross-origin isolated, because browsers then share no memory.
 */
export function chooseThreads() {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.max(1, Math.min(MOST_THREADS, (navigator.hardwareConcurrency || 1) - 1));
}

/** Hold the sessions of all networks. */
export class Runtime {
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  #sessions = {};

  /**
   * Load the runtime and all networks.
   * @param {object} options
   * @param {number} options.threads of WebAssembly.
   * @param {(done: number, total: number) => void} options.onProgress bytes of the networks.
   * @returns {Promise<{runtime: Runtime, model: object}>} `model` is the recognizer's description.
   */
  static async open({ threads, onProgress }) {
    ort.env.wasm.wasmPaths = RUNTIME;
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = "error";
    const runtime = new Runtime();
    const progress = new Progress(onProgress, Object.keys(FILES).length);
    const description = load(`${MODELS}recognizer.json`).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    const loads = Object.entries(FILES).map(([name, file]) => [name, load(MODELS + file, progress)]);
    // A failure must not be reported as unhandled while another file is still awaited.
    for (const each of [description, ...loads.map(([, bytes]) => bytes)]) each.catch(() => {});
    for (const [name, bytes] of loads) {
      const options = name === "recognizer" ? {} : DETECTOR_OPTIONS;
      const content = await bytes;
      const session = () => ort.InferenceSession.create(content, { executionProviders: ["wasm"], ...options });
      runtime.#sessions[name] = await session().catch(toEngineError);
    }
    return { runtime, model: await description };
  }

  /**
   * Run a network after all runs before it: the runtime holds one stack.
   * @param {keyof typeof FILES} name
   * @param {Record<string, [type: string, data: ArrayBufferView, shape: number[]]>} inputs
   * @returns {Promise<Record<string, {data: any, dims: readonly number[]}>>} in the order of the file.
   */
  run(name, inputs) {
    const session = this.#sessions[name];
    const feeds = Object.entries(inputs).map(([key, [type, data, shape]]) => [key, new ort.Tensor(type, data, shape)]);
    const next = this.#last.then(() => session.run(Object.fromEntries(feeds))).catch(toEngineError);
    this.#last = next.catch(() => {});
    return next;
  }
}

/** Add up the bytes of several downloads; silent until the size of all is known. */
class Progress {
  #files = new Map();

  constructor(report, count) {
    this.report = report;
    this.count = count;
  }

  update(address, done, total) {
    this.#files.set(address, { done, total });
    if (this.#files.size < this.count) return;
    const files = [...this.#files.values()];
    const sum = (key) => files.reduce((before, file) => before + file[key], 0);
    this.report(sum("done"), sum("total"));
  }
}

/** Download a file of the page. */
async function load(address, progress) {
  const failed = (why) => new EngineError("load", `${address}: did not come (${why}). Load the page again.`);
  const answer = await fetch(address).catch((error) => Promise.reject(failed(error.message)));
  if (!answer.ok) throw failed(`status ${answer.status}`);
  const total = Number(answer.headers.get("Content-Length"));
  const parts = [];
  let done = 0;
  const reader = answer.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      done += part.value.length;
      progress?.update(address, done, Math.max(total, done)); // a compressed answer is larger than it says
    }
  } catch (error) {
    throw failed(error.message);
  }
  const content = new Uint8Array(done);
  parts.reduce((at, part) => (content.set(part, at), at + part.length), 0);
  return content;
}

function toEngineError(error) {
  const text = String(error?.message ?? error);
  const code = error instanceof RangeError || /memory|alloc/i.test(text) ? "memory" : "wasm";
  throw new EngineError(code, text);
}
