/**
 * Find the faces of a camera's frames: detect in every third frame, and follow between.
 *
 * In: pictures in order, with times in seconds. Out: the faces of each. Does not know about expressions. A detection takes
 * most of a frame's time. Between two of them a Kalman filter says where each face should be by now, and the last network
 * of the detector moves that box onto the face. So boxes do not lag, and a face that left is not followed.
 */

import { Tracker } from "./tracking.js";

/** @import {Mtcnn} from "./mtcnn.js" */
/** @import {Picture} from "./resampling.js" */
/** @import {DetectedFace} from "./tiling.js" */

const DETECT_EVERY = 3; // frames
const LONGEST_GAP_S = 2; // after a longer one faces may be anywhere; a slow phone takes half of it for a detection

/** Follow the faces of one camera. */
export class Follower {
  #tracker = new Tracker();
  #untracked = []; // boxes of the last frame whose score is too low for a track
  #sinceDetection = Infinity; // frames; infinite before the first detection
  #before = "";

  /**
   * Return the faces of the next frame, largest first.
   * @param {Mtcnn} detector
   * @param {Picture} picture
   * @param {number} minFacePx
   * @param {number} timeS
   * @returns {Promise<DetectedFace[]>}
   */
  async find(detector, picture, minFacePx, timeS) {
    const setting = `${picture.width} x ${picture.height}, ${minFacePx}`;
    const tracker = setting === this.#before ? this.#tracker : new Tracker();
    const gapS = timeS - (tracker.timeS ?? -Infinity);
    const expected = [...tracker.expectBoxes(timeS), ...(setting === this.#before ? this.#untracked : [])];
    const recent = this.#sinceDetection < DETECT_EVERY && gapS >= 0 && gapS < LONGEST_GAP_S;
    const followed = recent && expected.length ? await detector.refine(picture, expected) : [];
    // Where a face is lost, it may have moved further than the network sees: the frame is searched at once.
    const follows = followed.length > 0 && followed.length === expected.length;
    const faces = follows ? followed : await detector.detect(picture, minFacePx);
    faces.sort((a, b) => measureArea(b.box) - measureArea(a.box));
    // A frame that was canceled changes nothing: state changes from here on only.
    [this.#before, this.#tracker] = [setting, tracker];
    const numbers = tracker.update(faces, timeS);
    this.#untracked = faces.filter((_, i) => numbers[i] === null).map(({ box }) => box);
    this.#sinceDetection = follows ? this.#sinceDetection + 1 : 1;
    return faces;
  }
}

function measureArea([x1, y1, x2, y2]) {
  return (x2 - x1) * (y2 - y1);
}
