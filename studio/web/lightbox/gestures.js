/**
 * Wheel, mouse and fingers on the lightbox's stage.
 *
 * @import { Point } from './geometry.js'
 *
 * @typedef {object} Gestures
 * @property {(factor: number, at: Point, pane: Element) => void} onZoom `at` is from the pane's corner
 * @property {(by: Point) => void} onPan pixels
 * @property {(event: PointerEvent) => boolean} onDivider whether the event moves the divider
 * @property {(by: Point) => void} onSwipe a finger went so far over an image that fits
 * @property {() => boolean} isZoomed whether there is something to pan
 */
import { wheelFactor } from './geometry.js';

const WHEEL_LINE = 16;

/**
 * @param {Element} pane
 * @param {{ clientX: number, clientY: number }} event
 */
function pointIn(pane, { clientX, clientY }) {
  const { left, top } = pane.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

/**
 * @param {HTMLElement} stage
 * @param {Gestures} gestures
 */
export function listenToGestures(stage, gestures) {
  /** @type {Map<number, PointerEvent>} the pointers that are down, as they were last */
  const pointers = new Map();
  /** @type {PointerEvent | null} the first event of a gesture of one pointer */
  let first = null;
  let isDivider = false;

  /** @param {Event} event */
  const paneOf = ({ target }) =>
    (target instanceof Element ? target.closest('.pane') : null) ?? stage.querySelector('.pane');

  stage.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pane = paneOf(event);
      const delta = event.deltaY * (event.deltaMode === event.DOM_DELTA_LINE ? WHEEL_LINE : 1);
      if (pane) gestures.onZoom(wheelFactor(delta), pointIn(pane, event), pane);
    },
    { passive: false },
  );
  stage.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('button, input')) return;
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    first = pointers.size === 1 ? event : null;
    isDivider = pointers.size === 1 && gestures.onDivider(event);
  });
  stage.addEventListener('pointermove', (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType === 'mouse') gestures.onDivider(event);
      return;
    }
    const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (other) pinch(last, event, other);
    else if (isDivider) gestures.onDivider(event);
    else if (gestures.isZoomed()) {
      gestures.onPan({ x: event.clientX - last.clientX, y: event.clientY - last.clientY });
    }
  });
  for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
    stage.addEventListener(end, (event) => {
      if (!pointers.delete(event.pointerId)) return;
      const begun = first;
      if (pointers.size === 0) first = null;
      if (end !== 'pointerup' || !begun || isDivider || gestures.isZoomed()) return;
      if (event.pointerType === 'mouse') return;
      gestures.onSwipe({ x: event.clientX - begun.clientX, y: event.clientY - begun.clientY });
    });
  }

  /**
   * @param {PointerEvent} before
   * @param {PointerEvent} now
   * @param {PointerEvent} other
   */
  function pinch(before, now, other) {
    const pane = stage.querySelector('.pane');
    const apart = distance(before, other);
    if (!pane || apart === 0) return;
    const clientX = (now.clientX + other.clientX) / 2;
    const clientY = (now.clientY + other.clientY) / 2;
    gestures.onZoom(distance(now, other) / apart, pointIn(pane, { clientX, clientY }), pane);
  }
}

/**
 * @param {PointerEvent} one
 * @param {PointerEvent} other
 */
function distance(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}
