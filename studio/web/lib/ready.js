/**
 * When a page can be used. The server writes its controls `inert` (`await_script` in
 * `studio/server/templating.py`): a form that is sent before its script listens would load the page anew,
 * and a click would do nothing. Links work at once.
 */
import { findAll } from './dom.js';

/**
 * Has controls take presses and keys.
 *
 * @param {string} [within] selector of what they are in; without one the page's own, not those of the shell
 */
export function markReady(within = 'main, #topbar-actions') {
  for (const root of findAll(document, within, HTMLElement)) {
    const waiting = findAll(root, '[data-waits]', HTMLElement);
    for (const control of root.matches('[data-waits]') ? [root, ...waiting] : waiting) {
      control.removeAttribute('inert');
      delete control.dataset.waits;
    }
  }
}
