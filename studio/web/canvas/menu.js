/** Popovers of the canvas, each beside the button that opens it. */
import { find } from '../lib/dom.js';

const GAP = 4;
const MARGIN = 8;
/** A narrower window has the popover over its whole width, in CSS pixels. */
const NARROW = 480;

/**
 * Ties a popover to its button: the button opens and closes it.
 *
 * @param {HTMLElement} root of the canvas
 * @param {string} button
 * @param {string} panel
 * @param {AbortSignal} signal ends its listening
 * @returns {HTMLElement} the popover
 */
export function attachMenu(root, button, panel, signal) {
  const opener = find(root, button, HTMLButtonElement);
  const menu = find(root, panel, HTMLElement);
  opener.popoverTargetElement = menu;
  const place = (/** @type {Event} */ event) => {
    if (/** @type {ToggleEvent} */ (event).newState === 'open') moveBeside(menu, opener);
  };
  menu.addEventListener('beforetoggle', place, { signal });
  return menu;
}

/** @param {HTMLElement} menu */
export function closeMenu(menu) {
  // jsdom has no popovers.
  if (typeof menu.hidePopover === 'function' && menu.matches(':popover-open')) menu.hidePopover();
}

/**
 * Towards the middle of the window, where there is room. It is not laid out yet.
 *
 * @param {HTMLElement} menu
 * @param {HTMLElement} opener
 */
function moveBeside(menu, opener) {
  const { innerWidth, innerHeight } = window;
  const { left, right, top, bottom } = opener.getBoundingClientRect();
  const isNarrow = innerWidth < NARROW;
  const isLeft = left + right < innerWidth;
  const isUpper = top + bottom < innerHeight;
  const px = (/** @type {number} */ length) => `${Math.max(MARGIN, length)}px`;
  Object.assign(menu.style, {
    left: isNarrow || isLeft ? px(isNarrow ? MARGIN : left) : 'auto',
    right: isNarrow || !isLeft ? px(isNarrow ? MARGIN : innerWidth - right) : 'auto',
    top: isUpper ? px(bottom + GAP) : 'auto',
    bottom: isUpper ? 'auto' : px(innerHeight - top + GAP),
  });
}
