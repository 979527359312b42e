/**
 * Resize pictures exactly as Pillow does, and gray crops as the Python package does.
 *
 * In: RGBA pictures or gray crops. Out: the same, of other sizes. Does not know about faces or networks. Pillow resamples
 * 8-bit pictures in fixed point, columns first, and rounds between the two passes. Detection repeats that bit by bit:
 * otherwise the browser would find other boxes than Python.
 */

/**
 * @typedef {object} Picture
 * @property {Uint8Array | Uint8ClampedArray} data RGBA, row by row; alpha is ignored.
 * @property {number} width in pixels.
 * @property {number} height in pixels.
 */

const PRECISION_BITS = 32 - 8 - 2; // of Pillow's fixed point: 8 bits for a sample, 2 for the sign and an overshoot

/**
 * Plan the weights of Pillow's bilinear filter along one axis.
 * @param {number} length of the source, in pixels.
 * @param {number} start of the part to resize, in pixels; may lie between pixels.
 * @param {number} end of that part.
 * @param {number} count of output pixels.
 * @returns {{first: Int32Array, taps: Int32Array, weights: Int32Array, most: number}} for each output pixel its first
 * source pixel, the number of them, and `most` weights in fixed point.
 */
function planAxis(length, start, end, count) {
  const [low, high] = [Math.fround(start), Math.fround(end)]; // Pillow holds a box in float32
  const scale = Math.fround(high - low) / count;
  const support = Math.max(scale, 1);
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(count);
  const taps = new Int32Array(count);
  const weights = new Int32Array(count * most);
  const shares = new Float64Array(most);
  for (let out = 0; out < count; out++) {
    const center = low + (out + 0.5) * scale;
    const from = Math.max(Math.trunc(center - support + 0.5), 0);
    const number = Math.min(Math.trunc(center + support + 0.5), length) - from;
    let sum = 0;
    for (let i = 0; i < number; i++) {
      const distance = Math.abs((i + from - center + 0.5) * (1 / support));
      shares[i] = distance < 1 ? 1 - distance : 0;
      sum += shares[i];
    }
    for (let i = 0; i < number; i++) {
      const share = sum !== 0 ? shares[i] / sum : shares[i];
      weights[out * most + i] = Math.trunc(0.5 + share * (1 << PRECISION_BITS));
    }
    first[out] = from;
    taps[out] = number;
  }
  return { first, taps, weights, most };
}

/**
 * Resize a picture by Pillow's `resize(size, BILINEAR, box)`.
 * @param {Picture} picture
 * @param {number} width of the result, in pixels.
 * @param {number} height of the result, in pixels.
 * @param {number[]} [box] x1, y1, x2, y2 of the part to resize; the whole picture by default.
 * @returns {Picture} the picture itself where nothing changes.
 */
export function resizeBilinear(picture, width, height, box = [0, 0, picture.width, picture.height]) {
  const [x1, y1, x2, y2] = box.map(Math.fround);
  let [data, stride] = [picture.data, picture.width];
  const across = width !== picture.width || x1 !== 0 || x2 !== width;
  const down = height !== picture.height || y1 !== 0 || y2 !== height;
  const rows = planAxis(picture.height, y1, y2, height);
  const top = down ? rows.first[0] : 0;
  const bottom = down ? rows.first[height - 1] + rows.taps[height - 1] : height;
  if (across) {
    data = resampleRows(picture, planAxis(picture.width, x1, x2, width), width, top, bottom);
    stride = width;
    for (let y = 0; y < height; y++) rows.first[y] -= top;
  }
  if (down) data = resampleColumns(data, stride, rows, height);
  return { data, width, height };
}

/** Resample the rows top to bottom of a picture to a width; return their RGBA. */
function resampleRows(picture, plan, width, top, bottom) {
  const { data } = picture;
  const { first, taps, weights, most } = plan;
  const out = new Uint8Array(width * (bottom - top) * 4);
  let at = 0;
  for (let y = top; y < bottom; y++) {
    const row = y * picture.width;
    for (let x = 0; x < width; x++, at += 4) {
      let [red, green, blue] = [HALF, HALF, HALF];
      let source = (row + first[x]) * 4;
      const end = x * most + taps[x];
      for (let i = x * most; i < end; i++, source += 4) {
        const weight = weights[i];
        red += data[source] * weight;
        green += data[source + 1] * weight;
        blue += data[source + 2] * weight;
      }
      out[at] = red >> PRECISION_BITS; // weights are not negative and sum to 1: no value leaves 0..255
      out[at + 1] = green >> PRECISION_BITS;
      out[at + 2] = blue >> PRECISION_BITS;
    }
  }
  return out;
}

