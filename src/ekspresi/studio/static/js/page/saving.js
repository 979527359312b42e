/** Save the annotated picture, the table of its faces, and all rows of the camera. */

import { writeCsv } from "./csv.js";
import { saveFile, withSuffix } from "./downloads.js";
import { byId } from "./elements.js";
import { annotatePicture } from "./pictures.js";
import { predictionOf } from "./predictions.js";

/**
 * Connect the buttons that save.
 *
 * @param {object} store of the page.
 * @param {function(Error): void} fail
 */
export function startSaving(store, fail) {
  const [picture, table, timeline] = ["save-picture", "save-table", "save-timeline"].map(byId);
  store.on(["faces", "picture", "live", "history", "historyTime", "busy"], (state) => {
    const ready = !state.live && !state.busy && state.faces.length > 0;
    picture.disabled = !(ready && state.picture.blob);
    table.disabled = !ready;
    timeline.disabled = !state.history?.rows.length;
  });
  picture.addEventListener("click", async () => {
    const { picture: open, faces, labels } = store.state;
    try {
      saveFile(await annotatePicture(open, faces, labels), withSuffix(open.name, "-annotated.png"));
    } catch (error) {
      fail(error);
    }
  });
  table.addEventListener("click", () => {
    const { picture: open, faces, labels } = store.state;
    saveCsv(faces.map((face, i) => rowOf(face, i, open.name)), labels, withSuffix(open.name, ".csv"));
  });
  timeline.addEventListener("click", () => saveCsv(store.state.history.rows, store.state.labels, "camera.csv"));
}

const rowOf = (face, i, source) => ({ source, frame: 0, timeS: null, track: null, number: i + 1, box: face.box, prediction: predictionOf(face) });

const saveCsv = (rows, labels, name) => saveFile(new Blob([writeCsv(rows, labels)], { type: "text/csv;charset=utf-8" }), name);
