/**
 * What the buttons and the keys of a canvas do, by the names that the buttons have in `data-action`.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 */
import { find } from '../lib/dom.js';

const ZOOM_STEP = 1.5;
const SIZE_STEP = 2;

/**
 * @param {DoodleCanvas} canvas
 * @returns {Readonly<Record<string, () => unknown>>} each returns false where there is nothing to do
 */
export function canvasCommands(canvas) {
  /** @param {number} by in units of the brush's size */
  const resize = (by) => {
    canvas.toolbar.size += by;
  };
  return {
    undo: () => step(canvas, canvas.selection.cancel() || canvas.layers.undo()),
    redo: () => {
      canvas.commitSelection();
      return step(canvas, canvas.layers.redo());
    },
    clear: () => canvas.clear(),
    mirror: () => canvas.toolbar.toggleMirror(),
    smaller: () => resize(-SIZE_STEP),
    larger: () => resize(SIZE_STEP),
    'zoom-in': () => canvas.viewport.zoom(ZOOM_STEP),
    'zoom-out': () => canvas.viewport.zoom(1 / ZOOM_STEP),
    'zoom-fit': () => canvas.viewport.reset(),
    import: () => find(canvas, '.sketch-file', HTMLInputElement).click(),
    download: () => download(canvas),
    recolor: () => canvas.selection.recolor(canvas.brush.color) && canvas.changed(),
    commit: () => canvas.selection.box !== null && canvas.commitSelection(),
    duplicate: () => change(canvas, ({ selection }) => selection.duplicate()),
    delete: () => change(canvas, ({ selection }) => selection.remove()),
    'fill-selection': () =>
      change(canvas, ({ selection, brush, toolbar }) =>
        selection.fill(brush.color, toolbar.pattern),
      ),
  };
}

/**
 * @param {DoodleCanvas} canvas
 * @param {boolean} moved whether undo or redo changed anything
 */
function step(canvas, moved) {
  if (!moved) return false;
  canvas.showMessage('');
  canvas.changed();
  canvas.showLayers();
  return true;
}

/**
 * An act on what floats.
 *
 * @param {DoodleCanvas} canvas
 * @param {(canvas: DoodleCanvas) => unknown} act
 * @returns {boolean} whether something floats
 */
function change(canvas, act) {
  if (!canvas.selection.box) return false;
  act(canvas);
  canvas.changed();
  return true;
}

/** @param {DoodleCanvas} canvas */
function download({ layers }) {
  const link = document.createElement('a');
  link.href = layers.encode();
  link.download = 'doodle.png';
  link.click();
}
