/**
 * The visible part of the canvas: zoom, pan, pinch gestures, and the layer's pixel under a pointer.
 *
 * @import { Point } from './tools.js'
 * @typedef {{ scale: number, x: number, y: number }} View
 *   `x`, `y`: the page's upper left corner in CSS pixels of its frame; 0 or negative
 */

export const MAX_SCALE = 16;

/**
 * The nearest view in which the page fills its frame.
 *
 * @param {View} view
 * @param {number} width of the frame, in CSS pixels
 * @param {number} height of the frame, in CSS pixels
 * @returns {View}
 */
export function clampView(view, width, height) {
  const scale = clampScale(view.scale);
  return {
    scale,
    x: Math.min(0, Math.max(width * (1 - scale), view.x)),
    y: Math.min(0, Math.max(height * (1 - scale), view.y)),
  };
}

/** @param {number} scale */
function clampScale(scale) {
  return Math.min(MAX_SCALE, Math.max(1, scale));
}

/**
 * Zooms so that what is at the point stays there.
 *
 * @param {View} view
 * @param {number} factor over 1: nearer
 * @param {Point} at in CSS pixels of the frame
 * @returns {View} not clamped to the frame yet
 */
export function zoomView(view, factor, at) {
  const scale = clampScale(view.scale * factor);
  return {
    scale,
    x: at.x - ((at.x - view.x) * scale) / view.scale,
    y: at.y - ((at.y - view.y) * scale) / view.scale,
  };
}

/**
 * The pixel of the layer under a pointer.
 *
 * @param {{ clientX: number, clientY: number }} pointer
 * @param {{ left: number, top: number, width: number, height: number }} box where the layer is shown
 * @param {{ width: number, height: number }} layer its size in pixels
 * @returns {Point}
 */
export function pointerToPixel({ clientX, clientY }, box, layer) {
  return {
    x: ((clientX - box.left) * layer.width) / box.width,
    y: ((clientY - box.top) * layer.height) / box.height,
  };
}

/** Shows a view of the page in its frame. */
export class Viewport {
  #frame;
  #page;
  #onScale;
  /** @type {View} */
  #view = { scale: 1, x: 0, y: 0 };

  /**
   * @param {HTMLElement} frame clips the page
   * @param {HTMLElement} page is moved and scaled in it
   * @param {(scale: number) => void} [onScale] is told the scale that is shown; 1 fits the frame
   */
  constructor(frame, page, onScale = () => {}) {
    this.#frame = frame;
    this.#page = page;
    this.#onScale = onScale;
  }

  /**
   * Keeps the view inside the frame when that gets another size.
   *
   * @param {AbortSignal} signal ends it
   */
  followSize(signal) {
    const observer = new ResizeObserver(() => this.#show(this.#view));
    observer.observe(this.#frame);
    signal.addEventListener('abort', () => observer.disconnect());
  }

  reset() {
    this.#show({ scale: 1, x: 0, y: 0 });
  }

  /**
   * @param {number} dx in CSS pixels
   * @param {number} dy in CSS pixels
   */
  pan(dx, dy) {
    const { scale, x, y } = this.#view;
    this.#show({ scale, x: x + dx, y: y + dy });
  }

  /**
   * @param {number} factor over 1: nearer
   * @param {{ clientX: number, clientY: number }} [pointer] what is under it stays there; else the middle
   */
  zoom(factor, pointer) {
    const box = this.#frame.getBoundingClientRect();
    const at = pointer
      ? { x: pointer.clientX - box.left, y: pointer.clientY - box.top }
      : { x: box.width / 2, y: box.height / 2 };
    this.#show(zoomView(this.#view, factor, at));
  }

  /** @param {View} view */
  #show(view) {
    const box = this.#frame.getBoundingClientRect();
    this.#view = clampView(view, box.width, box.height);
    const { scale, x, y } = this.#view;
    this.#page.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.#onScale(scale);
  }
}

/** Two fingers that pan and zoom at once. */
export class PinchGesture {
  /** @type {Map<number, { clientX: number, clientY: number }>} */
  #fingers = new Map();
  /** @type {{ clientX: number, clientY: number, distance: number } | null} */
  #last = null;

  /** Whether exactly two fingers are down. */
  get active() {
    return this.#fingers.size === 2;
  }

  /** @param {number} pointerId */
  has(pointerId) {
    return this.#fingers.has(pointerId);
  }

  /** @param {{ pointerId: number, clientX: number, clientY: number }} pointer is down, or moved */
  place({ pointerId, clientX, clientY }) {
    this.#fingers.set(pointerId, { clientX, clientY });
  }

  /** @param {number} pointerId is lifted */
  lift(pointerId) {
    this.#fingers.delete(pointerId);
    this.#last = null;
  }

  /**
   * Moves the view as the fingers moved since the last call.
   *
   * @param {Pick<Viewport, 'pan' | 'zoom'>} viewport
   * @returns {boolean} whether two fingers are down, so that nothing is to be drawn
   */
  advance(viewport) {
    if (!this.active) {
      this.#last = null;
      return false;
    }
    const [a, b] = [...this.#fingers.values()];
    const now = {
      clientX: (a.clientX + b.clientX) / 2,
      clientY: (a.clientY + b.clientY) / 2,
      distance: Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)),
    };
    if (this.#last) {
      viewport.pan(now.clientX - this.#last.clientX, now.clientY - this.#last.clientY);
      viewport.zoom(now.distance / this.#last.distance, now);
    }
    this.#last = now;
    return true;
  }
}
