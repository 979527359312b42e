/**
 * Run the camera: analyze a frame, show that frame with its faces, take the next one.
 *
 * The stage shows the frame that was analyzed, not the video, so a box never lags behind its face.
 */

import { byId, make } from "./elements.js";
import { History } from "./history.js";
import { t } from "./locale.js";
import { clearNotices, showNotice } from "./notices.js";

const WANTED = { width: { ideal: 640 }, height: { ideal: 480 } };
const RATE_FRAMES = 12; // frames that the shown rate averages
const DRAW_MS = 250; // between two drawings of the time line

/** Notice of each error of `getUserMedia`. */
const NOTICES = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "no-camera", OverconstrainedError: "no-camera", NotReadableError: "camera-busy", AbortError: "camera-busy" };

/**
 * Start the camera's controls.
 *
 * @param {object} store of the page.
 * @param {object} engine analyzes and follows faces.
 * @param {function(Error): void} fail
 * @returns {{stop: function(): void}}
 */
export function startCamera(store, engine, fail) {
  const video = make("video", { muted: true, playsinline: true });
  video.muted = true;
  const choice = byId("camera-choice");
  let run = null;

  async function start(deviceId) {
    stop();
    clearNotices(["insecure"]);
    if (!navigator.mediaDevices?.getUserMedia) {
      showNotice(isSecureContext ? "no-camera" : "insecure-camera");
      return;
    }
    const mine = { stream: null, mirrored: false, history: new History(), startedS: 0, times: [] };
    run = mine;
    try {
      const device = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
      const stream = await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...device }, audio: false });
      if (run !== mine) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      mine.stream = stream;
      const [track] = stream.getVideoTracks();
      track.addEventListener("ended", () => {
        if (run === mine) {
          stop();
          showNotice("camera-lost");
        }
      });
      video.srcObject = stream;
      await video.play();
      await listCameras(choice, track.getSettings().deviceId, () => run === mine);
      if (run !== mine) return;
      mine.mirrored = track.getSettings().facingMode !== "environment";
      // The picture and its faces stay until the first frame comes.
      store.set({ live: true, busy: false, selectedTrack: null, history: mine.history });
      await store.state.opened;
      engine.resetTracks();
      mine.startedS = performance.now() / 1000;
      while (run === mine) await step(store, engine, video, mine, () => run === mine);
    } catch (error) {
      if (run !== mine) return;
      stop();
      if (error.name in NOTICES) showNotice(NOTICES[error.name]);
      else fail(error);
    }
  }

  function stop() {
    if (!run) return;
    for (const track of run.stream?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    run = null;
    choice.hidden = true;
    store.set({ live: false, rate: null });
    keepLastFrame(store);
  }

  byId("camera").addEventListener("click", () => (run ? stop() : start()));
  choice.addEventListener("change", () => start(choice.value));
  store.on(["live", "language"], drawButton);
  store.on(["rate", "language"], ({ rate }) => {
    byId("rate").hidden = rate === null;
    if (rate !== null) byId("rate").textContent = t("rate", { rate: rate.toFixed(rate < 10 ? 1 : 0) });
  });
  return { stop };
}

async function step(store, engine, video, mine, isCurrent) {
  const shown = await createImageBitmap(video);
  const image = await createImageBitmap(shown);
  const timeS = performance.now() / 1000;
  const { minFacePx, prior, labels } = store.state;
  let result;
  try {
    result = await engine.analyze({ image, minFacePx, prior, live: true, timeS });
  } catch (error) {
    shown.close();
    if (error.name === "AbortError") return; // a newer call of the engine came between
    throw error;
  }
  const faces = engine.track(result, timeS, prior);
  if (!isCurrent()) {
    shown.close();
    return;
  }
  mine.history.add(faces, timeS - mine.startedS, labels);
  mine.times.push(performance.now());
  if (mine.times.length > RATE_FRAMES) mine.times.shift();
  const { selectedTrack } = store.state;
  const followed = faces.findIndex(({ track }) => track === selectedTrack && track !== null);
  const selected = followed >= 0 ? followed : Math.min(0, faces.length - 1);
  const picture = { blob: null, name: "camera.png", example: null, width: shown.width, height: shown.height };
  const spanMs = mine.times.at(-1) - mine.times[0];
  const old = store.state.shown;
  const rate = spanMs > 0 ? (1000 * (mine.times.length - 1)) / spanMs : null;
  const { mirrored } = mine;
  store.set({ shown, picture, mirrored, faces, selected, selectedTrack: faces[selected]?.track ?? selectedTrack, rate, analyzed: false });
  old?.close();
  const drawn = Math.floor(performance.now() / DRAW_MS);
  if (drawn !== store.state.historyTime) store.set({ historyTime: drawn });
}

/** Keep the last frame as a picture that can be saved and analyzed again. */
function keepLastFrame(store) {
  const { picture, shown } = store.state;
  if (!picture || picture.blob || !shown) return;
  const canvas = make("canvas", { width: shown.width, height: shown.height });
  canvas.getContext("2d").drawImage(shown, 0, 0);
  canvas.toBlob((blob) => {
    if (store.state.picture === picture) store.set({ picture: { ...picture, blob } });
  }, "image/png");
}

async function listCameras(choice, current, isCurrent) {
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  if (!isCurrent()) return;
  choice.hidden = cameras.length < 2;
  choice.replaceChildren(...cameras.map(({ deviceId, label }, i) => make("option", { value: deviceId, selected: deviceId === current }, label || `${i + 1}`)));
}

function drawButton({ live }) {
  const button = byId("camera");
  button.setAttribute("aria-pressed", live ? "true" : "false");
  button.classList.toggle("recording", live);
  byId("camera-text").textContent = t(live ? "camera.stop" : "camera.start");
}
