/**
 * A button that opens a menu: arrow keys move, Escape and a click elsewhere close it.
 *
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {string} [href] opens an address
 * @property {string} [download] where the address is a file: its name, empty for the server's
 * @property {() => unknown} [action] may be async
 */
import { element, findAll } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';

/** Between a menu and the window's edge, in pixels. */
const MARGIN = 8;

/**
 * @param {string} label of the button, for screen readers
 * @param {readonly MenuItem[]} items
 * @returns {HTMLElement}
 */
export function menuButton(label, items) {
  const button = element(
    'button',
    { type: 'button', className: 'menu-open', ariaLabel: label, title: label },
    '⋯',
  );
  button.ariaHasPopup = 'menu';
  button.ariaExpanded = 'false';
  const menu = element('div', { className: 'item-menu', role: 'menu', hidden: true });
  const root = element('span', { className: 'menu-button' }, button, menu);

  /** @param {boolean} focusButton */
  function close(focusButton) {
    menu.hidden = true;
    button.ariaExpanded = 'false';
    document.removeEventListener('pointerdown', closeOutside);
    if (focusButton) button.focus();
  }

  /** @param {PointerEvent} event */
  function closeOutside(event) {
    if (event.target instanceof Node && !root.contains(event.target)) close(false);
  }

  function open() {
    menu.hidden = false;
    menu.style.right = '';
    const beyond = MARGIN - menu.getBoundingClientRect().left;
    if (beyond > 0) menu.style.right = `${-beyond}px`; // Such as in the first column of a phone.
    button.ariaExpanded = 'true';
    document.addEventListener('pointerdown', closeOutside);
    findAll(menu, '[role=menuitem]', HTMLElement)[0]?.focus();
  }

  menu.append(...items.map((item) => menuItem(item, () => close(true))));
  button.addEventListener('click', () => (menu.hidden ? open() : close(true)));
  root.addEventListener('focusout', (event) => {
    const isInside = event.relatedTarget instanceof Node && root.contains(event.relatedTarget);
    if (!menu.hidden && event.relatedTarget && !isInside) close(false);
  });
  menu.addEventListener('keydown', (event) => {
    const entries = findAll(menu, '[role=menuitem]', HTMLElement);
    const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      entries.at(next % entries.length)?.focus();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      close(true);
    }
  });
  return root;
}

/**
 * @param {MenuItem} item
 * @param {() => void} close
 */
function menuItem({ label, href, download, action }, close) {
  const entry = href ? element('a', { href }, label) : element('button', { type: 'button' }, label);
  if (entry instanceof HTMLAnchorElement && download !== undefined) entry.download = download;
  entry.setAttribute('role', 'menuitem');
  entry.tabIndex = -1;
  entry.addEventListener('click', () => {
    close();
    if (action) withErrorDisplay(action);
  });
  return entry;
}
