/** Analyze the open picture whenever it, the smallest face or the prior changes; a newer run cancels the older one. */

import { showNotice, clearNotices } from "./notices.js";
import { MOST_PIXELS, readPicture } from "./pictures.js";

/** Notices that a new picture does not remove. */
const LASTING = ["insecure"];

/**
 * Start the analysis of pictures.
 *
 * @param {object} store of the page.
 * @param {object} engine finds faces and recognizes expressions.
 * @param {function(Error): void} fail
 * @returns {{open: function(Blob, string, ?string): Promise<void>}} `open(blob, name, example)` shows a picture.
 */
export function startAnalysis(store, engine, fail) {
  let stop = new AbortController();
  let opening = 0;
  let analyzing = false;

  async function open(blob, name, example = null) {
    opening += 1;
    const number = opening;
    clearNotices(LASTING);
    store.set({ live: false, busy: true });
    let read;
    try {
      read = await readPicture(blob);
    } catch {
      if (number !== opening) return;
      store.set({ busy: analyzing }); // the picture before stays, and so does its analysis
      showNotice("unreadable", { name });
      return;
    }
    if (number !== opening) {
      read.bitmap.close();
      read.shown.close();
      return;
    }
    const { bitmap, shown, width, height, full } = read;
    if (full[0] * full[1] > MOST_PIXELS) {
      const megapixels = (pixels) => (pixels / 1e6).toFixed(0);
      showNotice("reduced", { from: megapixels(full[0] * full[1]), to: megapixels(width * height) }, "note");
    }
    store.state.shown?.close();
    store.set({ picture: { blob, name, example, width, height }, shown, mirrored: false, faces: [], selected: -1, analyzed: false });
    await analyze(bitmap);
  }

  async function analyze(bitmap) {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    analyzing = true;
    store.set({ busy: true });
    try {
      await store.state.opened;
      const { picture, minFacePx, prior } = store.state;
      const image = bitmap ?? (await readAgain(picture.blob));
      const { faces } = await engine.analyze({ image, minFacePx, prior, signal });
      if (signal.aborted) return;
      analyzing = false;
      const { selected } = store.state;
      const kept = selected >= 0 && selected < faces.length ? selected : 0;
      store.set({ faces, selected: faces.length ? kept : -1, analyzed: true, busy: false });
      if (faces.length === 0) showNotice(minFacePx > 12 ? "nobody" : "nobody.small", {}, "note");
      else clearNotices([...LASTING, "reduced"]);
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      analyzing = false;
      store.set({ busy: false });
      fail(error);
    }
  }

  store.on(["minFacePx", "prior"], ({ picture, live }) => {
    if (picture?.blob && !live) analyze(null);
  });
  store.on(["live"], ({ live }) => {
    if (!live) return;
    opening += 1; // a picture that is still being read does not replace the camera
    stop.abort();
  });
  return { open };
}

/** Read the open picture for the analysis alone: the stage shows it already. */
async function readAgain(blob) {
  const { bitmap, shown } = await readPicture(blob);
  shown.close();
  return bitmap;
}
