/**
 * Find the best free spot for the label of each face, as `visualization/label_layout.py` does.
 *
 * In: sizes and boxes in pixels. Out: positions. Does not know about pictures, text or expressions.
 */

/** Cost above which a label is left out, because it would hide faces or other labels. */
export const BEARABLE = 0.3;

/** Cost up to which a fuller label is kept. */
export const GOOD = 0.035;

const SPOTS_PER_STEP = 10;
const SPOTS = 4 * SPOTS_PER_STEP;
const STEP_COST = 0.01;
const CROSSING_COST = 0.3;

/**
 * Place the labels of all faces, larger faces first; no label hides another one, nor a face where there is room.
 *
 * @param {number[][]} boxes x1, y1, x2, y2 of each face with its outline.
 * @param {number[][][]} sizes of each face: width and height of its labels, the fullest first.
 * @param {number[]} area width and height that labels never leave.
 * @param {number} gap pixels between two labels.
 * @returns {({label: number, x: number, y: number, line: ?number[]}|null)[]} of each face; null where none fits.
 */
export function placeLabels(boxes, sizes, area, gap) {
  const placed = [];
  return boxes.map((face, i) => {
    const spot = placeLabel(sizes[i], face, boxes, placed, area, gap);
    if (!spot) return null;
    const [width, height] = sizes[i][spot.label];
    const box = [spot.x, spot.y, spot.x + width, spot.y + height];
    placed.push(box);
    return { label: spot.label, x: spot.x, y: spot.y, line: connectLabel(face, box, gap) };
  });
}

/** Choose a label that fits near a face, and its spot, or null; arguments as in Python's `place_label`. */
export function placeLabel(sizes, face, faces, placed, area, gap) {
  let best = null;
  let covering = null;
  for (let label = 0; label < sizes.length; label += 1) {
    for (let number = 0; number < SPOTS; number += 1) {
      if (best && best.cost <= STEP_COST * Math.floor(number / SPOTS_PER_STEP)) break;
      const spot = evaluateSpot(label, number, sizes[label], face, faces, placed, area, gap);
      if (spot.covers) {
        if (!covering || spot.cost < covering.cost - 1e-9) covering = spot;
      } else if (!best || spot.cost < best.cost - 1e-9) best = spot;
    }
    if (best && best.cost < GOOD) break;
  }
  if (!best || best.cost > BEARABLE) best = covering;
  return !best || best.cost > BEARABLE ? null : best;
}

function evaluateSpot(label, number, [width, height], face, faces, placed, area, gap) {
  const [x, y, steps] = corner(number, width, height, face, area, gap);
  const box = [x, y, x + width, y + height];
  const withGap = [x - gap, y - gap, x + width + gap, y + height + gap];
  const others = faces.filter((other) => other !== face);
  let hidden = 0;
  for (const other of others) hidden += hiddenFraction(other, box);
  const covers = hidden > 0;
  hidden += 3 * hiddenFraction(face, box);
  for (const other of placed) hidden += 3 * Math.max(hiddenFraction(other, withGap), hiddenFraction(withGap, other));
  let cost = hidden + STEP_COST * steps;
  const line = connectLabel(face, box, gap);
  if (line && [...others, ...placed].some((other) => crosses(line, other))) cost += CROSSING_COST;
  return { label, number, x, y, cost, covers };
}

/** Find the ends of the line from a face to its label; null where the label is next to the face. */
export function connectLabel(face, label, gap) {
  const [x1, x2] = closestPoints(face[0], face[2], label[0], label[2]);
  const [y1, y2] = closestPoints(face[1], face[3], label[1], label[3]);
  return Math.abs(x2 - x1) + Math.abs(y2 - y1) > 2 * gap ? [x1, y1, x2, y2] : null;
}

function corner(number, width, height, face, area, gap) {
  const [x1, y1, x2, y2] = face.map(Math.round);
  const steps = Math.floor(number / SPOTS_PER_STEP);
  const direction = number % SPOTS_PER_STEP;
  const away = Math.floor(gap / 2) + steps * (height + gap);
  let x;
  let y;
  if (direction < 6) {
    x = [x1, Math.floor((x1 + x2 - width) / 2), x2 - width][direction % 3];
    y = [y1 - away - height, y2 + away][Math.floor(direction / 3)];
  } else {
    x = [x2 + away, x1 - away - width][Math.floor((direction - 6) / 2)];
    y = [y1, y2 - height][direction % 2];
  }
  const [right, bottom] = [Math.max(0, area[0] - width), Math.max(0, area[1] - height)];
  return [Math.min(Math.max(x, 0), right), Math.min(Math.max(y, 0), bottom), steps];
}

function closestPoints(a1, a2, b1, b2) {
  if (a2 < b1) return [a2, b1];
  if (b2 < a1) return [a1, b2];
  const middle = (Math.max(a1, b1) + Math.min(a2, b2)) / 2;
  return [middle, middle];
}

function hiddenFraction(box, by) {
  const width = Math.min(box[2], by[2]) - Math.max(box[0], by[0]);
  const height = Math.min(box[3], by[3]) - Math.max(box[1], by[1]);
  return width <= 0 || height <= 0 ? 0 : (width * height) / ((box[2] - box[0]) * (box[3] - box[1]));
}

function crosses(line, box) {
  const [x1, x2] = [Math.min(line[0], line[2]), Math.max(line[0], line[2])];
  const [y1, y2] = [Math.min(line[1], line[3]), Math.max(line[1], line[3])];
  return x1 < box[2] && box[0] < x2 + 1 && y1 < box[3] && box[1] < y2 + 1;
}
