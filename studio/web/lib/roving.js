/** Toolbars and groups that take one stop of the Tab key: arrow keys move in them. */
import { findAll } from './dom.js';

const MOVES = new Map([
  ['ArrowRight', 1],
  ['ArrowDown', 1],
  ['ArrowLeft', -1],
  ['ArrowUp', -1],
]);

/**
 * Lets arrow keys, Home and End move among the buttons and links of a container.
 *
 * @param {HTMLElement} container
 */
export function rove(container) {
  /** @returns {HTMLElement[]} */
  const items = () =>
    findAll(container, 'button, a', HTMLElement).filter((each) => !each.matches('[disabled]'));
  const settle = (/** @type {HTMLElement | undefined} */ current) => {
    const all = items();
    const stop = current && all.includes(current) ? current : all[0];
    for (const each of all) each.tabIndex = each === stop ? 0 : -1;
  };
  container.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement) settle(target);
  });
  container.addEventListener('keydown', (event) => {
    const all = items();
    const index = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const move = MOVES.get(event.key);
    if (index < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    let next = -1;
    if (move !== undefined) next = (index + move + all.length) % all.length;
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = all.length - 1;
    if (next < 0) return;
    event.preventDefault();
    event.stopPropagation();
    all[next].focus();
  });
  settle(undefined);
}
