/**
 * The parts of a `<doodle-canvas>`, each over its piece of the markup.
 *
 * @typedef {object} Parts
 * @property {HTMLElement} frame clips the page
 * @property {HTMLCanvasElement} sheet
 * @property {LayerStack} layers
 * @property {Painter} painter
 * @property {Selection} selection
 * @property {Viewport} viewport
 * @property {Toolbar} toolbar
 * @property {BrushRing} ring
 * @property {LivePreview} live
 * @property {Message} message
 * @typedef {object} Listeners what the parts call back
 * @property {() => void} selection another one floats, or elsewhere
 * @property {() => void} live a live preview is due
 */
import { find } from '../lib/dom.js';
import { BrushRing } from './cursor.js';
import { LayerStack } from './layers.js';
import { LivePreview } from './live-preview.js';
import { build } from './markup.js';
import { Message } from './message.js';
import { Painter } from './painter.js';
import { Selection } from './selection.js';
import { Toolbar } from './toolbar.js';
import { Viewport } from './viewport.js';

/**
 * Fills a canvas element. Its texts are not in it yet.
 *
 * @param {HTMLElement} root with the attributes of a `<doodle-canvas>`
 * @param {Listeners} on
 * @returns {Parts}
 */
export function buildParts(root, on) {
  root.classList.add('sketch');
  build(root, root.hasAttribute('compact'));
  if (!root.hasAttribute('live')) root.querySelector('.sketch-live')?.remove();
  const frame = find(root, '.sketch-page', HTMLElement);
  const sheet = find(root, 'canvas', HTMLCanvasElement);
  const page = find(root, '.sketch-zoom', HTMLElement);
  const layers = new LayerStack(sheet);
  const toolbar = new Toolbar(root);
  toolbar.showHistory(layers);
  return {
    frame,
    sheet,
    layers,
    painter: new Painter(layers),
    selection: new Selection(layers, on.selection),
    toolbar,
    viewport: new Viewport(frame, page, (scale) => showScale(root, scale)),
    ring: new BrushRing(find(root, '.sketch-ring', HTMLElement), frame, sheet),
    live: new LivePreview(frame, on.live),
    message: new Message(find(root, '.sketch-message', HTMLElement)),
  };
}

/**
 * @param {HTMLElement} root
 * @param {number} scale 1 fits the frame
 */
function showScale(root, scale) {
  root.style.setProperty('--zoom', String(scale));
  const percent = root.querySelector('.sketch-percent');
  if (percent) percent.textContent = `${Math.round(100 * scale)}%`;
}
