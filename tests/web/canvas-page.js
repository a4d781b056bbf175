/**
 * The studio's canvas as the tests of it have it: in its page, with what Gradio does for a component.
 *
 * A test file that uses it mocks `canvas/autosave.js` itself: vitest hoists that.
 *
 * @import { DoodleCanvas } from '../../studio/web/canvas/doodle-canvas.js'
 * @import { Host, Props } from '../../studio/web/canvas/index.js'
 */
import { vi } from 'vitest';
import english from '../../studio/locales/en.json';
import { loadDrawing, saveDrawing } from '../../studio/web/canvas/autosave.js';
import { mountCanvas } from '../../studio/web/canvas/index.js';
import { OpeningCanvas } from '../../studio/web/studio/opening-canvas.js';
import { FakeContext } from './fake-context.js';

export const SIZE = 16;
/** Pixels of the layer for one of the image that is sent. */
export const SCALE = 64;
export const PNG = 'data:image/png;base64,AAAA';
export const PALETTE = [
  { name: 'Red', hex: '#ff0000' },
  { name: 'Blue', hex: '#0000ff' },
];
export const MIA = { src: 'data:,', name: 'Mia', width: SIZE, height: SIZE };

/** An image that the browser reads at once. */
class FakeImage {
  width = SIZE;
  height = SIZE;
  onload = () => {};

  /** @param {string} _ */
  set src(_) {
    queueMicrotask(() => this.onload());
  }
}

/** jsdom lays nothing out. */
class FakeObserver {
  observe() {}
  disconnect() {}
}

/** The page: its canvas, the place of that among Gradio's components, and what Python sets. */
export class CanvasPage {
  element = document.createElement('div');
  /** @type {Props} */
  props = {
    value: null,
    base: MIA,
    preview: '',
  };
  /** @type {string[]} */
  triggered = [];
  /** @type {[string, () => void][]} */
  watching = [];

  /** @type {OpeningCanvas | null} */
  opening = null;

  constructor(markup = '<doodle-canvas live autosave="studio"></doodle-canvas>') {
    document.body.innerHTML = markup;
    this.element.innerHTML = '<div class="sketch-slot"></div>';
    document.body.append(this.element);
  }

  /** The canvas before Gradio has loaded. */
  async open(bases = [{ id: 'mia', ...MIA }]) {
    this.opening = new OpeningCanvas(this.canvas, { texts: english, palette: PALETTE, bases });
    await vi.waitFor(() => {});
    return this.canvas;
  }

  /** Gradio has made the component. */
  mount() {
    /** @type {Host} */
    const host = {
      element: this.element,
      props: this.props,
      trigger: (event) => this.triggered.push(event),
      watch: (prop, callback) => this.watching.push([prop, callback]),
    };
    mountCanvas(host);
  }

  /** Gradio's components are shown. */
  async show() {
    await this.opening?.handOver(() => {
      document.documentElement.dataset.opened = 'yes';
    });
  }

  /** All of that. */
  async ready() {
    const canvas = await this.open();
    this.mount();
    await this.show();
    return canvas;
  }

  get canvas() {
    return /** @type {DoodleCanvas} */ (document.querySelector('doodle-canvas'));
  }

  /** @param {string} prop is set by Python */
  async changed(prop) {
    for (const [name, callback] of this.watching) if (name === prop) callback();
    await new Promise((done) => setTimeout(done));
  }

  get sheet() {
    return this.canvas.sheet;
  }

  /**
   * @param {string} type
   * @param {number} x in pixels of the base image
   * @param {number} y in pixels of the base image
   * @param {{ pointerType?: string, pointerId?: number }} [pointer]
   */
  point(type, x, y, { pointerType = 'mouse', pointerId = 1 } = {}) {
    const event = new MouseEvent(type, { clientX: x, clientY: y, button: 0, bubbles: true });
    this.sheet.dispatchEvent(Object.assign(event, { pointerType, pointerId, pressure: 0.5 }));
  }

  /**
   * Draws one dot.
   *
   * @param {{ pointerType?: string, pointerId?: number }} [pointer]
   */
  dot(x = 8, y = 8, pointer = {}) {
    this.point('pointerdown', x, y, pointer);
    this.point('pointerup', x, y, pointer);
  }

  /**
   * The color of the drawing at a pixel of the base image.
   *
   * @param {number} x
   * @param {number} y
   */
  color(x, y) {
    return FakeContext.of(this.sheet).color(SCALE * x, SCALE * y);
  }

  /** @param {string} selector */
  part(selector) {
    return /** @type {HTMLButtonElement} */ (this.canvas.querySelector(selector));
  }

  /** @param {string} selector */
  click(selector) {
    this.part(selector).click();
  }
}

/** @param {KeyboardEventInit} init */
export function press(init, target = /** @type {EventTarget} */ (document.body)) {
  target.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }));
}

/** @returns {CanvasPage} in a browser that draws without a screen */
export function openCanvasPage() {
  const box = { left: 0, top: 0, width: SIZE, height: SIZE };
  vi.spyOn(HTMLCanvasElement.prototype, 'getBoundingClientRect').mockReturnValue(
    /** @type {DOMRect} */ (box),
  );
  HTMLCanvasElement.prototype.setPointerCapture = () => {};
  vi.stubGlobal('Image', FakeImage);
  vi.stubGlobal('ResizeObserver', FakeObserver);
  FakeContext.install();
  return new CanvasPage();
}

export function closeCanvasPage() {
  document.body.replaceChildren();
  delete document.documentElement.dataset.opened;
  localStorage.clear();
  sessionStorage.clear();
  vi.mocked(saveDrawing).mockClear();
  vi.mocked(loadDrawing).mockReset().mockResolvedValue(null);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
}
