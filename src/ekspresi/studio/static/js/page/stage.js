/** Draw the picture with a box and a label for each face, and let people choose one. */

import { byId, make } from "./elements.js";
import { placeLabels } from "./label_layout.js";
import { labelTexts, measureText } from "./label_texts.js";
import { answerOf, colorOf, predictionOf } from "./predictions.js";

const FONT = "560 12px Inter, sans-serif";
const LABEL_PX = 20;
const OUTLINE_PX = 4;
const GAP_PX = 5;

/**
 * Start the stage.
 *
 * @param {object} store of the page.
 * @param {function(number): void} choose selects a face by its index.
 */
export function startStage(store, choose) {
  const canvas = byId("picture");
  const draw = () => drawBoxes(store.state, canvas, choose);
  store.on(["shown"], ({ shown }) => {
    if (!shown) return;
    const { width, height } = shown;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // transparent pixels are white for the model too
    context.fillRect(0, 0, width, height);
    context.drawImage(shown, 0, 0);
  });
  store.on(["faces", "selected", "language", "shown"], draw);
  new ResizeObserver(draw).observe(byId("stage"));
  document.fonts.ready.then(draw);
}

/** Compute where the picture lies on the stage, which may be wider than it. */
function placePicture(canvas, { width, height }) {
  const scale = Math.min(canvas.clientWidth / width, canvas.clientHeight / height);
  const [shownWidth, shownHeight] = [width * scale, height * scale];
  const left = canvas.offsetLeft + (canvas.clientWidth - shownWidth) / 2;
  const top = canvas.offsetTop + (canvas.clientHeight - shownHeight) / 2;
  return { scale, left, top, width: shownWidth, height: shownHeight };
}

function drawBoxes({ picture, faces, selected, labels, mirrored }, canvas, choose) {
  const layer = byId("boxes");
  if (!picture || !faces.length || !canvas.clientWidth) {
    layer.replaceChildren();
    return;
  }
  const place = placePicture(canvas, picture);
  for (const [name, value] of [["left", place.left], ["top", place.top], ["width", place.width], ["height", place.height]]) layer.style[name] = `${value}px`;
  const boxes = faces.map(({ box }) => {
    const [x1, , x2] = box;
    const across = mirrored ? [picture.width - x2, picture.width - x1] : [x1, x2];
    return [across[0], box[1], across[1], box[3]].map((edge) => edge * place.scale);
  });
  const texts = faces.map((face) => labelTexts(predictionOf(face), labels).map((text) => (face.track ? `${face.track} ${text}` : text)));
  const sizes = texts.map((choices) => choices.map((text) => [Math.ceil(measureText(text, FONT)) + 20, LABEL_PX]));
  const outlines = boxes.map(([x1, y1, x2, y2]) => [x1 - OUTLINE_PX, y1 - OUTLINE_PX, x2 + OUTLINE_PX, y2 + OUTLINE_PX]);
  const spots = placeLabels(outlines, sizes, [place.width, place.height], GAP_PX);
  const leaders = [];
  const tags = [];
  const frames = [];
  faces.forEach((face, i) => {
    const prediction = predictionOf(face);
    const answer = answerOf(prediction, labels);
    const color = colorOf(answer);
    const state = [prediction.abstained && "unsure", i === selected && "chosen"].filter(Boolean);
    frames.push(makeBox(boxes[i], color, state, () => choose(i)));
    const spot = spots[i];
    if (!spot) return;
    if (spot.line) leaders.push(makeLeader(spot.line));
    const tag = make(["span", "tag", ...state].join("."), { "--expression": color }, make("i"), texts[i][spot.label]);
    tag.style.transform = `translate(${spot.x}px, ${spot.y}px)`;
    tag.style.width = `${sizes[i][spot.label][0]}px`;
    tags.push(tag);
  });
  layer.replaceChildren(...leaders, ...frames.reverse(), ...tags);
}

function makeBox([x1, y1, x2, y2], color, state, choose) {
  // The list of faces below the picture serves the keyboard and screen readers; these boxes serve the pointer.
  const box = make(["button", "box", ...state].join("."), { type: "button", tabindex: -1, "aria-hidden": "true", "--expression": color });
  for (const [name, value] of [["left", x1], ["top", y1], ["width", x2 - x1], ["height", y2 - y1]]) box.style[name] = `${value}px`;
  box.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays where keys work
  box.addEventListener("click", choose);
  return box;
}

function makeLeader([x1, y1, x2, y2]) {
  const leader = make("span.leader");
  leader.style.width = `${Math.hypot(x2 - x1, y2 - y1)}px`;
  leader.style.transform = `translate(${x1}px, ${y1}px) rotate(${Math.atan2(y2 - y1, x2 - x1)}rad)`;
  return leader;
}
