/**
 * `<doodle-canvas>`: a drawing over a base image, with its tools.
 *
 * Attributes: `compact` has the smaller tool bar; `mask` paints areas: no layers, stickers and colors but those of
 * the palette, which the page chooses; `live` has a switch for a live preview; `autosave` names
 * the drawing that this browser keeps. Properties: `texts`, `palette`, `base`, `preview`. Events, which
 * bubble: `doodle-change` after each change, `doodle-live` when a live preview is due.
 *
 * Other scripts may also send it events: `import-url` with an image's URL, `import-file` with a File,
 * `show-message` with a text, in `detail`.
 *
 * @import { Backdrop } from './backdrop.js'
 * @import { KeptDrawing } from './layers.js'
 * @import { Color } from './markup.js'
 * @import { Parts } from './parts.js'
 * @import { Point, Tool } from './tools.js'
 * @import { Params } from '../lib/translate.js'
 * @typedef {Readonly<Record<string, string>>} Texts by id
 */
import { find } from '../lib/dom.js';
import { translate } from '../lib/translate.js';
import { colorSeen, shapeLike, showBackdrop } from './backdrop.js';
import { canvasCommands } from './commands.js';
import { Incoming } from './incoming.js';
import { Input } from './input.js';
import { Keeper } from './keeper.js';
import { LayersPanel } from './layers-panel.js';
import { fillPalette, localize } from './markup.js';
import { attachMenu, closeMenu } from './menu.js';
import { buildParts } from './parts.js';
import { SelectionBox } from './selection-box.js';
import { StickerMenu } from './sticker-menu.js';

/** Commands that a canvas for masks does not have. */
const NOT_FOR_MASKS = new Set(['stickers', 'layers', 'eyedropper', 'import', 'download']);

