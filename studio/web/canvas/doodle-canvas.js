/**
 * `<doodle-canvas>`: a drawing layer over a base image, with its tools.
 *
 * Attributes: `compact` has the smaller tool bar; `live` has a switch for a live preview; `autosave` names
 * the drawing that this browser keeps. Properties: `texts`, `palette`, `base`, `preview`. Events, which
 * bubble: `doodle-change` after each change, `doodle-live` when a live preview is due.
 *
 * Other scripts may also send it events: `import-url` with an image's URL, `import-file` with a File,
 * `show-message` with a text, in `detail`.
 *
 * @import { Drawing } from './layer.js'
 * @import { OldDrawing } from './autosave.js'
 * @import { Color } from './markup.js'
 * @import { Point } from './tools.js'
 * @typedef {{ src: string, name: string, width: number, height: number }} Backdrop the base image
 * @typedef {Readonly<Record<string, string>>} Texts by id
 * @typedef {object} Parts
 * @property {HTMLElement} frame
 * @property {HTMLCanvasElement} sheet
 * @property {Layer} layer
 * @property {Viewport} viewport
 * @property {Toolbar} toolbar
 * @property {BrushRing} ring
 */
import { find } from '../lib/dom.js';
import { translate } from '../lib/translate.js';
import { loadDrawing, saveDrawing } from './autosave.js';
import { BrushRing } from './cursor.js';
import { whenIdle } from './idle.js';
import { ImageError, imageUrl, loadImage } from './images.js';
import { Input } from './input.js';
import { Layer } from './layer.js';
import { build, fillPalette, localize } from './markup.js';
import { showMenu } from './menu.js';
import { Toolbar } from './toolbar.js';
import { Viewport } from './viewport.js';

const MESSAGE_MS = 8000;
const ZOOM_STEP = 1.5;
const SAVE_AFTER_MS = 400;
const PREVIEW_AFTER_MS = 500;

export class DoodleCanvas extends HTMLElement {
  /** Whether the browser keeps the drawing as it is now. */
  saved = true;

