// @vitest-environment jsdom
/// <reference types="vite/client" />
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import markup from '../../studio/ui/static/canvas.html?raw';
import { Canvas } from '../../studio/web/canvas/index.js';
import { FakeContext } from './fake-context.js';

/**
 * @import { Host, Props } from '../../studio/web/canvas/index.js'
 */

const SIZE = 16;
const SWATCH = '<button type="button" data-color="#0000ff"></button>';
const MESSAGES = { unreadable: 'unreadable', too_many_pixels: 'many', too_large: 'large' };

/** What Gradio does for a component: its markup, its props, and word of what Python sets. */
class Component {
  element = document.createElement('div');
  /** @type {Props} */
  props = {
    value: null,
    base: { src: 'data:,', name: 'Mia', width: SIZE, height: SIZE },
    palette: [{ name: 'Red', hex: '#ff0000' }],
    messages: MESSAGES,
  };
  /** @type {string[]} */
  triggered = [];
  /** @type {[string, () => void][]} */
  watching = [];

  constructor() {
    this.element.innerHTML = markup.replace(/{{#each palette}}.*{{\/each}}/s, SWATCH);
    document.body.append(this.element);
  }

  mount() {
    /** @type {Host} */
    const host = {
      element: this.element,
      props: this.props,
      trigger: (event) => this.triggered.push(event),
      watch: (prop, callback) => this.watching.push([prop, callback]),
    };
    return Canvas.mount(host);
  }

  /** @param {string} prop is set by Python */
  changed(prop) {
    for (const [name, callback] of this.watching) if (name === prop) callback();
  }

  get sheet() {
    return /** @type {HTMLCanvasElement} */ (this.element.querySelector('canvas'));
  }

  /**
   * @param {string} type
   * @param {number} x in pixels of the layer
   * @param {number} y in pixels of the layer
   * @param {{ pointerType?: string, pointerId?: number }} [pointer]
   */
  point(type, x, y, { pointerType = 'mouse', pointerId = 1 } = {}) {
    const event = new MouseEvent(type, { clientX: x, clientY: y, button: 0, bubbles: true });
    this.sheet.dispatchEvent(Object.assign(event, { pointerType, pointerId, pressure: 0.5 }));
  }

  /** Draws one dot. */
  dot(x = 8, y = 8) {
    this.point('pointerdown', x, y);
    this.point('pointerup', x, y);
  }

  /** The drawing as Python knows it. */
  get png() {
    return this.props.value?.png;
  }

  /** @param {string} selector */
  click(selector) {
    /** @type {HTMLElement} */ (this.element.querySelector(selector)).click();
  }
}

/** @param {KeyboardEventInit} init */
function press(init, target = /** @type {EventTarget} */ (document.body)) {
  target.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }));
}

/** @type {Component} */
let component;

beforeEach(() => {
  const box = { left: 0, top: 0, width: SIZE, height: SIZE };
  vi.spyOn(HTMLCanvasElement.prototype, 'getBoundingClientRect').mockReturnValue(
    /** @type {DOMRect} */ (box),
  );
  HTMLCanvasElement.prototype.setPointerCapture = () => {};
  FakeContext.install();
  localStorage.clear();
  component = new Component();
});

