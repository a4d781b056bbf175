/**
 * Where an image lies in a pane that shows it enlarged.
 *
 * A view holds for several panes at once: each shows the same part of its image.
 *
 * @typedef {{ width: number, height: number }} Size in pixels
 * @typedef {{ x: number, y: number }} Point
 * @typedef {object} View
 * @property {number} zoom 1 where the image just fits into the pane
 * @property {number} x the part of the image that is in the middle of the pane, 0 to 1
 * @property {number} y likewise
 */

/** @type {Readonly<View>} */
export const FIT = { zoom: 1, x: 0.5, y: 0.5 };
const MAX_SCALE = 16;
/** Pixels of the wheel that double the size. */
const WHEEL_DOUBLES = 300;
/** Pixels that a finger goes until it turns to another image. */
const SWIPE = 50;

/**
 * @param {Size} pane
 * @param {Size} image
 * @returns {number} screen pixels of an image's pixel where the image just fits
 */
export function fitScale(pane, image) {
  return Math.min(pane.width / image.width, pane.height / image.height);
}

/**
 * The zoom at which a pixel of the image is a pixel of the screen.
 *
 * @param {Size} pane
 * @param {Size} image
 * @param {number} pixelRatio of the screen
 */
export function trueSize(pane, image, pixelRatio) {
  return 1 / (pixelRatio * fitScale(pane, image));
}

/**
 * The view within bounds: the image fills the pane where it is larger, and is in its middle otherwise.
 *
 * @param {View} view
 * @param {Size} pane
 * @param {Size} image
 * @returns {View}
 */
export function clampView({ zoom, x, y }, pane, image) {
  const fit = fitScale(pane, image);
  const most = Math.max(1, MAX_SCALE / fit);
  const least = Math.min(1, 1 / (2 * fit));
  const clamped = Math.min(most, Math.max(least, zoom));
  const scale = fit * clamped;
  return {
    zoom: clamped,
    x: clampCenter(x, pane.width / (image.width * scale)),
    y: clampCenter(y, pane.height / (image.height * scale)),
  };
}

/**
 * @param {number} center
 * @param {number} visible the part of the image that the pane shows
 */
function clampCenter(center, visible) {
  if (visible >= 1) return 0.5;
  return Math.min(1 - visible / 2, Math.max(visible / 2, center));
}

/**
 * @param {View} view
 * @param {Size} pane
 * @param {Size} image
 * @returns {{ scale: number, left: number, top: number }} for a transform from the pane's corner
 */
export function placement({ zoom, x, y }, pane, image) {
  const scale = fitScale(pane, image) * zoom;
  return {
    scale,
    left: pane.width / 2 - x * image.width * scale,
    top: pane.height / 2 - y * image.height * scale,
  };
}

/**
 * Zooms so that what is under a point of the pane stays there.
 *
 * @param {View} view
 * @param {number} factor
 * @param {Point} point from the pane's corner
 * @param {Size} pane
 * @param {Size} image
 * @returns {View}
 */
export function zoomAt(view, factor, point, pane, image) {
  const { zoom } = clampView({ ...view, zoom: view.zoom * factor }, pane, image);
  const fit = fitScale(pane, image);
  const away = 1 / (fit * view.zoom) - 1 / (fit * zoom);
  return clampView(
    {
      zoom,
      x: view.x + ((point.x - pane.width / 2) * away) / image.width,
      y: view.y + ((point.y - pane.height / 2) * away) / image.height,
    },
    pane,
    image,
  );
}

/**
 * @param {View} view
 * @param {Point} by pixels of the screen that the image is dragged
 * @param {Size} pane
 * @param {Size} image
 * @returns {View}
 */
export function panBy(view, by, pane, image) {
  const scale = fitScale(pane, image) * view.zoom;
  return clampView(
    {
      zoom: view.zoom,
      x: view.x - by.x / (image.width * scale),
      y: view.y - by.y / (image.height * scale),
    },
    pane,
    image,
  );
}

/** @param {number} delta of a wheel, in pixels; down is positive and makes the image smaller */
export function wheelFactor(delta) {
  return 2 ** (-delta / WHEEL_DOUBLES);
}

/**
 * @param {Point} by that a finger has gone
 * @returns {-1 | 0 | 1} the image to turn to: the one before, none, the next
 */
export function swipe({ x, y }) {
  if (Math.abs(x) < SWIPE || Math.abs(x) < 2 * Math.abs(y)) return 0;
  return x > 0 ? -1 : 1;
}

/**
 * A point's distance from the left edge of a box, in percent of its width, within 0 to 100.
 *
 * @param {number} x
 * @param {{ left: number, width: number }} box
 */
export function splitPercent(x, { left, width }) {
  return Math.round(Math.min(100, Math.max(0, (100 * (x - left)) / width)));
}