  #listening = new AbortController();
  /** @type {Texts} */
  #texts = {};
  /** @type {readonly Color[]} */
  #palette = [];
  /** @type {Backdrop | null} */
  #base = null;
  /** @type {Parts | null} once it is filled */
  #parts = null;
  #isLive = false;
  /** Whether anything was drawn, set or cleared since the page was opened. */
  #isTouched = false;
  /** @type {Drawing | OldDrawing | null} what the browser kept, until it is shown or replaced */
  #kept = null;
  /** Counts the images that are to become the drawing: only the last one does. */
  #imports = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #messageTimer;
  #cancelSave = () => {};
  #cancelPreview = () => {};

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    new Input(this, signal);
    this.toolbar.listen((action) => this.runAction(action), signal);
    this.querySelector('.sketch-file')?.addEventListener('change', this.#importChosen, { signal });
    this.#on('import-url', (url) => this.importImage(String(url)));
    this.#on('import-file', (file) => file instanceof File && this.importImage(file));
    this.#on('show-message', (text) => this.showMessage(String(text)));
    window.addEventListener('pagehide', () => this.#save(), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearTimeout(this.#messageTimer);
    this.#save();
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
    const { layer } = this;
    const image = find(this, '.sketch-base', HTMLImageElement);
    if (image.getAttribute('src') !== base.src) image.src = base.src;
    image.alt = base.name;
    if (layer.width === base.width && layer.height === base.height && this.dataset.sized) return;
    this.dataset.sized = 'true';
    const before = layer.isEmpty() ? null : copyOf(this.sheet);
    layer.resize(base.width, base.height);
    this.style.setProperty('--shape', `${base.width} / ${base.height}`);
    this.style.setProperty('--ratio', String(base.width / base.height));
    if (before) {
      layer.replace(before, true);
      this.changed();
    }
    this.#resume();
    this.toolbar.showHistory(layer);
  }

  /** @returns {Backdrop | null} */
  get base() {
    return this.#base;
  }

  /** @param {string} src of the image that the live preview shows; empty for none */
  set preview(src) {
    const image = find(this, '.sketch-preview', HTMLImageElement);
    image.alt = this.#text('studio.canvas_preview_alt');
    if (src) image.src = src;
    image.hidden = !src || !this.#isLive;
  }

  get frame() {
    return this.#built.frame;
  }

  get sheet() {
    return this.#built.sheet;
  }

  get layer() {
    return this.#built.layer;
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

  /** Whether nothing is drawn. */
  get isEmpty() {
    return this.layer.isEmpty();
  }

  /** @returns {string | null} the drawing at the base image's size as a data: URL of a PNG; null while empty */
  getPng() {
    return this.layer.isEmpty() ? null : this.layer.encode();
  }

  /**
   * A drawing replaces what there is; that can be undone like a stroke.
   *
   * @param {string} png a data: URL of the base image's size
   */
  async setPng(png) {
    this.#isTouched = true;
    const mayReplace = !this.layer.isEmpty();
    if (!(await this.#replace(() => loadImage(png), false)) || !mayReplace) return;
    this.showMessage(this.#text('studio.canvas_replaced'), 'undo');
  }

  /** Empties the layer; that can be undone like a stroke. */
  clear() {
    if (this.layer.isEmpty()) return;
    this.layer.clear();
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
    const name = this.getAttribute('autosave');
    if (!name) return;
    this.#kept = await loadDrawing(name);
    this.#resume();
  }

  /** What is drawn has changed: a stroke has ended, or an act has replaced it. */
  changed() {
    this.#isTouched = true;
    this.saved = false;
    this.toolbar.showHistory(this.layer);
    this.#cancelSave();
    this.#cancelSave = whenIdle(() => this.#save(), SAVE_AFTER_MS);
    this.dispatchEvent(new CustomEvent('doodle-change', { bubbles: true }));
    if (this.#isLive) this.#previewSoon();
  }

  /** @param {Point} point whose color, as it is seen, is to be painted with */
  pick(point) {
    this.toolbar.paintWith(this.layer.colorAt(point, find(this, '.sketch-base', HTMLImageElement)));
    this.toolbar.choose('brush');
  }

  /**
   * Keeps the preview out of the hand's way: it is in the corner of the other side.
   *
   * @param {{ clientX: number }} pointer
   */
  dodge({ clientX }) {
    if (!this.#isLive) return;
    const { left, width } = this.frame.getBoundingClientRect();
    this.frame.classList.toggle('at-right', clientX > left + width / 2);
  }

  /** @param {string} action as the buttons name it in `data-action` */
  runAction(action) {
    this.#actions[action]?.();
    if (action !== 'menu') showMenu(this, false);
  }

  /**
   * Shows a message over the canvas for a while; nothing moves for it.
   *
   * @param {string} text
   * @param {'undo'} [action] what a button beside it does
   */
  showMessage(text, action) {
    clearTimeout(this.#messageTimer);
    const message = find(this, '.sketch-message', HTMLElement);
    message.textContent = text;
    if (action) {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.action = action;
      button.textContent = this.#text('studio.canvas_undo');
      message.append(' ', button);
    }
    if (text) this.#messageTimer = setTimeout(() => this.showMessage(''), MESSAGE_MS);
  }

  /** @type {Readonly<Record<string, () => void>>} */
  #actions = {
    undo: () => this.#step(this.layer.undo()),
    redo: () => this.#step(this.layer.redo()),
    clear: () => this.clear(),
    mirror: () => this.toolbar.toggleMirror(),
    live: () => this.#toggleLive(),
    menu: () => showMenu(this, true),
    'zoom-in': () => this.viewport.zoom(ZOOM_STEP),
    'zoom-out': () => this.viewport.zoom(1 / ZOOM_STEP),
    'zoom-fit': () => this.viewport.reset(),
    import: () => find(this, '.sketch-file', HTMLInputElement).click(),
    download: () => this.#download(),
    help: () => this.#help?.showModal(),
    close: () => this.#help?.close(),
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
    const layer = new Layer(sheet);
    const toolbar = new Toolbar(this);
    toolbar.showHistory(layer);
    return {
      frame,
      sheet,
      layer,
      toolbar,
      viewport: new Viewport(frame, page, (scale) => this.#showScale(scale)),
      ring: new BrushRing(find(this, '.sketch-ring', HTMLElement), frame, sheet),
    };
  }

  get #built() {
    this.#parts ??= this.#build();
    return this.#parts;
  }

  get #help() {
    const help = this.querySelector('.sketch-help');
    return help instanceof HTMLDialogElement ? help : null;
  }

  /** @param {string} id */
  #text(id) {
    return translate(this.#texts, id);
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

  /** @param {boolean} moved whether undo or redo changed anything */
  #step(moved) {
    if (!moved) return;
    this.showMessage('');
    this.changed();
  }

  #download() {
    const link = document.createElement('a');
    link.href = this.layer.encode();
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
      this.layer.replace(image, fit);
      this.changed();
      return true;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.showMessage(this.#text(error.textId));
      return false;
    }
  }

  #save() {
    const name = this.getAttribute('autosave');
    this.#cancelSave();
    if (this.saved) return;
    const isBlank = this.layer.isEmpty() && !this.layer.canUndo && !this.layer.canRedo;
    const written = name ? saveDrawing(name, isBlank ? null : this.layer.keep()) : undefined;
    this.saved = !written;
    written?.then(() => {
      this.saved = true;
    });
  }

  /** Brings back what the browser kept, where it has the size of the base image and nothing was drawn yet. */
  #resume() {
    const [kept, { layer }] = [this.#kept, this];
    if (!kept || this.#isTouched || kept.width !== layer.width || kept.height !== layer.height)
      return;
    this.#kept = null;
    if ('png' in kept) {
      this.#replace(() => loadImage(kept.png), false);
      return;
    }
    layer.resume(kept);
    this.toolbar.showHistory(layer);
  }

  #toggleLive() {
    this.#isLive = !this.#isLive;
    this.toolbar.showLive(this.#isLive);
    this.#cancelPreview();
    if (this.#isLive) this.dispatchEvent(new CustomEvent('doodle-live', { bubbles: true }));
    else this.preview = '';
  }

  #previewSoon() {
    this.#cancelPreview();
    const ask = () => this.dispatchEvent(new CustomEvent('doodle-live', { bubbles: true }));
    this.#cancelPreview = whenIdle(ask, PREVIEW_AFTER_MS);
  }

  /** @param {number} scale */
  #showScale(scale) {
    const percent = this.querySelector('.sketch-percent');
    if (percent) percent.textContent = `${Math.round(100 * scale)}%`;
  }
}

/** @param {HTMLCanvasElement} sheet */
function copyOf(sheet) {
  const copy = document.createElement('canvas');
  copy.width = sheet.width;
  copy.height = sheet.height;
  copy.getContext('2d')?.drawImage(sheet, 0, 0);
  return copy;
}

if (!customElements.get('doodle-canvas')) customElements.define('doodle-canvas', DoodleCanvas);
