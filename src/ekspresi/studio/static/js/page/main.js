/** Start the page: state, parts, engine, and the first example. */

import { createEngine } from "../engine/client.js";
import { startAnalysis } from "./analysis.js";
import { startCamera } from "./camera.js";
import { byId } from "./elements.js";
import { startEvidence } from "./evidence.js";
import { startInspector } from "./inspector.js";
import { keepLanguage, loadLanguage, preferredLanguage } from "./locale.js";
import { drawNotices, showNotice } from "./notices.js";
import { drawOffline, startOffline } from "./offline.js";
import { startSaving } from "./saving.js";
import { startSizeLab } from "./size_lab.js";
import { connectSources } from "./sources.js";
import { startStage } from "./stage.js";
import { startStatus } from "./status.js";
import { createStore } from "./store.js";
import { startStrip } from "./strip.js";
import { drawThemeButton, startTheme } from "./theme.js";
import { startTimeline } from "./timeline.js";

const store = createStore({
  phase: "loading", // "loading", "ready" or "failed"
  loaded: 0, // fraction of the model and its runtime
  opened: null, // promise of the engine
  language: null,
  labels: [],
  picture: null, // {blob, name, example, width, height}
  shown: null, // ImageBitmap of the stage
  mirrored: false,
  live: false, // the camera runs
  busy: false,
  faces: [],
  selected: -1, // index in `faces`
  selectedTrack: null,
  sizes: null, // of the chosen face
  position: 0, // of the slider, index in `positionsOf`
  evidenceShown: false,
  evidence: null,
  history: null, // of the camera
  historyTime: 0,
  rate: null, // frames a second
  minFacePx: 24,
  prior: "trained",
  analyzed: false, // the faces are those of a picture, not of the camera
});

async function changeLanguage(language) {
  if (language === store.state.language) return; // its texts are drawn, some of them with the state
  keepLanguage(language);
  await loadLanguage(language);
  drawNotices();
  drawThemeButton();
  drawOffline();
  store.set({ language });
}

function chooseFace(index) {
  store.set({ selected: index, selectedTrack: store.state.faces[index]?.track ?? null });
}

function chooseTrack(number) {
  const index = store.state.faces.findIndex(({ track }) => track === number);
  if (index >= 0) chooseFace(index);
}

function fail(error) {
  console.warn(error);
  showNotice(["memory", "wasm", "load"].includes(error.code) ? error.code : "unknown", { detail: error.message });
}

async function openEngine(engine) {
  try {
    const { labels } = await engine.open({ onProgress: (done, total) => store.set({ loaded: total ? done / total : 0 }) });
    store.set({ labels, phase: "ready" });
  } catch (error) {
    store.set({ phase: "failed", busy: false });
    fail(typeof WebAssembly === "object" ? error : Object.assign(error, { code: "wasm" }));
    throw error;
  }
}

function connectPrivacy() {
  const dialog = byId("privacy");
  byId("privacy-button").addEventListener("click", () => dialog.showModal());
  byId("privacy-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

async function start() {
  byId("late").remove();
  startTheme();
  const engine = createEngine();
  const opened = openEngine(engine);
  opened.catch(() => {}); // `fail` has shown it; each analysis waits for the same promise
  store.set({ opened });
  startStage(store, chooseFace);
  startStrip(store, chooseFace);
  startInspector(store);
  startSizeLab(store, engine, fail);
  startEvidence(store, engine, fail);
  startTimeline(store, chooseTrack);
  startSaving(store, fail);
  startStatus(store, changeLanguage);
  const { open } = startAnalysis(store, engine, fail);
  const camera = startCamera(store, engine, fail);
  const openExample = connectSources((blob, name, example) => {
    camera.stop();
    return open(blob, name, example);
  });
  connectPrivacy();
  await loadLanguage(preferredLanguage());
  drawThemeButton();
  store.set({ language: preferredLanguage() });
  if (!isSecureContext) showNotice("insecure", {}, "note");
  await openExample();
  await opened.then(startOffline, () => {});
}

start();
