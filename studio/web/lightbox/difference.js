/** How two images differ, pixel by pixel. */

/** How much brighter a difference is drawn than it is. */
const GAIN = 3;
/** The difference of a channel, of 255, from which a pixel counts as changed. */
const SEEN = 8;

/**
 * @param {Uint8ClampedArray} one RGBA
 * @param {Uint8ClampedArray} other RGBA, of the same size
 * @returns {{ pixels: Uint8ClampedArray<ArrayBuffer>, share: number }} the differences as an opaque image,
 *   black where there is none; and which part of the pixels has changed, 0 to 1
 */
export function difference(one, other) {
  const pixels = new Uint8ClampedArray(one.length);
  let changed = 0;
  for (let at = 0; at < one.length; at += 4) {
    let most = 0;
    for (let channel = at; channel < at + 3; channel += 1) {
      const apart = Math.abs(one[channel] - other[channel]);
      pixels[channel] = GAIN * apart;
      most = Math.max(most, apart);
    }
    pixels[at + 3] = 255;
    if (most >= SEEN) changed += 1;
  }
  return { pixels, share: one.length ? changed / (one.length / 4) : 0 };
}

/**
 * Draws the difference of two stacks of loaded images, in the size of the first one's uppermost.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {readonly HTMLImageElement[]} one from the bottom to the top
 * @param {readonly HTMLImageElement[]} other
 * @returns {number} which part of the pixels has changed, 0 to 1
 */
export function drawDifference(canvas, one, other) {
  const { naturalWidth: width = 0, naturalHeight: height = 0 } = one.at(-1) ?? {};
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context || !width || !height) return 0;
  const [first, second] = [one, other].map((images) => {
    context.clearRect(0, 0, width, height);
    for (const image of images) context.drawImage(image, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  });
  const { pixels, share } = difference(first, second);
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return share;
}
