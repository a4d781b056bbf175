/**
 * The canvas of the studio page: a drawing layer over a base image, with its tools.
 *
 * A `gr.HTML` component calls `mountCanvas` with its host, on the markup of `canvas.html`.
 *
 * Other scripts send it events on `.sketch`: `import-url` with an image's URL, `import-file` with a
 * File, `show-message` with a text, in `detail`.
 *
 * @import { Point } from './tools.js'
 * @typedef {{ src: string, name: string, width: number, height: number }} Backdrop the base image
 * @typedef {{ unreadable: string, too_many_pixels: string, too_large: string }} Messages
 * @typedef {object} Props what Gradio keeps in step with Python; setting `value` tells it
 * @property {{ png: string } | null} value the layer as a data: URL, null while it is empty
 * @property {Backdrop} base
 * @property {{ name: string, hex: string }[]} palette
 * @property {Messages} messages
 * @typedef {object} Host what Gradio hands to a component's script
 * @property {HTMLElement} element
 * @property {Props} props
 * @property {(event: string) => void} trigger
 * @property {(prop: string, callback: () => void) => void} watch calls back when Python sets a prop
 */
import { find } from '../lib/dom.js';
import { loadDrawing, saveDrawing } from './autosave.js';
import { ImageError, imageUrl, loadImage } from './images.js';
import { Input } from './input.js';
import { Layer } from './layer.js';
import { Toolbar } from './toolbar.js';
import { Viewport } from './viewport.js';

const MESSAGE_MS = 8000;
const ZOOM_STEP = 1.5;

export class Canvas {
  /** @type {Set<Canvas>} those whose listeners are alive; a page has one */
  static #mounted = new Set();

  #host;
  #listening = new AbortController();
  #backdrop;
  #fileInput;
  #help;
  #message;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #messageTimer;
  /** @type {string | null} the layer as Python knows it */
  #sent = null;

  /**
   * Mounts a canvas. One that was mounted before on the same element, or whose element has left the
   * page, is unmounted first.
   *
   * @param {Host} host
   */
  static mount(host) {
    for (const other of Canvas.#mounted) {
      if (other.#host.element === host.element || !other.root.isConnected) other.unmount();
    }
    const canvas = new Canvas(host);
    Canvas.#mounted.add(canvas);
    return canvas;
  }

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    this.root = find(host.element, '.sketch', HTMLElement);
    this.frame = find(this.root, '.sketch-page', HTMLElement);
    this.sheet = find(this.root, 'canvas', HTMLCanvasElement);
    this.layer = new Layer(this.sheet);
    this.viewport = new Viewport(this.frame, find(this.root, '.sketch-zoom', HTMLElement));
    this.toolbar = new Toolbar(this.root, host.props.palette[0].hex);
    this.#backdrop = find(this.root, '.sketch-base', HTMLImageElement);
    this.#fileInput = find(this.root, '.sketch-file', HTMLInputElement);
    this.#help = find(this.root, '.sketch-help', HTMLDialogElement);
    this.#message = find(this.root, '.sketch-message', HTMLElement);
    this.#listen();
    this.#start();
  }