afterEach(() => {
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

describe('drawing', () => {
  test('a stroke is handed to Python when it ends, and kept by the browser', () => {
    component.mount();
    component.point('pointerdown', 4, 4);
    component.point('pointermove', 12, 4);
    expect(component.triggered).toEqual([]);
    component.point('pointerup', 12, 4);
    expect(component.triggered).toEqual(['input']);
    const png = component.png;
    expect(png).toMatch(/^data:image\/png;base64,/);
    const kept = localStorage.getItem('doodle-theme-studio-drawing') ?? '';
    expect(JSON.parse(kept)).toEqual([png, SIZE, SIZE]);
  });

  test('undo and redo by button and key give the same drawings again', () => {
    component.mount();
    component.dot(2, 2);
    const one = component.png;
    component.dot(14, 14);
    const two = component.png;
    component.click('[data-action=undo]');
    expect(component.png).toBe(one);
    press({ key: 'z', ctrlKey: true });
    expect(component.props.value).toBeNull();
    press({ key: 'Z', ctrlKey: true, shiftKey: true });
    press({ key: 'y', metaKey: true });
    expect(component.png).toBe(two);
  });

  test('keys that a text field undoes by itself are left to it', () => {
    component.mount();
    component.dot();
    const field = document.body.appendChild(document.createElement('textarea'));
    press({ key: 'z', ctrlKey: true }, field);
    expect(component.props.value).not.toBeNull();
  });

  test('a mirrored fill begins at the mirrored pixel', () => {
    const canvas = component.mount();
    component.click('[data-action=mirror]');
    component.click('[data-tool=fill]');
    const fills = vi.spyOn(canvas.layer, 'fill');
    // Columns 3 and 12 are open, what lies between and beside them is another color.
    const context = FakeContext.of(component.sheet);
    context.paint((x) => (x === 3 || x === 12 ? null : [0, 0, 0]));
    component.dot(3.9, 5);
    expect(fills).toHaveBeenCalledTimes(1);
    expect(context.color(3, 0)).toEqual([255, 0, 0, 255]);
    expect(context.color(12, 0)).toEqual([255, 0, 0, 255]);
  });

  test('a second finger takes back what the first has drawn', () => {
    component.mount();
    component.point('pointerdown', 4, 4, { pointerType: 'touch', pointerId: 1 });
    component.point('pointerdown', 9, 9, { pointerType: 'touch', pointerId: 2 });
    component.point('pointerup', 9, 9, { pointerType: 'touch', pointerId: 2 });
    component.point('pointerup', 4, 4, { pointerType: 'touch', pointerId: 1 });
    expect(component.triggered).toEqual([]);
    expect(FakeContext.of(component.sheet).isEmpty()).toBe(true);
    expect(component.element.querySelector('[data-action=undo]')).toHaveProperty('disabled', true);
  });

  test('letters choose tools and sizes while the canvas has the focus', () => {
    const canvas = component.mount();
    press({ key: 'e' });
    expect(canvas.brush.tool).toBe('brush');
    press({ key: 'E' }, component.sheet);
    expect(canvas.brush.tool).toBe('eraser');
    press({ key: ']' }, component.sheet);
    expect(canvas.toolbar.size).toBe(16);
    component.click('[data-color]');
    expect(canvas.brush).toMatchObject({ tool: 'brush', color: '#0000ff' });
  });
});

describe('with Python', () => {
  test('a drawing that Python took away can be brought back by undo', () => {
    component.mount();
    component.dot();
    const drawn = component.png;
    component.props.value = null;
    component.changed('value');
    expect(FakeContext.of(component.sheet).isEmpty()).toBe(true);
    component.click('[data-action=undo]');
    expect(component.png).toBe(drawn);
  });

  test('a base of another size empties the layer, and tells Python', () => {
    component.mount();
    component.dot();
    component.props.base = { src: 'data:,b', name: 'Ruby', width: 8, height: 4 };
    component.changed('base');
    expect([component.sheet.width, component.sheet.height]).toEqual([8, 4]);
    expect(component.props.value).toBeNull();
    expect(component.element.querySelector('[data-action=undo]')).toHaveProperty('disabled', true);
    expect(component.element.querySelector('.sketch-base')).toHaveProperty('alt', 'Ruby');
  });

  test('what the browser kept comes back, if it has the size of the base', () => {
    const png = 'data:image/png;base64,AAAA';
    localStorage.setItem('doodle-theme-studio-drawing', JSON.stringify([png, SIZE, SIZE + 1]));
    component.mount().unmount();
    expect(component.props.value).toBeNull();
    localStorage.setItem('doodle-theme-studio-drawing', JSON.stringify([png, SIZE, SIZE]));
    component.mount();
    expect(component.props.value).toEqual({ png });
  });

  test('a drawing that Python set before the script came is not lost to the one kept', () => {
    const kept = JSON.stringify(['data:image/png;base64,AAAA', SIZE, SIZE]);
    localStorage.setItem('doodle-theme-studio-drawing', kept);
    component.props.value = { png: 'data:image/png;base64,BBBB' };
    component.mount();
    expect(component.props.value).toEqual({ png: 'data:image/png;base64,BBBB' });
  });

  test('messages are those that Python gave', async () => {
    component.mount();
    const large = new File([new Uint8Array(16 * 2 ** 20 + 1)], 'large.png');
    const sketch = component.element.querySelector('.sketch');
    sketch?.dispatchEvent(new CustomEvent('import-file', { detail: large }));
    const message = component.element.querySelector('.sketch-message');
    await vi.waitFor(() => expect(message?.textContent).toBe('large'));
  });
});

describe('mounting again', () => {
  test('on the same element leaves one set of listeners', () => {
    component.mount();
    component.mount();
    component.dot();
    expect(component.triggered).toEqual(['input']);
    component.click('[data-action=mirror]');
    const mirror = component.element.querySelector('[data-action=mirror]');
    expect(mirror?.getAttribute('aria-pressed')).toBe('true');
    press({ key: 'z', ctrlKey: true });
    expect(component.triggered).toEqual(['input', 'input']);
  });

  test('after its element left the page, the one before it hears nothing any more', () => {
    const first = component.mount();
    component.element.remove();
    const listen = vi.spyOn(document, 'addEventListener');
    const [before, runAction] = [component, vi.spyOn(first, 'runAction')];
    component = new Component();
    component.mount();
    expect(listen).toHaveBeenCalledTimes(1);
    document.body.append(before.element);
    press({ key: 'z', ctrlKey: true });
    before.dot();
    before.changed('value');
    expect(runAction).not.toHaveBeenCalled();
    expect(before.triggered).toEqual([]);
  });

  test('two on one page are both alive', () => {
    component.mount();
    const other = new Component();
    other.mount();
    component.dot();
    other.dot();
    expect([component.triggered, other.triggered]).toEqual([['input'], ['input']]);
  });
});
