/** A mask over the drawing: what a render may change is colored, and nothing of it can be clicked. */
import { element, find } from '../lib/dom.js';

/**
 * @param {HTMLElement} canvas a `<doodle-canvas>`
 * @param {string} src address of the mask, white where an image may change; empty takes it away
 */
export function showMask(canvas, src) {
  const page = find(canvas, '.sketch-zoom', HTMLElement);
  page.querySelector('.sketch-mask')?.remove();
  if (!src) return;
  const overlay = element('div', { className: 'sketch-mask' });
  overlay.setAttribute('aria-hidden', 'true');
  overlay.style.maskImage = `url("${src}")`;
  page.append(overlay);
}