  /** Stops listening; what is drawn stays in the page and in the browser. */
  unmount() {
    this.#listening.abort();
    clearTimeout(this.#messageTimer);
    Canvas.#mounted.delete(this);
  }

  get brush() {
    return this.toolbar.brush;
  }

  /** @param {Point} point whose color, as it is seen, is to be painted with */
  pick(point) {
    this.toolbar.paintWith(this.layer.colorAt(point, this.#backdrop));
    this.toolbar.choose('brush');
  }

  /** @param {string} action as the buttons name it in `data-action` */
  runAction(action) {
    this.#actions[action]?.();
  }

  /**
   * Shows a message over the canvas for a while; nothing moves for it.
   *
   * @param {string} text
   */
  showMessage(text) {
    clearTimeout(this.#messageTimer);
    this.#message.textContent = text;
    if (text) this.#messageTimer = setTimeout(() => this.showMessage(''), MESSAGE_MS);
  }

  /** Hands the drawing to Python: exact pixels as PNG, or null for an empty layer. */
  emitChange() {
    this.#sent = this.layer.isEmpty() ? null : this.layer.encode();
    this.#host.props.value = this.#sent === null ? null : { png: this.#sent };
    this.#save();
    this.#host.trigger('input');
  }

  showHistory() {
    this.toolbar.showHistory(this.layer);
  }

  /** @type {Readonly<Record<string, () => void>>} */
  #actions = {
    undo: () => this.#step(this.layer.undo()),
    redo: () => this.#step(this.layer.redo()),
    clear: () => this.#clear(),
    mirror: () => this.toolbar.toggleMirror(),
    'zoom-in': () => this.viewport.zoom(ZOOM_STEP),
    'zoom-out': () => this.viewport.zoom(1 / ZOOM_STEP),
    'zoom-fit': () => this.viewport.reset(),
    import: () => this.#fileInput.click(),
    download: () => this.#download(),
    help: () => this.#help.showModal(),
    close: () => this.#help.close(),
  };

  #listen() {
    const { signal } = this.#listening;
    new Input(this, signal);
    this.toolbar.listen((action) => this.runAction(action), signal);
    this.#fileInput.addEventListener('change', () => this.#importChosen(), { signal });
    this.#on('import-url', (url) => this.#import(() => loadImage(String(url))));
    this.#on('import-file', (file) => file instanceof File && this.#importFile(file));
    this.#on('show-message', (text) => this.showMessage(String(text)));
    this.#host.watch('value', () => signal.aborted || this.#showValue());
    this.#host.watch('base', () => signal.aborted || this.#showBase());
  }

  /**
   * @param {string} name of an event that other scripts send
   * @param {(detail: unknown) => void} callback
   */
  #on(name, callback) {
    const { signal } = this.#listening;
    this.root.addEventListener(
      name,
      (event) => event instanceof CustomEvent && callback(event.detail),
      {
        signal,
      },
    );
  }

  #start() {
    // Python may have set a drawing while this script was on its way.
    const { value } = this.#host.props;
    this.#showBase();
    this.#resume();
    if (value) {
      this.#host.props.value = value;
      this.#showValue();
    }
  }

  /** @param {boolean} moved whether undo or redo changed anything */
  #step(moved) {
    if (!moved) return;
    this.showHistory();
    this.emitChange();
  }

  #record() {
    this.layer.record();
    this.showHistory();
  }

  #clear() {
    if (this.layer.isEmpty()) return;
    this.#record();
    this.layer.clear();
    this.emitChange();
  }

  #download() {
    const link = document.createElement('a');
    link.href = this.layer.encode();
    link.download = 'doodle.png';
    link.click();
  }

  #importChosen() {
    const file = this.#fileInput.files?.[0];
    this.#fileInput.value = '';
    if (file) this.#importFile(file);
  }

  /** @param {File} file */
  #importFile(file) {
    this.showMessage('');
    this.#import(async () => loadImage(imageUrl(file)));
  }

  /**
   * An image becomes the layer, as large as fits; it can be undone like a stroke.
   *
   * @param {() => Promise<HTMLImageElement>} load
   */
  async #import(load) {
    try {
      const image = await load();
      this.#record();
      this.layer.replace(image, true);
      this.emitChange();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.showMessage(this.#host.props.messages[error.reason]);
    }
  }

  #save() {
    saveDrawing(this.#sent, this.layer.width, this.layer.height);
  }

  /** Brings back what the browser kept, unless there is a drawing. */
  #resume() {
    if (this.#sent !== null) return;
    const png = loadDrawing(this.layer.width, this.layer.height);
    if (png === null) return;
    this.#host.props.value = { png };
    this.#showValue();
  }

  /** A drawing set from Python replaces the layer; it can be undone like a stroke. */
  #showValue() {
    const png = this.#host.props.value?.png ?? null;
    if (png === this.#sent) return;
    this.#sent = png;
    this.#record();
    this.#save();
    if (png === null) {
      this.layer.clear();
      return;
    }
    const image = new Image();
    image.onload = () => this.layer.replace(image, false);
    image.src = png;
  }

  /** The base changes beneath the doodle; the doodle stays, unless the size is another. */
  #showBase() {
    const { base } = this.#host.props;
    if (!base) return;
    this.#backdrop.src = base.src;
    this.#backdrop.alt = base.name;
    if (this.layer.width !== base.width || this.layer.height !== base.height) {
      this.layer.resize(base.width, base.height);
      this.root.style.setProperty('--shape', `${base.width} / ${base.height}`);
      if (this.#sent !== null) this.emitChange();
      else this.#resume();
    }
    this.showHistory();
  }
}

/**
 * Mounts the canvas of a component, in place of one that was mounted there before.
 *
 * @param {Host} host
 */
export function mountCanvas(host) {
  Canvas.mount(host);
}
