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
 * @import { KeptDrawing } from './layers.js'
 * @import { OldDrawing } from './autosave.js'
 * @import { Color } from './markup.js'
 * @import { Point, Tool } from './tools.js'
 * @import { Params } from '../lib/translate.js'
 * @typedef {{ src: string, name: string, width: number, height: number }} Backdrop the base image
 * @typedef {Readonly<Record<string, string>>} Texts by id
 * @typedef {object} Parts
 * @property {HTMLElement} frame
 * @property {HTMLCanvasElement} sheet
 * @property {LayerStack} layers
 * @property {Painter} painter
 * @property {Selection} selection
 * @property {Viewport} viewport
 * @property {Toolbar} toolbar
 * @property {BrushRing} ring
 * @property {LivePreview} live
 * @property {Message} message
 */
import { find } from '../lib/dom.js';
import { translate } from '../lib/translate.js';
import { BrushRing } from './cursor.js';
import { ImageError, imageUrl, loadImage } from './images.js';
import { Input } from './input.js';
import { Keeper } from './keeper.js';
import { LayerStack } from './layers.js';
import { LayersPanel } from './layers-panel.js';
import { LivePreview } from './live-preview.js';
import { build, fillPalette, localize } from './markup.js';
import { attachMenu, closeMenu } from './menu.js';
import { Message } from './message.js';
import { Painter } from './painter.js';
import { Selection } from './selection.js';
import { SelectionBox } from './selection-box.js';
import { StickerMenu } from './sticker-menu.js';
import { Toolbar } from './toolbar.js';
import { Viewport } from './viewport.js';

