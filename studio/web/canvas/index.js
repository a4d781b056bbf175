/**
 * The canvas of the studio page and Python: its place in a `gr.HTML` component, what Python sets, and the
 * drawing for an event. The canvas itself is in the page before Gradio is (`studio/opening-canvas.js`).
 *
 * The drawing is not in Gradio's state: an event's `js` reads it from the canvas when the event is sent.
 *
 * @import { Backdrop } from './backdrop.js'
 * @typedef {object} Props what Gradio keeps in step with Python
 * @property {{ png: string, id: string } | null} value the drawing that Python set last; each has an id
 * @property {Backdrop} base
 * @property {string} preview the image that the live preview shows, as a data: URL
 * @typedef {object} Host what Gradio hands to a component's script
 * @property {HTMLElement} element
 * @property {Props} props
 * @property {(event: string) => void} trigger
 * @property {(prop: string, callback: () => void) => void} watch calls back when Python sets a prop
 */
import { find } from '../lib/dom.js';
import { DoodleCanvas } from './doodle-canvas.js';

/** The tie between a canvas and its Gradio component. One that is mounted anew has a new tie. */
class Bridge {
  /** @type {WeakMap<DoodleCanvas, Bridge>} */
  static #of = new WeakMap();

  #host;
  #canvas;
  #ending = new AbortController();
  /** Of the drawing that Python set last and that is shown. */
  #shown = '';

  /**
   * @param {Host} host
   * @param {DoodleCanvas} canvas
   */
  constructor(host, canvas) {
    this.#host = host;
    this.#canvas = canvas;
    const before = Bridge.#of.get(canvas);
    if (before) {
      before.#ending.abort();
      this.#shown = before.#shown;
    }
    Bridge.#of.set(canvas, this);
  }

  /** @param {DoodleCanvas} canvas */
  static of(canvas) {
    return Bridge.#of.get(canvas);
  }

  open() {
    const { props, trigger } = this.#host;
    const canvas = this.#canvas;
    if (!canvas.base) this.showBase();
    this.#watch('value', () => this.#showValue());
    // Before that Gradio does not know the last draft, whose base image the canvas shows.
    this.#watch('base', () => isOpened() && this.showBase());
    this.#watch('preview', () => {
      canvas.preview = props.preview;
    });
    const { signal } = this.#ending;
    canvas.addEventListener('doodle-live', () => trigger('input'), { signal });
    this.#showValue(); // Python may have set it before this.
  }

  showBase() {
    this.#canvas.base = this.#host.props.base;
  }

  /** A drawing is shown once, however often the component is mounted. */
  #showValue() {
    const { value } = this.#host.props;
    if (!value || value.id === this.#shown) return;
    this.#shown = value.id;
    this.#canvas.setPng(value.png);
  }

  /**
   * @param {string} prop
   * @param {() => void} callback
   */
  #watch(prop, callback) {
    this.#host.watch(prop, () => this.#ending.signal.aborted || callback());
  }
}

/**
 * Connects the page's canvas with Python: what Python sets is shown, and `input` asks for a live preview.
 *
 * @param {Host} host
 */
export function mountCanvas(host) {
  new Bridge(host, find(document, 'doodle-canvas', DoodleCanvas)).open();
  if (isOpened()) placeCanvas();
}

/** Moves the canvas, as it is, into its place among Gradio's components. From then on Python sets its base image. */
export function placeCanvas() {
  const slot = document.querySelector('.sketch-slot');
  const canvas = document.querySelector('doodle-canvas');
  if (!slot || !(canvas instanceof DoodleCanvas) || slot.contains(canvas)) return;
  const { activeElement } = document;
  slot.append(canvas);
  const hadFocus = activeElement instanceof HTMLElement && canvas.contains(activeElement);
  if (hadFocus) activeElement.focus({ preventScroll: true });
  Bridge.of(canvas)?.showBase();
}

/** Whether the page shows Gradio's components. */
function isOpened() {
  return document.documentElement.dataset.opened === 'yes';
}

/**
 * For an event's `js`: its inputs with the drawing as it is now.
 *
 * @param {number} index of the canvas among the inputs
 * @param {...unknown} inputs
 */
export function withDrawing(index, ...inputs) {
  const canvas = document.querySelector('doodle-canvas');
  if (!(canvas instanceof DoodleCanvas)) return inputs;
  const png = canvas.getPng();
  return inputs.with(index, png === null ? null : { png });
}
