/**
 * Give the same face the same track number from frame to frame, as tracking/bytetrack.py does.
 *
 * In: the faces of each frame, with boxes and scores, and its time in seconds. Out: the track number of each face. Does
 * not know about pictures or expressions. The method is ByteTrack (Zhang et al., ECCV 2022), changed for small faces and
 * for frames at irregular times; the Python module names the changes. Boxes are widened in pixels and by the filter's
 * uncertainty, so tracks hold at 5 frames a second, where faces that walk no longer overlap themselves.
 */

import { assign } from "./assignment.js";
import { widenedIou } from "./boxes.js";
import { TRACKING } from "./constants.js";
import { KalmanFilter } from "./kalman.js";

/**
 * Compute the seconds between two time stamps; a usual step where time runs backwards or a stamp is missing.
 * @param {number | null} before
 * @param {number} now
 * @returns {number}
 */
export function computeStepS(before, now) {
  const step = before === null ? NaN : now - before;
  return Number.isFinite(step) && step >= 0 ? step : TRACKING.FRAME_S;
}

/** Number the faces of one camera or video. */
export class Tracker {
  constructor() {
    this.timeS = null;
    this.nextNumber = 1;
    /** @type {{number: number, unseenS: number, filter: KalmanFilter}[]} */
    this.tracks = [];
    this.stepsS = [];
  }

  /**
   * Number the faces of the next frame.
   * @param {{box: number[], score: number}[]} faces in any order.
   * @param {number} timeS of the frame.
   * @returns {(number | null)[]} null for a face of low score without a track, and for an invalid box.
   */
  update(faces, timeS) {
    const stepS = computeStepS(this.timeS, timeS);
    if (this.timeS !== null) this.stepsS = [...this.stepsS, stepS].slice(-TRACKING.STEPS_KEPT);
    this.timeS = timeS;
    this.#advance(stepS);
    const trackOf = new Map();
    const valid = faces.map((face, i) => i).filter((i) => isValid(faces[i].box));
    const high = valid.filter((i) => faces[i].score >= TRACKING.HIGH_SCORE);
    const low = valid.filter((i) => faces[i].score < TRACKING.HIGH_SCORE);
    this.#match(faces, high, TRACKING.MIN_IOU, trackOf);
    this.#match(faces, low, TRACKING.MIN_IOU_LOW_SCORE, trackOf);
    for (const [i, track] of trackOf) {
      track.filter.correct(faces[i].box);
      track.unseenS = 0;
    }
    for (const i of high) {
      if (trackOf.has(i)) continue;
      trackOf.set(i, { number: this.nextNumber++, unseenS: 0, filter: new KalmanFilter(faces[i].box) });
      this.tracks.push(trackOf.get(i));
    }
    return faces.map((_, i) => trackOf.get(i)?.number ?? null);
  }

  /**
   * Return the boxes where the faces of the last frame will be.
   * @param {number} timeS
   * @returns {number[][]} x1, y1, x2, y2 of each.
   */
  expectBoxes(timeS) {
    const aheadS = computeStepS(this.timeS, timeS);
    return this.tracks.filter(({ unseenS }) => unseenS === 0).map(({ filter }) => filter.box(aheadS));
  }

  /** Move all tracks on by a step, and drop the lost ones. */
  #advance(stepS) {
    for (const track of this.tracks) track.unseenS += stepS;
    const lostS = this.#usualLostS();
    this.tracks = this.tracks.filter(({ unseenS }) => unseenS <= lostS);
    for (const { filter } of this.tracks) filter.predict(stepS);
  }

  /** Return the seconds after which a track is lost at the usual step between frames. */
  #usualLostS() {
    const sorted = [...this.stepsS].sort((a, b) => a - b);
    const usualS = sorted.length ? sorted[Math.floor((sorted.length - 1) / 2)] : 0;
    return usualS <= TRACKING.LONGEST_STEP_S ? Math.max(TRACKING.LOST_S, TRACKING.LOST_STEPS * usualS) : TRACKING.LOST_S;
  }

  /** Pair some of the faces with the tracks that have none yet, by the overlap of widened boxes. */
  #match(faces, chosen, minIou, trackOf) {
    const taken = new Set(trackOf.values());
    const free = this.tracks.filter((track) => !taken.has(track));
    const overlaps = free.map(({ filter }) => {
      const [box, margin] = [filter.box(), TRACKING.MARGIN_PX + widenByUncertainty(filter)];
      return chosen.map((i) => widenedIou(box, faces[i].box, margin));
    });
    for (const [row, column] of assign(overlaps.map((row) => row.map((value) => (value >= minIou ? value : 0))))) {
      if (overlaps[row][column] >= minIou) trackOf.set(chosen[column], free[row]);
    }
  }
}

function widenByUncertainty(filter) {
  const [sides, pixels] = TRACKING.MAX_WIDENING;
  return Math.min(filter.positionStdPx, sides * filter.sidePx + pixels);
}

function isValid([x1, y1, x2, y2]) {
  return Number.isFinite(x2 - x1) && Number.isFinite(y2 - y1) && x2 > x1 && y2 > y1;
}
