/**
 * The registry of keys: every key of the pages, what it does and where. The dialog of shortcuts lists it,
 * tooltips name keys from it, and `shell/key-commands.js` runs the commands in it.
 *
 * @typedef {'everywhere' | 'studio' | 'canvas' | 'results' | 'lightbox' | 'matrix' | 'grid' | 'themes'
 *   | 'history' | 'review' | 'blind_test'} Place
 * @typedef {object} Key
 * @property {readonly string[]} keys each does it, such as `Ctrl+Shift+Z`; Ctrl is the command key of a Mac
 * @property {string} text id of what it does
 * @property {Place} place
 * @property {string} [command] of `shell/commands.js`; without one the place itself listens to its keys
 */
import { t } from './i18n.js';

/** @type {Readonly<Record<Place, string>>} text ids of the places' names, in the order of the list */
export const PLACES = {
  everywhere: 'page.keys.everywhere',
  studio: 'page.studio.title',
  canvas: 'page.keys.canvas',
  results: 'page.keys.results',
  lightbox: 'page.keys.lightbox',
  matrix: 'page.keys.matrix',
  grid: 'page.keys.grid',
  themes: 'page.themes.title',
  history: 'page.keys.history',
  review: 'page.keys.review',
  blind_test: 'page.keys.blind_test',
};

/** The first of several commands of a key that the page offers is run. @type {readonly Key[]} */
export const KEYS = [
  { keys: ['/'], command: 'search', text: 'page.themes.search_themes', place: 'themes' },
  { keys: ['Ctrl+K', '/'], command: 'palette', text: 'page.shell.palette', place: 'everywhere' },
  { keys: ['?'], command: 'shortcuts', text: 'page.keys.show', place: 'everywhere' },
  { keys: ['Escape'], text: 'page.keys.close', place: 'everywhere' },
  { keys: ['Ctrl+Enter'], command: 'generate', text: 'studio.generate', place: 'studio' },
  { keys: ['Escape'], text: 'page.keys.stop', place: 'studio' },
  { keys: ['Ctrl+S'], command: 'save', text: 'studio.save_theme', place: 'studio' },
  { keys: ['Ctrl+Z'], text: 'studio.canvas_undo', place: 'studio' },
  { keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], text: 'page.keys.redo', place: 'studio' },
  { keys: ['\\'], command: 'inspector', text: 'page.keys.inspector', place: 'studio' },
  { keys: ['1', '2', '3', '4'], text: 'page.keys.focus_variant', place: 'studio' },
  { keys: ['B', 'E', 'F', 'I'], text: 'studio.canvas_help_tools', place: 'canvas' },
  { keys: ['L', 'R', 'O'], text: 'studio.canvas_help_shapes', place: 'canvas' },
  { keys: ['M'], text: 'studio.canvas_help_mirror', place: 'canvas' },
  { keys: ['[', ']'], text: 'studio.canvas_help_brush', place: 'canvas' },
  { keys: ['+', '-', '0'], text: 'studio.canvas_help_zoom', place: 'canvas' },
  { keys: ['H', 'Space'], text: 'studio.canvas_help_pan', place: 'canvas' },
  { keys: ['S'], text: 'page.keys.pick', place: 'results' },
  { keys: ['C'], text: 'page.keys.compare', place: 'results' },
  { keys: ['Z'], text: 'page.keys.open', place: 'results' },
  { keys: ['←', '→'], text: 'page.keys.turn_images', place: 'lightbox' },
  { keys: ['↑', '↓'], text: 'page.keys.turn_runs', place: 'lightbox' },
  { keys: ['Z'], text: 'page.keys.actual_size', place: 'lightbox' },
  { keys: ['+', '-', '0'], text: 'page.keys.zoom', place: 'lightbox' },
  { keys: ['C', 'B', 'D'], text: 'page.keys.comparisons', place: 'lightbox' },
  { keys: ['Space'], text: 'page.keys.hold_doodle', place: 'lightbox' },
  { keys: ['S'], text: 'page.keys.pick', place: 'lightbox' },
  { keys: ['←', '→', '↑', '↓'], text: 'page.keys.move_cells', place: 'matrix' },
  { keys: ['←', '→', '↑', '↓'], text: 'page.keys.move_cells', place: 'grid' },
  { keys: ['Space'], text: 'page.keys.select_cell', place: 'grid' },
  { keys: ['←', '→'], text: 'page.keys.turn_images', place: 'history' },
  { keys: ['S'], text: 'page.keys.star', place: 'history' },
  { keys: ['Z'], text: 'page.keys.actual_size', place: 'history' },
  { keys: ['B'], text: 'page.keys.blink', place: 'review' },
  { keys: ['←', '→'], text: 'page.keys.vote', place: 'blind_test' },
  { keys: ['↓'], text: 'page.keys.vote_tie', place: 'blind_test' },
];

/** What one types in, where keys without Ctrl are text. */
export const TEXT_FIELDS = [
  'textarea:not([readonly])',
  '[contenteditable=true]',
  'select',
  'input:not([readonly], [type=range], [type=checkbox], [type=radio], [type=color], [type=file])',
].join(', ');

const isMac = () => navigator.platform.startsWith('Mac');

/**
 * @param {string} combination as in KEYS
 * @param {boolean} [mac] whether as a Mac's keyboard names its keys
 * @returns {string} as people read it
 */
export function keyText(combination, mac = isMac()) {
  if (combination === 'Space') return t('studio.canvas_space');
  if (!mac) return combination.replace('Escape', 'Esc');
  return combination
    .replace('Ctrl+', '⌘')
    .replace('Shift+', '⇧')
    .replace('Enter', '⏎')
    .replace('Escape', 'Esc');
}

/**
 * @param {KeyboardEvent} event
 * @param {string} combination as in KEYS
 */
export function isPressed(event, combination) {
  const parts = combination.split('+');
  const key = parts.at(-1) ?? '';
  const hasControl = event.ctrlKey || event.metaKey;
  if (event.key.toLowerCase() !== key.toLowerCase()) return false;
  if (!parts.includes('Ctrl')) {
    // Where a layout has the character on a third level, AltGr is Ctrl and Alt.
    return event.getModifierState('AltGraph') || !(hasControl || event.altKey);
  }
  return hasControl && !event.altKey && event.shiftKey === parts.includes('Shift');
}

/**
 * @param {string} command
 * @returns {string | undefined} its first key, as in KEYS
 */
export function keyOf(command) {
  return KEYS.find((each) => each.command === command)?.keys[0];
}

/**
 * Has a control name the key of its command, to the eye and to screen readers.
 *
 * @param {HTMLElement} control
 * @param {string} command
 */
export function hintKey(control, command) {
  const key = KEYS.find((each) => each.command === command);
  if (!key) return;
  const label = control.ariaLabel || control.textContent?.trim() || t(key.text);
  control.title = t('page.keys.hint', { label, key: keyText(key.keys[0]) });
  const aria = key.keys[0].replace('Ctrl', isMac() ? 'Meta' : 'Control');
  control.setAttribute('aria-keyshortcuts', aria);
}
