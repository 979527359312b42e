/**
 * Decode, reduce and annotate pictures beside the page, so that the page never waits.
 *
 * In: messages with a picture file. Out: its pixels and a small picture for the screen, or an annotated PNG. Does not
 * know about faces.
 */

const SHOWN_PX = 1920; // longer side of the picture on the screen

onmessage = async ({ data: { id, task, values } }) => {
  try {
    const { result, transfer } = await { read, annotate }[task](values);
    postMessage({ id, result }, { transfer });
  } catch (error) {
    postMessage({ id, error: { name: error.name, message: error.message } });
  }
};

/** Decode a picture upright; reduce it to `mostPixels`. */
async function read({ blob, mostPixels }) {
  const { bitmap, full } = await decode(blob, mostPixels);
  const { width, height } = bitmap;
  const scale = Math.min(1, SHOWN_PX / Math.max(width, height));
  const shown = scale < 1 ? reduce(bitmap, Math.round(width * scale), Math.round(height * scale)).transferToImageBitmap() : await createImageBitmap(bitmap);
  return { result: { bitmap, shown, width, height, full }, transfer: [bitmap, shown] };
}

async function decode(blob, mostPixels) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const full = [bitmap.width, bitmap.height];
  const scale = Math.sqrt(mostPixels / (full[0] * full[1]));
  if (scale >= 1) return { bitmap, full };
  const reduced = reduce(bitmap, Math.floor(full[0] * scale), Math.floor(full[1] * scale)).transferToImageBitmap();
  bitmap.close();
  return { bitmap: reduced, full };
}

function reduce(bitmap, width, height) {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Draw outlines and labels on a picture, and write it as PNG. */
async function annotate({ blob, mostPixels, shapes, font, line }) {
  await loadFont();
  const { bitmap } = await decode(blob, mostPixels);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  for (const { box, color, dashed } of shapes) drawOutline(context, box, color, dashed, line);
  context.font = font;
  context.textBaseline = "middle";
  for (const { label, color, dashed } of shapes) if (label) drawLabel(context, label, color, dashed, line);
  return { result: await canvas.convertToBlob({ type: "image/png" }), transfer: [] };
}

async function loadFont() {
  if (!self.fonts) return; // the browser's own letters then serve
  const font = new FontFace("Inter", 'url("../../fonts/inter.woff2")', { weight: "100 900" });
  self.fonts.add(await font.load());
}

function drawOutline(context, [x1, y1, x2, y2], color, dashed, line) {
  context.lineWidth = 2 * line;
  context.strokeStyle = "#14171ccc";
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.lineWidth = line;
  context.strokeStyle = color;
  context.setLineDash(dashed ? [3 * line, 3 * line] : []);
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.setLineDash([]);
}

function drawLabel(context, { x, y, width, height, text, leader }, color, dashed, line) {
  if (leader) {
    context.lineWidth = line * 0.7;
    context.strokeStyle = "#ffffffc0";
    context.beginPath();
    context.moveTo(leader[0], leader[1]);
    context.lineTo(leader[2], leader[3]);
    context.stroke();
  }
  context.save();
  context.beginPath();
  context.roundRect(x, y, width, height, height * 0.28);
  context.clip();
  context.fillStyle = "#14171ce6";
  context.fillRect(x, y, width, height);
  context.fillStyle = color;
  const swatch = height * 0.25;
  for (let top = 0; top < height; top += dashed ? 2 * swatch : height) context.fillRect(x, y + top, swatch, dashed ? swatch : height);
  context.fillStyle = "#ffffff";
  context.fillText(text, x + swatch + height * 0.28, y + height * 0.53);
  context.restore();
}