const ZOOM_STEP = 1.5;
const SIZE_STEP = 2;
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
  /** Whether anything was drawn, set or cleared since the page was opened. */
  #isTouched = false;
  /** @type {KeptDrawing | OldDrawing | null} what the browser kept, until it is shown or replaced */
  #restored = null;
  /** Counts the images that are to become the drawing: only the last one does. */
  #imports = 0;
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
    this.#parts ??= this.#build();
    localize(this, (id) => this.#text(id));
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
    const image = find(this, '.sketch-base', HTMLImageElement);
    if (image.getAttribute('src') !== base.src) image.src = base.src;
    image.alt = base.name;
    if (layers.width === base.width && layers.height === base.height && this.dataset.sized) return;
    this.dataset.sized = 'true';
    this.commitSelection();
    layers.resize(base.width, base.height);
    const { width, height } = layers.whole;
    find(this, '.sketch-lasso', SVGElement).setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.style.setProperty('--shape', `${base.width} / ${base.height}`);
    this.style.setProperty('--ratio', String(base.width / base.height));
    if (!layers.isBare) this.changed();
    this.#resume();
    this.#showLayers();
  }

  /** @returns {Backdrop | null} */
  get base() {
    return this.#base;
  }

  /** @param {string} src of the image that the live preview shows; empty for none */
  set preview(src) {
    this.#built.live.show(src, this.#text('studio.canvas_preview_alt'));
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
    this.#isTouched = true;
    const mayReplace = !this.layers.isBare;
    if (!(await this.#replace(() => loadImage(png), false)) || !mayReplace) return;
    this.showMessage(this.#text('studio.canvas_replaced'), 'undo');
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
    await this.#replace(
      async () => loadImage(source instanceof File ? imageUrl(source) : source),
      true,
    );
  }

  /**
   * Keeps the drawing in this browser under the name in `autosave`, and brings back what is kept.
   *
   * @returns {Promise<void>} when that is shown
   */
  async restore() {
    this.#restored = await this.#keeper.load();
    this.#resume();
  }

  /** What is drawn has changed: a stroke has ended, or an act has replaced it. */
  changed() {
    this.#isTouched = true;
    this.#keeper.changed();
    this.#showHistory();
    this.#panel?.changed();
    this.#tell('doodle-change');
    this.#built.live.changed();
  }

  /** @param {Point} point whose color, as it is seen, is to be painted with */
  pick(point) {
    this.toolbar.paintWith(
      this.layers.colorAt(point, find(this, '.sketch-base', HTMLImageElement)),
    );
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
      : (this.#acts[command] ?? this.#panel?.acts[command]);
    if (this.#menu) closeMenu(this.#menu);
    this.#stickers?.close();
    return act !== undefined && act() !== false;
  }

  /** Whether the active layer may be drawn on; else it is told why not. */
  mayDraw() {
    const { isLocked, isVisible } = this.layers.active;
    if (isLocked) this.showMessage(this.#text('studio.canvas_layer_is_locked'));
    else if (!isVisible) this.showMessage(this.#text('studio.canvas_layer_is_hidden'));
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
    const offer = action && { action, label: this.#text('studio.canvas_undo') };
    this.#built.message.show(text, offer);
  }

  /** @type {Readonly<Record<string, () => unknown>>} by command; false where there is nothing to do */
  #acts = {
    undo: () => this.#step(this.selection.cancel() || this.layers.undo()),
    redo: () => this.#redo(),
    clear: () => this.clear(),
    mirror: () => this.toolbar.toggleMirror(),
    live: () => this.toolbar.showLive(this.#built.live.toggle()),
    smaller: () => this.#resizeBrush(-SIZE_STEP),
    larger: () => this.#resizeBrush(SIZE_STEP),
    'zoom-in': () => this.viewport.zoom(ZOOM_STEP),
    'zoom-out': () => this.viewport.zoom(1 / ZOOM_STEP),
    'zoom-fit': () => this.viewport.reset(),
    import: () => find(this, '.sketch-file', HTMLInputElement).click(),
    download: () => this.#download(),
    stickers: () => this.#stickers?.open(),
    recolor: () => this.selection.recolor(this.brush.color) && this.changed(),
    commit: () => this.selection.box !== null && this.commitSelection(),
    duplicate: () => this.#float(() => this.selection.duplicate()),
    delete: () => this.#float(() => this.selection.remove()),
    'fill-selection': () =>
      this.#float(() => this.selection.fill(this.brush.color, this.toolbar.pattern)),
  };

  /** @returns {Parts} */
  #build() {
    this.classList.add('sketch');
    build(this, this.hasAttribute('compact'));
    if (!this.hasAttribute('live')) this.querySelector('.sketch-live')?.remove();
    localize(this, (id) => this.#text(id));
    const frame = find(this, '.sketch-page', HTMLElement);
    const sheet = find(this, 'canvas', HTMLCanvasElement);
    const page = find(this, '.sketch-zoom', HTMLElement);
    const layers = new LayerStack(sheet);
    const toolbar = new Toolbar(this);
    toolbar.showHistory(layers);
    return {
      frame,
      sheet,
      layers,
      painter: new Painter(layers),
      selection: new Selection(layers, () => this.#showSelection()),
      toolbar,
      viewport: new Viewport(frame, page, (scale) => this.#showScale(scale)),
      ring: new BrushRing(find(this, '.sketch-ring', HTMLElement), frame, sheet),
      live: new LivePreview(frame, () => this.#tell('doodle-live')),
      message: new Message(find(this, '.sketch-message', HTMLElement)),
    };
  }

  get #built() {
    this.#parts ??= this.#build();
    return this.#parts;
  }

  /**
   * @param {string} id
   * @param {Params} [params]
   */
  #text(id, params) {
    return translate(this.#texts, id, params);
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
    this.#panel = new LayersPanel(this, (id, params) => this.#text(id, params), signal);
  }

  /** @param {Tool} tool */
  #chooseTool(tool) {
    this.commitSelection();
    this.toolbar.choose(tool);
  }

  /** @param {number} by */
  #resizeBrush(by) {
    this.toolbar.size += by;
  }

  /**
   * An act on what floats.
   *
   * @param {() => unknown} act
   * @returns {boolean} whether something floats
   */
  #float(act) {
    if (!this.selection.box) return false;
    act();
    this.changed();
    return true;
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

  #showLayers() {
    this.#showHistory();
    this.#panel?.show();
  }

  /** @param {boolean} moved whether undo or redo changed anything */
  #step(moved) {
    if (!moved) return false;
    this.showMessage('');
    this.changed();
    this.#panel?.show();
    return true;
  }

  #redo() {
    this.commitSelection();
    return this.#step(this.layers.redo());
  }

  /** @returns {KeptDrawing | null} the drawing as the browser keeps it */
  #kept() {
    const { layers, selection } = this;
    const isPristine = layers.isBare && !layers.canUndo && !layers.canRedo && !selection.isChanged;
    return isPristine ? null : layers.keep(selection.pending);
  }

  #download() {
    const link = document.createElement('a');
    link.href = this.layers.encode();
    link.download = 'doodle.png';
    link.click();
  }

  #importChosen = () => {
    const input = find(this, '.sketch-file', HTMLInputElement);
    const file = input.files?.[0];
    input.value = '';
    if (file) this.importImage(file);
  };

  /**
   * @param {() => Promise<HTMLImageElement>} load
   * @param {boolean} fit see `Layer.replace`
   * @returns {Promise<boolean>} whether the image is the drawing now
   */
  async #replace(load, fit) {
    this.#imports += 1;
    const turn = this.#imports;
    try {
      const image = await load();
      if (turn !== this.#imports) return false;
      this.commitSelection();
      this.layers.replace(image, fit);
      this.changed();
      return true;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.showMessage(this.#text(error.textId));
      return false;
    }
  }

  /** Brings back what the browser kept, where it has the size of the base image and nothing was drawn yet. */
  #resume() {
    const [kept, { layers }] = [this.#restored, this];
    if (!kept || this.#isTouched || kept.width !== layers.width || kept.height !== layers.height)
      return;
    this.#restored = null;
    if ('png' in kept) {
      this.#replace(() => loadImage(kept.png), false);
      return;
    }
    layers.resume(kept);
    this.#showLayers();
  }

  /** @param {string} event which bubbles */
  #tell(event) {
    this.dispatchEvent(new CustomEvent(event, { bubbles: true }));
  }

  /** @param {number} scale */
  #showScale(scale) {
    this.style.setProperty('--zoom', String(scale));
    const percent = this.querySelector('.sketch-percent');
    if (percent) percent.textContent = `${Math.round(100 * scale)}%`;
  }
}

if (!customElements.get('doodle-canvas')) customElements.define('doodle-canvas', DoodleCanvas);
