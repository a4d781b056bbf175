/**
 * The keys of the canvas, in one table: for its input, and for the page's list of keys. They work while the
 * canvas has the focus; those with Ctrl (on a Mac also Command) work wherever no text is edited.
 *
 * @typedef {object} CanvasKey
 * @property {string} key as `KeyboardEvent.key` has it, letters small; "Ctrl+" and "Shift+" before it, and
 *   "Arrows" for the four of them
 * @property {string} command as the buttons name it in `data-tool` or `data-action`
 * @property {string} text id of what it does
 */

/** @type {readonly CanvasKey[]} */
export const CANVAS_KEYS = [
  { key: 'b', command: 'brush', text: 'studio.canvas_brush' },
  { key: 'e', command: 'eraser', text: 'studio.canvas_eraser' },
  { key: 'f', command: 'fill', text: 'studio.canvas_fill' },
  { key: 'i', command: 'eyedropper', text: 'studio.canvas_eyedropper' },
  { key: 'l', command: 'line', text: 'studio.canvas_line' },
  { key: 'r', command: 'rectangle', text: 'studio.canvas_rectangle' },
  { key: 'o', command: 'ellipse', text: 'studio.canvas_ellipse' },
  { key: 's', command: 'lasso', text: 'studio.canvas_lasso' },
  { key: 'h', command: 'hand', text: 'studio.canvas_pan' },
  { key: ' ', command: 'hand', text: 'studio.canvas_pan_while_held' },
  { key: 'm', command: 'mirror', text: 'studio.canvas_mirror' },
  { key: 't', command: 'stickers', text: 'studio.canvas_stickers' },
  { key: 'y', command: 'layers', text: 'studio.canvas_layers' },
  { key: '[', command: 'smaller', text: 'studio.canvas_smaller' },
  { key: ']', command: 'larger', text: 'studio.canvas_larger' },
  { key: '+', command: 'zoom-in', text: 'studio.canvas_zoom_in' },
  { key: '-', command: 'zoom-out', text: 'studio.canvas_zoom_out' },
  { key: '0', command: 'zoom-fit', text: 'studio.canvas_fit_view' },
  { key: 'Arrows', command: 'move-selection', text: 'studio.canvas_move_selection' },
  { key: 'd', command: 'duplicate', text: 'studio.canvas_duplicate' },
  { key: 'Delete', command: 'delete-selection', text: 'studio.canvas_delete_selection' },
  { key: 'Enter', command: 'commit', text: 'studio.canvas_commit' },
  { key: 'Escape', command: 'commit', text: 'studio.canvas_commit' },
  { key: 'Ctrl+z', command: 'undo', text: 'studio.canvas_undo' },
  { key: 'Ctrl+Shift+z', command: 'redo', text: 'studio.canvas_redo' },
  { key: '?', command: 'help', text: 'studio.canvas_help_sheet' },
];

/** Keys that do the same as another. */
const ALIKE = new Map([
  ['=', '+'],
  ['_', '-'],
  ['backspace', 'delete'],
  ['ctrl+y', 'ctrl+shift+z'],
]);

const COMMANDS = new Map(CANVAS_KEYS.map(({ key, command }) => [key.toLowerCase(), command]));

/**
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>} event
 * @returns {string | undefined} the command of a key
 */
export function commandOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  if (altKey) return undefined;
  const name = key.toLowerCase();
  const chord = ctrlKey || metaKey ? `ctrl+${shiftKey ? 'shift+' : ''}${name}` : name;
  return COMMANDS.get(ALIKE.get(chord) ?? chord);
}

/**
 * @param {string} key of the table
 * @returns {string[]} its parts as keyboards show them
 */
export function keyCaps(key) {
  if (key === 'Arrows') return ['←', '↑', '→', '↓'];
  return key.length === 1 ? [key.toUpperCase()] : key.split('+').map(capital);
}

/** @param {string} word */
function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
