// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import english from '../../studio/locales/en.json';
import { loadDrawing, saveDrawing } from '../../studio/web/canvas/autosave.js';
import { mountCanvas, withDrawing } from '../../studio/web/canvas/index.js';
import { FakeContext } from './fake-context.js';

/**
 * @import { Host, Props } from '../../studio/web/canvas/index.js'
 */

vi.mock('../../studio/web/canvas/autosave.js', () => ({
  loadDrawing: vi.fn(async () => null),
  saveDrawing: vi.fn(async () => {}),
}));

const SIZE = 16;
/** Pixels of the layer for one of the image that is sent. */
const SCALE = 64;
const PNG = 'data:image/png;base64,AAAA';

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

/** What Gradio does for a component: its markup, its props, and word of what Python sets. */
class Component {
  element = document.createElement('div');
  /** @type {Props} */
  props = {
    value: null,
    base: { src: 'data:,', name: 'Mia', width: SIZE, height: SIZE },
    palette: [
      { name: 'Red', hex: '#ff0000' },
      { name: 'Blue', hex: '#0000ff' },
    ],
    texts: english,
    preview: '',
  };
  /** @type {string[]} */
  triggered = [];
  /** @type {[string, () => void][]} */
  watching = [];

  constructor() {
    this.element.innerHTML = '<doodle-canvas live autosave="studio"></doodle-canvas>';
    document.body.append(this.element);
  }

  async mount() {
    /** @type {Host} */
    const host = {
      element: this.element,
      props: this.props,
      trigger: (event) => this.triggered.push(event),
      watch: (prop, callback) => this.watching.push([prop, callback]),
    };
    await mountCanvas(host);
    return this.canvas;
  }

  get canvas() {
    return /** @type {import('../../studio/web/canvas/doodle-canvas.js').DoodleCanvas} */ (
      this.element.querySelector('doodle-canvas')
    );
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
    return /** @type {HTMLButtonElement} */ (this.element.querySelector(selector));
  }

  /** @param {string} selector */
  click(selector) {
    this.part(selector).click();
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
  vi.stubGlobal('Image', FakeImage);
  vi.stubGlobal('ResizeObserver', FakeObserver);
  FakeContext.install();
  component = new Component();
});

