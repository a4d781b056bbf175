/**
 * The canvas of the studio page: `<doodle-canvas>` in a `gr.HTML` component, and the drawing for an event.
 *
 * The drawing is not in Gradio's state: an event's `js` reads it from the canvas when the event is sent.
 *
 * @import { Backdrop, Texts } from './doodle-canvas.js'
 * @import { Color } from './markup.js'
 * @typedef {object} Props what Gradio keeps in step with Python
 * @property {{ png: string, id: string } | null} value the drawing that Python set last; each has an id
 * @property {Backdrop} base
 * @property {readonly Color[]} palette
 * @property {Texts} texts
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

  async open() {
    const { props, trigger } = this.#host;
    const canvas = this.#canvas;
    Object.assign(canvas, { texts: props.texts, palette: props.palette, base: props.base });
    this.#watch('value', () => this.#showValue());
    this.#watch('base', () => {
      canvas.base = props.base;
    });
    this.#watch('preview', () => {
      canvas.preview = props.preview;
    });
    const { signal } = this.#ending;
    canvas.addEventListener('doodle-live', () => trigger('input'), { signal });
    // Python may have set a drawing while this script was on its way.
    if (props.value) this.#showValue();
    else await canvas.restore();
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
 * Connects the canvas of a component with Python: what Python sets is shown, and `input` asks for a live
 * preview. What this browser kept of a drawing is shown first.
 *
 * @param {Host} host
 */
export async function mountCanvas(host) {
  await new Bridge(host, find(host.element, 'doodle-canvas', DoodleCanvas)).open();
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
