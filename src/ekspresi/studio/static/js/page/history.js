/** Remember what the camera saw: a line for each track, and all rows for the table. */

import { answerOf } from "./predictions.js";

/** Seconds that the time line shows. */
export const WINDOW_S = 60;

/** Rows that are kept for the table, about an hour of three faces; older ones are dropped. */
const MOST_ROWS = 100_000;

/** Hold the tracks and rows of one run of the camera. */
export class History {
  constructor() {
    this.tracks = new Map();
    this.rows = [];
    this.frames = 0;
    this.timeS = 0;
  }

  /**
   * Add the faces of a frame.
   *
   * @param {object[]} faces of `engine.track`.
   * @param {number} timeS since the start of the camera.
   * @param {string[]} labels of the model.
   */
  add(faces, timeS, labels) {
    this.timeS = timeS;
    faces.forEach((face, i) => {
      const { probabilities, effectivePx, threshold, abstained } = face.fused ?? face;
      const prediction = { probabilities, effectivePx, threshold, abstained, facePx: face.facePx };
      this.rows.push({ source: "camera:0", frame: this.frames, timeS, track: face.track ?? null, number: i + 1, box: [...face.box], prediction });
      if (face.track === null || face.track === undefined) return;
      const answer = answerOf(prediction, labels);
      const track = this.tracks.get(face.track) ?? { number: face.track, crop: face.crop, samples: [], counts: new Map(), seen: 0 };
      if (face.crop.side >= track.crop.side) track.crop = face.crop;
      track.samples.push({ timeS, prediction, answer });
      track.counts.set(answer, (track.counts.get(answer) ?? 0) + 1);
      track.seen += 1;
      this.tracks.set(face.track, track);
    });
    this.frames += 1;
    this.forget();
  }

  forget() {
    const oldest = this.timeS - WINDOW_S;
    for (const [number, track] of this.tracks) {
      while (track.samples.length && track.samples[0].timeS < oldest) track.samples.shift();
      if (!track.samples.length) this.tracks.delete(number);
    }
    if (this.rows.length > MOST_ROWS) this.rows.splice(0, MOST_ROWS / 10);
  }
}
