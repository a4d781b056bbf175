/**
 * The panes of the studio page: their widths, which splitters change and this browser stores, and the
 * inspector, which can be hidden, and is a drawer where the window has no room for it.
 */
import { find, findAll } from '../lib/dom.js';
import { markReady } from '../lib/ready.js';
import { STORAGE_KEYS } from '../lib/storage.js';

/** Pixels that an arrow key moves a splitter by. */
const KEY_STEP = 16;

/**
 * @typedef {object} Pane
 * @property {string} pane selectors of the pane, and of its outline until Gradio has loaded
 * @property {string} property of CSS that has its width
 * @property {number} least pixels
 * @property {number} most pixels
 * @property {1 | -1} growsBy 1 for a pane at the left, which grows when its splitter goes right
 */

/** @type {Readonly<Record<string, Pane>>} by the id of the splitter */
const PANES = {
  'canvas-splitter': {
    pane: '#canvas-pane, .workbench-skeleton > :first-child',
    property: '--canvas-width',
    least: 360,
    most: 900,
    growsBy: 1,
  },
  'inspector-splitter': {
    pane: '#inspector-pane, .workbench-skeleton > :last-child',
    property: '--inspector-width',
    least: 304,
    most: 640,
    growsBy: -1,
  },
};

/**
 * @param {Pick<Pane, 'least' | 'most'>} pane
 * @param {number} width pixels
 */
export function clampWidth({ least, most }, width) {
  return Math.round(Math.min(most, Math.max(least, width)));
}

/** @returns {Record<string, number>} the widths that this browser stores, by splitter */
function storedWidths() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEYS.paneWidths) ?? '{}');
  } catch {
    return {};
  }
}

/**
 * Has a splitter change the width of a pane: dragged, or by the arrow keys.
 *
 * @param {HTMLElement} splitter
 * @param {Pane} pane
 */
export function mountSplitter(splitter, pane) {
  const { style } = document.documentElement;

  /** @param {number} pixels */
  function resize(pixels) {
    const width = clampWidth(pane, pixels);
    style.setProperty(pane.property, `${width}px`);
    splitter.ariaValueNow = String(width);
  }

  function store() {
    const widths = { ...storedWidths(), [splitter.id]: Number(splitter.ariaValueNow) };
    localStorage.setItem(STORAGE_KEYS.paneWidths, JSON.stringify(widths));
  }

  splitter.ariaValueMin = String(pane.least);
  splitter.ariaValueMax = String(pane.most);
  splitter.ariaValueNow = String(measure(pane));
  const stored = storedWidths()[splitter.id];
  if (stored !== undefined) resize(stored);
  splitter.addEventListener('pointerdown', (down) => {
    const before = measure(pane);
    splitter.setPointerCapture(down.pointerId);
    const drag = new AbortController();
    const { signal } = drag;
    splitter.addEventListener(
      'pointermove',
      (move) => resize(before + pane.growsBy * (move.clientX - down.clientX)),
      { signal },
    );
    const end = () => {
      drag.abort();
      store();
    };
    splitter.addEventListener('pointerup', end, { signal });
    splitter.addEventListener('pointercancel', end, { signal });
  });
  splitter.addEventListener('keydown', ({ key }) => {
    if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
    resize(measure(pane) + (key === 'ArrowLeft' ? -1 : 1) * pane.growsBy * KEY_STEP);
    store();
  });
}

/** @param {Pane} pane */
function measure({ pane }) {
  const shown = findAll(document, pane, HTMLElement).map((each) => each.offsetWidth);
  return Math.max(0, ...shown); // An outline that is not shown any more has no width.
}

/**
 * Shows and hides the inspector: a pane, and in a narrow window a drawer, which Escape closes; the focus
 * goes back to the button then.
 *
 * @param {HTMLElement} button
 */
export function mountInspectorToggle(button) {
  const root = document.documentElement;
  const isNarrow = matchMedia('(max-width: 1100px)');

  /** @param {boolean} isOpen */
  function open(isOpen) {
    root.toggleAttribute('data-inspector-open', isOpen);
    button.ariaExpanded = String(isOpen);
  }

  button.addEventListener('click', () => {
    if (isNarrow.matches) open(!root.hasAttribute('data-inspector-open'));
    else root.toggleAttribute('data-inspector-hidden');
  });
  document.addEventListener('keydown', (event) => {
    const isOpen = root.hasAttribute('data-inspector-open');
    if (event.key !== 'Escape' || !isOpen || document.querySelector('dialog[open]')) return;
    open(false);
    button.focus();
  });
}

if (document.body.classList.contains('studio')) {
  for (const [id, pane] of Object.entries(PANES)) {
    mountSplitter(find(document, `#${id}`, HTMLElement), pane);
  }
  mountInspectorToggle(find(document, '#inspector-toggle', HTMLElement));
  markReady();
}
