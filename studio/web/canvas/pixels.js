/**
 * RGBA pixels: copies of parts that need little memory, and the smaller picture that is sent.
 *
 * @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels RGBA rows, as in ImageData
 * @typedef {{ left: number, top: number, width: number, height: number }} Box in pixels
 * @typedef {Box & { runs: Int32Array }} Patch the pixels of a box: pairs of how many follow one
 *   another, and their color as a word of the machine's byte order
 */

/**
 * Copies a part. Doodles have large areas of one color, so runs need far less memory than pixels do.
 *
 * @param {Pixels} image
 * @param {Box} box
 * @returns {Patch}
 */
export function packPixels(image, box) {
  const words = toWords(image);
  let runs = new Int32Array(256);
  let end = 0;
  for (let y = box.top; y < box.top + box.height; y++) {
    const row = y * image.width + box.left;
    for (let at = row; at < row + box.width; at++) {
      if (end > 0 && runs[end - 1] === words[at]) {
        runs[end - 2] += 1;
        continue;
      }
      if (end === runs.length) {
        const larger = new Int32Array(2 * end);
        larger.set(runs);
        runs = larger;
      }
      runs[end] = 1;
      runs[end + 1] = words[at];
      end += 2;
    }
  }
  return { ...box, runs: runs.slice(0, end) };
}

/**
 * Puts a copied part back to where it was.
 *
 * @param {Pixels} image is changed
 * @param {Patch} patch
 */
export function unpackPixels(image, { left, top, width, height, runs }) {
  const words = toWords(image);
  let [run, rest] = [0, runs[0]];
  for (let y = top; y < top + height; y++) {
    let at = y * image.width + left;
    const end = at + width;
    while (at < end) {
      const next = Math.min(end, at + rest);
      words.fill(runs[run + 1], at, next);
      rest -= next - at;
      at = next;
      if (rest === 0) {
        run += 2;
        rest = runs[run];
      }
    }
  }
}

/**
 * Copies a part of one picture into another of the same size.
 *
 * @param {Pixels} source
 * @param {Pixels} target is changed
 * @param {Box} box
 */
export function copyPixels(source, target, { left, top, width, height }) {
  for (let y = top; y < top + height; y++) {
    const at = 4 * (y * source.width + left);
    target.data.set(source.data.subarray(at, at + 4 * width), at);
  }
}

/**
 * Whether every pixel is fully transparent.
 *
 * @param {Pixels} image
 */
export function isBlank({ data }) {
  for (let i = 3; i < data.length; i += 4) if (data[i]) return false;
  return true;
}

/**
 * A picture `factor` times smaller. A block of one color keeps it exactly; elsewhere a pixel has the
 * blocks' mean color, weighted by alpha, and their mean alpha: the edge of a stroke is a matter of alpha
 * alone.
 *
 * @param {Pixels} image its sides are multiples of `factor`
 * @param {number} factor a whole number, 1 or more
 * @returns {Pixels}
 */
export function shrink(image, factor) {
  const [width, height] = [image.width / factor, image.height / factor];
  const small = { width, height, data: new Uint8ClampedArray(4 * width * height) };
  const [from, to] = [toWords(image), toWords(small)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (y * image.width + x) * factor;
      if (isUniform(from, start, image.width, factor)) to[y * width + x] = from[start];
      else meanColor(image, start, factor, small.data, 4 * (y * width + x));
    }
  }
  return small;
}

/**
 * The smallest box that holds both.
 *
 * @param {Box | null} a
 * @param {Box | null} b
 */
export function union(a, b) {
  if (!a || !b) return a ?? b;
  const left = Math.min(a.left, b.left);
  const top = Math.min(a.top, b.top);
  const width = Math.max(a.left + a.width, b.left + b.width) - left;
  return { left, top, width, height: Math.max(a.top + a.height, b.top + b.height) - top };
}

/**
 * The part that two boxes share.
 *
 * @param {Box | null} a
 * @param {Box | null} b
 * @returns {Box | null} null where they share none
 */
export function clipBox(a, b) {
  if (!a || !b) return null;
  const [left, top] = [Math.max(a.left, b.left), Math.max(a.top, b.top)];
  const width = Math.min(a.left + a.width, b.left + b.width) - left;
  const height = Math.min(a.top + a.height, b.top + b.height) - top;
  return width > 0 && height > 0 ? { left, top, width, height } : null;
}

/**
 * @param {{ width: number, height: number }} picture
 * @returns {Box} around all of it
 */
export function wholeOf({ width, height }) {
  return { left: 0, top: 0, width, height };
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {Pixels} fully transparent
 */
export function blankPixels(width, height) {
  return { width, height, data: new Uint8ClampedArray(4 * width * height) };
}

/**
 * @param {Pixels} image
 * @returns {Pixels} a copy
 */
export function cloneOf({ width, height, data }) {
  return { width, height, data: data.slice() };
}

/**
 * The pixels as words. They are signed: those of what is covered wholly, and of nothing, are small numbers
 * then, which engines need not allocate.
 *
 * @param {Pixels} image
 */
export function toWords({ width, height, data }) {
  return new Int32Array(data.buffer, data.byteOffset, width * height);
}

/**
 * @param {Int32Array} words
 * @param {number} start
 * @param {number} stride
 * @param {number} side of the block
 */
function isUniform(words, start, stride, side) {
  const color = words[start];
  for (let y = 0; y < side; y++) {
    for (let at = start + y * stride; at < start + y * stride + side; at++) {
      if (words[at] !== color) return false;
    }
  }
  return true;
}

/**
 * @param {Pixels} image
 * @param {number} start index of the block's first pixel
 * @param {number} side of the block
 * @param {Uint8ClampedArray} target
 * @param {number} to index in `target`
 */
function meanColor({ width, data }, start, side, target, to) {
  let [red, green, blue, weight] = [0, 0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = 4 * (start + y * width + x);
      const alpha = data[at + 3];
      red += alpha * data[at];
      green += alpha * data[at + 1];
      blue += alpha * data[at + 2];
      weight += alpha;
    }
  }
  const alpha = Math.round(weight / side ** 2);
  if (alpha === 0) return;
  target[to] = Math.round(red / weight);
  target[to + 1] = Math.round(green / weight);
  target[to + 2] = Math.round(blue / weight);
  target[to + 3] = alpha;
}
