/** Draw small pictures of faces, and give their gray pixels to canvases. */

/**
 * Draw the gray pixels of a crop on a canvas of the same size; style sheets enlarge it.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{side: number, gray: Uint8Array}} crop
 */
export function drawCrop(canvas, { side, gray }) {
  canvas.width = side;
  canvas.height = side;
  const image = new ImageData(side, side);
  for (let i = 0; i < gray.length; i += 1) {
    image.data.fill(gray[i], 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