export class DoodleCanvas extends HTMLElement {
  #listening = new AbortController();
  /** @type {Texts} */
  #texts = {};
  /** @type {readonly Color[]} */
  #palette = [];
  /** @type {Backdrop | null} */
  #base = null;
  /** @type {Parts | null} once it is filled */
  #parts = null;
  #incoming = new Incoming(this);
  /** @type {Readonly<Record<string, () => unknown>>} by name; false where there is nothing to do */
  #commands = {
    ...canvasCommands(this),
    live: () => this.toolbar.showLive(this.#built.live.toggle()),
    stickers: () => this.#stickers?.open(),
  };
  #keeper = new Keeper(
    () => this.getAttribute('autosave'),
    () => this.#kept(),
  );
  /** @type {SelectionBox | null} */
  #selectionBox = null;
  /** @type {LayersPanel | null} null in the compact canvas */
  #panel = null;
  /** @type {StickerMenu | null} */
  #stickers = null;
  /** @type {HTMLElement | null} "⋯"; the compact canvas has none */
  #menu = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    new Input(this, signal);
    this.#selectionBox = new SelectionBox(this, signal);
    this.toolbar.listen((command) => this.runCommand(command), signal);
    this.#stickers = new StickerMenu(this, signal);
    if (!this.hasAttribute('compact')) this.#listenToFull(signal);
    this.querySelector('.sketch-file')?.addEventListener('change', this.#importChosen, { signal });
    this.#on('import-url', (url) => this.importImage(String(url)));
    this.#on('import-file', (file) => file instanceof File && this.importImage(file));
    this.#on('show-message', (text) => this.showMessage(String(text)));
    window.addEventListener('pagehide', () => this.#keeper.save(), { signal });
    this.viewport.followSize(signal);
    this.#showSelection(); // It may have been connected before.
    this.showLayers();
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.showMessage('');
    this.#keeper.save();
  }

  /** Whether the browser keeps the drawing as it is now. */
  get saved() {
    return this.#keeper.saved;
  }

  /** @param {Texts} texts those of `studio/server/canvas_texts.py` */
  set texts(texts) {
    this.#texts = texts;
    this.#fill();
    localize(this, (id) => this.text(id));
  }

  /** @param {readonly Color[]} palette */
  set palette(palette) {
    const [first] = palette;
    if (JSON.stringify(palette) === JSON.stringify(this.#palette) || !first) return;
    this.#palette = palette;
    fillPalette(this, palette);
    this.toolbar.paletteChanged();
    this.toolbar.paintWith(first.hex);
  }

  /**
   * The base image beneath the doodle. The doodle stays; for a base image of another size it is made as
   * large as fits.
   *
   * @param {Backdrop} base
   */
  set base(base) {
    this.#base = base;
    const { layers } = this;
    showBackdrop(this, base);
    if (layers.width === base.width && layers.height === base.height && this.dataset.sized) return;
    this.dataset.sized = 'true';
    this.commitSelection();
    layers.resize(base.width, base.height);
    shapeLike(this, base, layers.whole);
    if (!layers.isBare) this.changed();
    this.#incoming.resume();
    this.showLayers();
  }

  /** @returns {Backdrop | null} */
  get base() {
    return this.#base;
  }

  /** @param {string} src of the image that the live preview shows; empty for none */
  set preview(src) {
    this.#built.live.show(src, this.text('studio.canvas_preview_alt'));
  }

  get frame() {
    return this.#built.frame;
  }

  get sheet() {
    return this.#built.sheet;
  }

  get layers() {
    return this.#built.layers;
  }

  get painter() {
    return this.#built.painter;
  }

  get selection() {
    return this.#built.selection;
  }

  get viewport() {
    return this.#built.viewport;
  }

  get toolbar() {
    return this.#built.toolbar;
  }

  get ring() {
    return this.#built.ring;
  }

  get brush() {
    return this.toolbar.brush;
  }

  /** Whether nothing is drawn, or nothing of it is shown. */
  get isEmpty() {
    return this.layers.isEmpty();
  }

  /** @returns {string | null} the drawing at the base image's size as a data: URL of a PNG; null while empty */
  getPng() {
    return this.layers.isEmpty() ? null : this.layers.encode();
  }

  /**
   * A drawing replaces what there is; that can be undone like a stroke.
   *
   * @param {string} png a data: URL of the base image's size
   */
  async setPng(png) {
    const replaced = await this.#incoming.set(png);
    if (replaced) this.showMessage(this.text('studio.canvas_replaced'), 'undo');
  }

  /** Leaves one empty layer; that can be undone like a stroke. */
  clear() {
    this.commitSelection();
    if (this.layers.isBare) return;
    this.layers.clear();
    this.changed();
  }

  /**
   * An image becomes the drawing, as large as fits; that can be undone like a stroke.
   *
   * @param {string | File} source an address or a file of any kind that the browser shows
   */
  async importImage(source) {
    this.showMessage('');
    await this.#incoming.importFrom(source);
  }

  /**
   * Keeps the drawing in this browser under the name in `autosave`, and brings back what is kept.
   *
   * @returns {Promise<void>} when that is shown
   */
  async restore() {
    this.#incoming.restore(await this.#keeper.load());
    this.showLayers();
  }

  /** What is drawn has changed: a stroke has ended, or an act has replaced it. */
  changed() {
    this.#incoming.touched();
    this.#keeper.changed();
    this.#showHistory();
    this.#panel?.changed();
    this.#tell('doodle-change');
    this.#built.live.changed();
  }

  /** @param {Point} point whose color, as it is seen, is to be painted with */
  pick(point) {
    this.toolbar.paintWith(colorSeen(this, point));
    this.toolbar.choose('brush');
  }

  /**
   * Keeps the preview out of the hand's way: it is in the corner of the other side.
   *
   * @param {{ clientX: number }} pointer
   */
  dodge(pointer) {
    this.#built.live.dodge(pointer);
  }

  /**
   * @param {string} command as the buttons name it in `data-action` or `data-tool`
   * @returns {boolean} whether it had something to do
   */
  runCommand(command) {
    if (this.hasAttribute('mask') && NOT_FOR_MASKS.has(command)) return false;
    const tool = this.querySelector(`[data-tool="${command}"]`);
    /** @type {(() => unknown) | undefined} */
    const act = tool
      ? () => this.#chooseTool(/** @type {Tool} */ (command))
      : (this.#commands[command] ?? this.#panel?.acts[command]);
    if (this.#menu) closeMenu(this.#menu);
    this.#stickers?.close();
    return act !== undefined && act() !== false;
  }

  /** Whether the active layer may be drawn on; else it is told why not. */
  mayDraw() {
    const { isLocked, isVisible } = this.layers.active;
    if (isLocked) this.showMessage(this.text('studio.canvas_layer_is_locked'));
    else if (!isVisible) this.showMessage(this.text('studio.canvas_layer_is_hidden'));
    return !isLocked && isVisible;
  }

  /** Puts down what floats: it is part of the layer from now on. */
  commitSelection() {
    if (this.selection.commit()) this.changed();
  }

  /** @param {readonly Point[]} points of the line that the lasso draws; none hides it */
  traceLasso(points) {
    const line = find(this, '.sketch-lasso polyline', SVGElement);
    line.setAttribute(
      'points',
      points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '),
    );
  }

  /**
   * Shows a message over the canvas for a while; nothing moves for it.
   *
   * @param {string} text
   * @param {'undo'} [action] what a button beside it does
   */
  showMessage(text, action) {
    const offer = action && { action, label: this.text('studio.canvas_undo') };
    this.#built.message.show(text, offer);
  }

  /**
   * @param {string} id
   * @param {Params} [params]
   */
  text(id, params) {
    return translate(this.#texts, id, params);
  }

  /** Shows the layers in their panel, and what can be undone. */
  showLayers() {
    this.#showHistory();
    this.#panel?.show();
  }

  get #built() {
    return this.#fill();
  }

  /** Fills it, once. */
  #fill() {
    this.#parts ??= buildParts(this, {
      selection: () => this.#showSelection(),
      live: () => this.#tell('doodle-live'),
    });
    return this.#parts;
  }

  /**
   * @param {string} name of an event that other scripts send
   * @param {(detail: unknown) => void} callback
   */
  #on(name, callback) {
    const { signal } = this.#listening;
    const listener = (/** @type {Event} */ event) =>
      event instanceof CustomEvent && callback(event.detail);
    this.addEventListener(name, listener, { signal });
  }

  /** @param {AbortSignal} signal */
  #listenToFull(signal) {
    this.#menu = attachMenu(this, '.sketch-more', '.sketch-menu', signal);
    this.#panel = new LayersPanel(this, (id, params) => this.text(id, params), signal);
  }

  /** @param {Tool} tool */
  #chooseTool(tool) {
    this.commitSelection();
    this.toolbar.choose(tool);
  }

  #showSelection() {
    this.#selectionBox?.show();
    this.ring.hide();
    this.#showHistory();
  }

  #showHistory() {
    const { layers, selection } = this;
    const canUndo = layers.canUndo || selection.isChanged;
    this.toolbar.showHistory({ canUndo, canRedo: layers.canRedo && !selection.isChanged });
  }

  /** @returns {KeptDrawing | null} the drawing as the browser keeps it */
  #kept() {
    const { layers, selection } = this;
    const isPristine = layers.isBare && !layers.canUndo && !layers.canRedo && !selection.isChanged;
    return isPristine ? null : layers.keep(selection.pending);
  }

  #importChosen = () => {
    const input = find(this, '.sketch-file', HTMLInputElement);
    const file = input.files?.[0];
    input.value = '';
    if (file) this.importImage(file);
  };

  /** @param {string} event which bubbles */
  #tell(event) {
    this.dispatchEvent(new CustomEvent(event, { bubbles: true }));
  }
}

if (!customElements.get('doodle-canvas')) customElements.define('doodle-canvas', DoodleCanvas);