/** Resample the columns of RGBA of a width to a height; return their RGBA. */
function resampleColumns(data, width, plan, height) {
  const { first, taps, weights, most } = plan;
  const out = new Uint8Array(width * height * 4);
  const line = width * 4;
  const sums = new Int32Array(line);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let i = 0; i < taps[y]; i++) {
      const weight = weights[y * most + i];
      const source = (first[y] + i) * line;
      for (let x = 0; x < line; x++) sums[x] += data[source + x] * weight;
    }
    for (let x = 0; x < line; x++) out[y * line + x] = sums[x] >> PRECISION_BITS;
  }
  return out;
}

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Shrink a picture to the means of factor x factor pixels, by Pillow's `reduce`.
 * @param {Picture} picture
 * @param {number} factor whole, at least 1.
 * @returns {Picture} the cells at the right and lower edge may average fewer pixels.
 */
export function shrinkToMeans(picture, factor) {
  if (factor === 1) return picture;
  const width = Math.ceil(picture.width / factor);
  const height = Math.ceil(picture.height / factor);
  const out = new Uint8Array(width * height * 4);
  const sums = new Uint32Array(width * 4);
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * factor, picture.height);
    sums.fill(0);
    for (let row = y * factor; row < bottom; row++) {
      let source = row * picture.width * 4;
      for (let x = 0; x < width; x++) {
        const end = Math.min((x + 1) * factor, picture.width);
        for (let column = x * factor; column < end; column++, source += 4) {
          for (let channel = 0; channel < 3; channel++) sums[x * 4 + channel] += picture.data[source + channel];
        }
      }
    }
    for (let x = 0; x < width; x++) {
      const pixels = (Math.min((x + 1) * factor, picture.width) - x * factor) * (bottom - y * factor);
      const multiplier = Math.floor(2 ** 32 / (256 * pixels));
      for (let channel = 0; channel < 3; channel++) {
        const sum = sums[x * 4 + channel] + (pixels >> 1);
        out[(y * width + x) * 4 + channel] = Math.floor((sum * multiplier) / 2 ** 24);
      }
    }
  }
  return { data: out, width, height };
}

/**
 * Compute the matrix that averages exactly the source pixels that an output pixel covers, as `resize_matrix(.., "area")`.
 * @param {number} length of the source, in pixels.
 * @param {number} count of output pixels.
 * @returns {Float32Array} (count, length), rows sum to 1.
 */
export function areaMatrix(length, count) {
  const scale = length / count;
  const matrix = new Float32Array(count * length);
  for (let out = 0; out < count; out++) {
    const start = out * scale;
    const [from, to] = [Math.floor(start), Math.min(Math.ceil(start + scale), length)];
    const weights = [];
    for (let i = from; i < to; i++) weights.push(Math.max(Math.min(start + scale, i + 1) - Math.max(start, i), 0));
    const sum = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, i) => (matrix[out * length + from + i] = weight / sum));
  }
  return matrix;
}

/**
 * Multiply matrices: rows @ image @ transposed columns.
 * @param {Float32Array} rows (h, H).
 * @param {ArrayLike<number>} image (H, W).
 * @param {Float32Array} columns (w, W).
 * @param {number} imageHeight H.
 * @param {number} imageWidth W.
 * @returns {Float32Array} (h, w).
 */
export function resampleByMatrices(rows, image, columns, imageHeight, imageWidth) {
  const height = rows.length / imageHeight;
  const width = columns.length / imageWidth;
  const half = new Float32Array(height * imageWidth);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < imageHeight; i++) {
      const weight = rows[y * imageHeight + i];
      if (weight === 0) continue;
      for (let x = 0; x < imageWidth; x++) half[y * imageWidth + x] += weight * image[i * imageWidth + x];
    }
  }
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = 0; i < imageWidth; i++) sum += half[y * imageWidth + i] * columns[x * imageWidth + i];
      out[y * width + x] = sum;
    }
  }
  return out;
}

/**
 * Round to the nearest whole number, halves to the even one, as NumPy and Python do.
 * @param {number} value
 * @returns {number}
 */
export function roundHalfEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