afterEach(() => {
  document.body.replaceChildren();
  vi.mocked(saveDrawing).mockClear();
  vi.mocked(loadDrawing).mockReset().mockResolvedValue(null);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('drawing', () => {
  test('a stroke is told when it ends, and asks nothing of Python', async () => {
    const canvas = await component.mount();
    const changed = vi.fn();
    document.body.addEventListener('doodle-change', changed, { once: true });
    component.point('pointerdown', 4, 4);
    component.point('pointermove', 12, 4);
    expect(changed).not.toHaveBeenCalled();
    component.point('pointerup', 12, 4);
    expect(changed).toHaveBeenCalledOnce();
    expect(component.color(8, 4)).toEqual([255, 0, 0, 255]);
    expect(component.triggered).toEqual([]);
    expect(component.props.value).toBeNull();
    expect(canvas.isEmpty).toBe(false);
  });

  test('nothing is encoded when a stroke ends', async () => {
    await component.mount();
    const encode = vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL');
    component.dot();
    expect(encode).not.toHaveBeenCalled();
  });

  test('the PNG has the size of the base image', async () => {
    const canvas = await component.mount();
    expect(canvas.getPng()).toBeNull();
    component.dot();
    const pixels = atob(String(canvas.getPng()).split(',')[1]);
    expect(pixels).toHaveLength(4 * SIZE * SIZE);
  });

  test('undo and redo by button and key give the same drawings again', async () => {
    const canvas = await component.mount();
    component.dot(2, 2);
    const one = canvas.getPng();
    component.dot(14, 14);
    const two = canvas.getPng();
    component.click('[data-action=undo]');
    expect(canvas.getPng()).toBe(one);
    press({ key: 'z', ctrlKey: true });
    expect(canvas.getPng()).toBeNull();
    press({ key: 'Z', ctrlKey: true, shiftKey: true });
    press({ key: 'y', metaKey: true });
    expect(canvas.getPng()).toBe(two);
  });

  test('keys that a text field undoes by itself are left to it', async () => {
    const canvas = await component.mount();
    component.dot();
    const field = document.body.appendChild(document.createElement('textarea'));
    press({ key: 'z', ctrlKey: true }, field);
    expect(canvas.isEmpty).toBe(false);
  });

  test('a mirrored fill begins at the mirrored pixel', async () => {
    await component.mount();
    const width = SIZE * SCALE;
    component.click('[data-tool=line]');
    for (const x of [4, 12]) {
      component.point('pointerdown', x, -1);
      component.point('pointermove', x, 17);
      component.point('pointerup', x, 17);
    }
    component.click('[data-color="#0000ff"]');
    component.click('[data-action=mirror]');
    component.click('[data-tool=fill]');
    component.dot(1, 5);
    const { sheet } = component;
    expect(FakeContext.of(sheet).color(0, 0)).toEqual([0, 0, 255, 255]);
    expect(FakeContext.of(sheet).color(width - 1, 0)).toEqual([0, 0, 255, 255]);
    expect(FakeContext.of(sheet).color(width / 2, 0)).toEqual([0, 0, 0, 0]);
  });

  test('a second finger takes back what the first has drawn', async () => {
    const canvas = await component.mount();
    component.point('pointerdown', 4, 4, { pointerType: 'touch', pointerId: 1 });
    component.point('pointerdown', 9, 9, { pointerType: 'touch', pointerId: 2 });
    component.point('pointerup', 9, 9, { pointerType: 'touch', pointerId: 2 });
    component.point('pointerup', 4, 4, { pointerType: 'touch', pointerId: 1 });
    expect(canvas.isEmpty).toBe(true);
    expect(component.part('[data-action=undo]').disabled).toBe(true);
  });

  test('once a pen has drawn, fingers do not, until that is switched off', async () => {
    const canvas = await component.mount();
    component.dot(4, 4, { pointerType: 'touch' });
    expect(canvas.isEmpty).toBe(false);
    component.dot(8, 8, { pointerType: 'pen' });
    const drawn = canvas.getPng();
    component.dot(14, 14, { pointerType: 'touch' });
    expect(canvas.getPng()).toBe(drawn);
    component.click('[name=penOnly]');
    component.dot(14, 14, { pointerType: 'touch' });
    expect(canvas.getPng()).not.toBe(drawn);
  });

  test('a palm beside the pen neither draws nor takes the stroke back', async () => {
    await component.mount();
    const pen = { pointerType: 'pen', pointerId: 1 };
    component.point('pointerdown', 2, 8, pen);
    for (const pointerId of [2, 3]) {
      component.point('pointerdown', 2, 14, { pointerType: 'touch', pointerId });
      component.point('pointermove', 14, 14, { pointerType: 'touch', pointerId });
    }
    component.point('pointermove', 14, 8, pen);
    component.point('pointerup', 14, 8, pen);
    expect(component.color(8, 8)).toEqual([255, 0, 0, 255]);
    expect(component.color(8, 14)).toEqual([0, 0, 0, 0]);
  });

  test('letters choose tools and sizes while the canvas has the focus', async () => {
    const canvas = await component.mount();
    press({ key: 'e' });
    expect(canvas.brush.tool).toBe('brush');
    press({ key: 'E' }, component.sheet);
    expect(canvas.brush.tool).toBe('eraser');
    press({ key: ']' }, component.sheet);
    expect(canvas.toolbar.size).toBe(16);
    component.click('[data-color="#0000ff"]');
    expect(canvas.brush).toMatchObject({ tool: 'brush', color: '#0000ff' });
  });

  test('arrow keys move inside the tools, which are one Tab stop', async () => {
    await component.mount();
    const tools = [...component.element.querySelectorAll('.sketch-tools button')];
    expect(tools.filter((tool) => tool.getAttribute('tabindex') === '0')).toHaveLength(1);
    component.part('[data-tool=brush]').focus();
    press({ key: 'ArrowDown' }, component.part('[data-tool=brush]'));
    expect(document.activeElement).toBe(component.part('[data-tool=eraser]'));
  });

  test('the colors are one Tab stop; so are the tools once one of them is disabled', async () => {
    await component.mount();
    const stops = (/** @type {string} */ group) =>
      component.element.querySelectorAll(`${group} [tabindex="0"]:not(:disabled)`);
    const tabbable = '.sketch-palette :is(button, input):not([tabindex="-1"])';
    expect(component.element.querySelectorAll(tabbable)).toHaveLength(1);
    component.dot();
    component.part('[data-action=undo]').focus();
    component.click('[data-action=undo]');
    expect(component.part('[data-action=undo]').disabled).toBe(true);
    expect(stops('.sketch-tools')).toHaveLength(1);
  });

  test('a key or another pointer in the middle of a stroke changes nothing of it', async () => {
    const canvas = await component.mount();
    component.point('pointerdown', 2, 8);
    press({ key: 'e' }, component.sheet);
    component.point('pointerdown', 2, 2, { pointerType: 'touch', pointerId: 7 });
    component.point('pointermove', 14, 8);
    component.point('pointerup', 14, 8);
    expect(component.color(8, 8)).toEqual([255, 0, 0, 255]);
    press({ key: 'z', ctrlKey: true });
    expect(canvas.isEmpty).toBe(true);
    expect(component.part('[data-action=undo]').disabled).toBe(true);
  });

  test('every button and field has a name', async () => {
    await component.mount();
    for (const control of component.element.querySelectorAll('button, input, canvas')) {
      const name =
        control.getAttribute('aria-label') || control.closest('label, button')?.textContent;
      expect(name?.trim(), control.outerHTML).toBeTruthy();
      expect(name, control.outerHTML).not.toMatch(/^studio\./);
    }
  });
});

describe('layers, selection, stickers and patterns', () => {
  test('the panel has every layer; what is locked is not drawn on, and says so', async () => {
    const canvas = await component.mount();
    expect(component.part('.sketch-layers').hidden).toBe(true);
    press({ key: 'y' }, component.sheet);
    component.click('[data-action=layer-add]');
    const rows = component.element.querySelectorAll('.sketch-layer-list li');
    expect([...rows].map((row) => row.textContent)).toEqual(['Layer 2', 'Layer 1']);
    component.click('[data-layer="2"][data-act=isLocked]');
    component.dot();
    expect(canvas.isEmpty).toBe(true);
    expect(component.part('.sketch-message').textContent).toContain('locked');
    component.click('[data-layer="1"][data-act=choose]');
    component.dot();
    expect(component.color(8, 8)).toEqual([255, 0, 0, 255]);
    component.click('[data-layer="1"][data-act=isVisible]');
    expect(canvas.getPng()).toBeNull();
    for (let i = 0; i < 4; i++) press({ key: 'z', ctrlKey: true });
    expect(canvas.layers.all).toHaveLength(1);
    expect(component.part('[data-action=layer-delete]').disabled).toBe(true);
  });

  test('what a lasso selects is moved by keys, and put down by Escape or the next tool', async () => {
    const canvas = await component.mount();
    component.dot(4, 4);
    press({ key: 's' }, component.sheet);
    component.point('pointerdown', 2, 2);
    for (const [x, y] of [
      [7, 2],
      [7, 7],
      [2, 7],
    ])
      component.point('pointermove', x, y);
    component.point('pointerup', 2, 7);
    expect(component.part('.sketch-selection').hidden).toBe(false);
    for (let i = 0; i < 6; i++) press({ key: 'ArrowRight' }, component.sheet);
    press({ key: 'ArrowDown' }, component.sheet);
    expect(component.color(10, 5)).toEqual([255, 0, 0, 255]);
    expect(component.color(4, 4)).toEqual([0, 0, 0, 0]);
    const pressed = new KeyboardEvent('keydown', {
      key: 'Escape',
      bubbles: true,
      cancelable: true,
    });
    component.sheet.dispatchEvent(pressed);
    expect(pressed.defaultPrevented).toBe(true);
    expect(component.part('.sketch-selection').hidden).toBe(true);
    press({ key: 'z', ctrlKey: true });
    expect(component.color(4, 4)).toEqual([255, 0, 0, 255]);
    expect(canvas.selection.box).toBeNull();
  });

  test('a sticker has the color of the brush, or the next; a pattern fills with gaps', async () => {
    const canvas = await component.mount();
    component.click('[data-sticker=heart]');
    expect(component.color(8, 8)).toEqual([255, 0, 0, 255]);
    component.click('[data-color="#0000ff"]');
    expect(component.color(8, 8)).toEqual([0, 0, 255, 255]);
    component.click('[data-action=undo]');
    expect(canvas.isEmpty).toBe(true);
    component.click('[data-pattern=stripes]');
    expect(canvas.brush.tool).toBe('fill');
    component.dot(1, 1);
    const column = Array.from({ length: 64 }, (_, y) => component.color(4, y / 4)[3]);
    expect(new Set(column)).toEqual(new Set([0, 255]));
  });
});

describe('with Python', () => {
  test('a drawing that Python sets replaces the one there is, says so, and can be undone', async () => {
    const canvas = await component.mount();
    component.dot();
    const drawn = canvas.getPng();
    component.props.value = { png: PNG, id: '1' };
    await component.changed('value');
    expect(canvas.isEmpty).toBe(true);
    expect(component.part('.sketch-message').textContent).toContain('Replaced your drawing.');
    component.click('.sketch-message [data-action=undo]');
    expect(canvas.getPng()).toBe(drawn);
    expect(component.part('.sketch-message').textContent).toBe('');
  });

  test('the same drawing may be set again', async () => {
    const canvas = await component.mount();
    component.props.value = { png: PNG, id: '1' };
    await component.changed('value');
    component.dot();
    component.props.value = { png: PNG, id: '2' };
    await component.changed('value');
    expect(canvas.isEmpty).toBe(true);
  });

  test('an event takes the drawing as it is, in place of what Gradio holds', async () => {
    const canvas = await component.mount();
    expect(withDrawing(1, 'a', 'old', 'b')).toEqual(['a', null, 'b']);
    component.dot();
    expect(withDrawing(1, 'a', 'old', 'b')).toEqual(['a', { png: canvas.getPng() }, 'b']);
  });

  test('a live preview is asked for once the hand rests, while it is switched on', async () => {
    await component.mount();
    vi.useFakeTimers();
    component.dot();
    vi.runAllTimers();
    expect(component.triggered).toEqual([]);
    component.click('[data-action=live]');
    expect(component.triggered).toEqual(['input']);
    component.dot();
    component.dot();
    expect(component.triggered).toEqual(['input']);
    vi.runAllTimers();
    expect(component.triggered).toEqual(['input', 'input']);
    component.props.preview = PNG;
    await Promise.all([component.changed('preview'), vi.runAllTimersAsync()]);
    expect(component.part('.sketch-preview')).toHaveProperty('hidden', false);
    component.click('[data-action=live]');
    expect(component.part('.sketch-preview')).toHaveProperty('hidden', true);
    component.dot();
    vi.runAllTimers();
    expect(component.triggered).toEqual(['input', 'input']);
  });

  test('a base of another size keeps the drawing, at that size', async () => {
    const canvas = await component.mount();
    component.dot();
    component.props.base = { src: 'data:,b', name: 'Ruby', width: 8, height: 4 };
    await component.changed('base');
    expect([canvas.layers.width, canvas.layers.height]).toEqual([8, 4]);
    expect([component.sheet.width, component.sheet.height]).toEqual([1024, 512]);
    expect(FakeContext.of(component.sheet).color(512, 256)).toEqual([255, 0, 0, 255]);
    expect(component.part('.sketch-base')).toHaveProperty('alt', 'Ruby');
  });

  test('messages are in the language of the page', async () => {
    const canvas = await component.mount();
    const large = new File([new Uint8Array(16 * 2 ** 20 + 1)], 'large.png');
    canvas.dispatchEvent(new CustomEvent('import-file', { detail: large }));
    const message = component.part('.sketch-message');
    await vi.waitFor(() => expect(message.textContent).toContain('16 MB'));
  });
});

describe('what the browser keeps', () => {
  test('is the drawing with its steps, written once the hand rests', async () => {
    const canvas = await component.mount();
    vi.useFakeTimers();
    component.dot(2, 2);
    component.dot(14, 14);
    expect(canvas.saved).toBe(false);
    expect(saveDrawing).not.toHaveBeenCalled();
    await vi.runAllTimersAsync();
    expect(saveDrawing).toHaveBeenCalledOnce();
    expect(canvas.saved).toBe(true);
    const [name, kept] = vi.mocked(saveDrawing).mock.lastCall ?? [];
    expect(name).toBe('studio');
    expect(kept).toMatchObject({ width: SIZE, height: SIZE, future: [] });
    expect(kept?.past).toHaveLength(2);
  });

  test('is written at once when the page is left', async () => {
    await component.mount();
    component.dot();
    window.dispatchEvent(new Event('pagehide'));
    expect(saveDrawing).toHaveBeenCalledOnce();
  });

  test('comes back with what can be undone', async () => {
    const canvas = await component.mount();
    component.dot();
    const drawn = canvas.getPng();
    vi.mocked(loadDrawing).mockResolvedValue(canvas.layers.keep());
    component = new Component();
    const again = await component.mount();
    expect(again.getPng()).toBe(drawn);
    component.click('[data-action=undo]');
    expect(again.isEmpty).toBe(true);
  });

  test('comes back over a base image of its size alone', async () => {
    const canvas = await component.mount();
    component.dot();
    vi.mocked(loadDrawing).mockResolvedValue(canvas.layers.keep());
    component = new Component();
    component.props.base = { src: 'data:,', name: 'Ruby', width: 8, height: 8 };
    const again = await component.mount();
    expect(again.isEmpty).toBe(true);
    component.props.base = { src: 'data:,', name: 'Mia', width: SIZE, height: SIZE };
    await component.changed('base');
    expect(again.isEmpty).toBe(false);
  });

  test('may be the PNG of an earlier release', async () => {
    vi.mocked(loadDrawing).mockResolvedValue({ png: PNG, width: SIZE, height: SIZE });
    const draw = vi.spyOn(FakeContext.prototype, 'drawImage');
    const canvas = await component.mount();
    await vi.waitFor(() => expect(draw).toHaveBeenCalledOnce());
    expect(canvas.layers.canUndo).toBe(true);
  });

  test('does not replace a drawing that Python set before', async () => {
    vi.mocked(loadDrawing).mockResolvedValue({ png: PNG, width: SIZE, height: SIZE });
    component.props.value = { png: PNG, id: '1' };
    await component.mount();
    expect(loadDrawing).not.toHaveBeenCalled();
  });
});

describe('mounting again', () => {
  test('on the same element leaves one set of listeners, and shows no drawing twice', async () => {
    component.props.value = { png: PNG, id: '1' };
    await component.mount();
    await component.changed('value');
    component.dot();
    const canvas = await component.mount();
    await component.changed('value');
    expect(canvas.isEmpty).toBe(false);
    component.click('[data-action=live]');
    expect(component.triggered).toEqual(['input']);
    component.click('[data-action=mirror]');
    expect(component.part('[data-action=mirror]').getAttribute('aria-pressed')).toBe('true');
  });

  test('a canvas that left the page hears no keys; back in the page it has its drawing', async () => {
    const canvas = await component.mount();
    component.dot();
    component.element.remove();
    press({ key: 'z', ctrlKey: true });
    expect(canvas.isEmpty).toBe(false);
    document.body.append(component.element);
    press({ key: 'z', ctrlKey: true });
    expect(canvas.isEmpty).toBe(true);
  });
});

describe('the compact canvas', () => {
  test('has fewer tools, the same strokes and the same PNG', async () => {
    const large = await component.mount();
    component.dot(5, 9);
    const png = large.getPng();
    component = new Component();
    component.element.innerHTML = '<doodle-canvas compact></doodle-canvas>';
    const { canvas, props } = component;
    Object.assign(canvas, { texts: props.texts, palette: props.palette, base: props.base });
    component.dot(5, 9);
    expect(canvas.getPng()).toBe(png);
    const tools = [...component.element.querySelectorAll('[data-tool]')];
    expect(tools.map((tool) => /** @type {HTMLElement} */ (tool).dataset.tool)).toEqual([
      'brush',
      'eraser',
      'fill',
    ]);
    component.click('[data-action=clear]');
    expect(canvas.isEmpty).toBe(true);
  });
});
