/**
 * The keys of the canvas, in one table: for its input, and for the page's list of keys. They work while the canvas has
 * the focus; those with Ctrl (on a Mac also Command) work wherever no text is edited.
 *
 * @typedef {object} CanvasKey
 * @property {readonly string[]} keys each does it, such as `B`, `Space` or `Ctrl+Shift+Z`
 * @property {string} command as the buttons name it in `data-tool` or `data-action`
 * @property {string} text id of what it does
 */

/** @type {readonly CanvasKey[]} */
export const CANVAS_KEYS = [
  { keys: ['B'], command: 'brush', text: 'studio.canvas_brush' },
  { keys: ['E'], command: 'eraser', text: 'studio.canvas_eraser' },
  { keys: ['F'], command: 'fill', text: 'studio.canvas_fill' },
  { keys: ['I'], command: 'eyedropper', text: 'studio.canvas_eyedropper' },
  { keys: ['L'], command: 'line', text: 'studio.canvas_line' },
  { keys: ['R'], command: 'rectangle', text: 'studio.canvas_rectangle' },
  { keys: ['O'], command: 'ellipse', text: 'studio.canvas_ellipse' },
  { keys: ['M'], command: 'mirror', text: 'studio.canvas_mirror' },
  { keys: ['S'], command: 'lasso', text: 'studio.canvas_lasso' },
  { keys: ['T'], command: 'stickers', text: 'studio.canvas_stickers' },
  { keys: ['Y'], command: 'layers', text: 'studio.canvas_layers' },
  { keys: ['['], command: 'smaller', text: 'studio.canvas_smaller' },
  { keys: [']'], command: 'larger', text: 'studio.canvas_larger' },
  { keys: ['+', '='], command: 'zoom-in', text: 'studio.canvas_zoom_in' },
  { keys: ['-', '_'], command: 'zoom-out', text: 'studio.canvas_zoom_out' },
  { keys: ['0'], command: 'zoom-fit', text: 'studio.canvas_fit_view' },
  { keys: ['H', 'Space'], command: 'hand', text: 'studio.canvas_pan' },
  { keys: ['←', '→', '↑', '↓'], command: 'move', text: 'studio.canvas_move_selection' },
  { keys: ['D'], command: 'duplicate', text: 'studio.canvas_duplicate' },
  { keys: ['Delete', 'Backspace'], command: 'delete', text: 'studio.canvas_delete_selection' },
  { keys: ['Enter', 'Escape'], command: 'commit', text: 'studio.canvas_commit' },
  { keys: ['Ctrl+Z'], command: 'undo', text: 'studio.canvas_undo' },
  { keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], command: 'redo', text: 'studio.canvas_redo' },
];

const COMMANDS = new Map(
  CANVAS_KEYS.flatMap(({ keys, command }) => keys.map((key) => [key.toLowerCase(), command])),
);

/**
 * @param {KeyboardEvent} event
 * @returns {string | undefined} the command of a key
 */
export function commandOf(event) {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  // Where a layout has a character on a third level, AltGr is Ctrl and Alt.
  if (event.getModifierState('AltGraph')) return COMMANDS.get(key.toLowerCase());
  if (altKey) return undefined;
  const chord = ctrlKey || metaKey ? `Ctrl+${shiftKey ? 'Shift+' : ''}${key}` : key;
  return COMMANDS.get(chord.toLowerCase());
}
