// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import english from '../../studio/locales/en.json';
import {
  CanvasPage,
  closeCanvasPage,
  MIA,
  openCanvasPage,
  PALETTE,
  press,
  SCALE,
  SIZE,
} from './canvas-page.js';
import { FakeContext } from './fake-context.js';

vi.mock('../../studio/web/canvas/autosave.js', () => ({
  loadDrawing: vi.fn(async () => null),
  saveDrawing: vi.fn(async () => {}),
}));

/** @type {CanvasPage} */
let page;

beforeEach(() => {
  page = openCanvasPage();
});
afterEach(closeCanvasPage);

describe('drawing', () => {
  test('a stroke is told when it ends, and asks nothing of Python', async () => {
    const canvas = await page.ready();
    const changed = vi.fn();
    document.body.addEventListener('doodle-change', changed, { once: true });
    page.point('pointerdown', 4, 4);
    page.point('pointermove', 12, 4);
    expect(changed).not.toHaveBeenCalled();
    page.point('pointerup', 12, 4);
    expect(changed).toHaveBeenCalledOnce();
    expect(page.color(8, 4)).toEqual([255, 0, 0, 255]);
    expect(page.triggered).toEqual([]);
    expect(page.props.value).toBeNull();
    expect(canvas.isEmpty).toBe(false);
  });

  test('nothing is encoded when a stroke ends', async () => {
    await page.ready();
    const encode = vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL');
    page.dot();
    expect(encode).not.toHaveBeenCalled();
  });

  test('the PNG has the size of the base image', async () => {
    const canvas = await page.ready();
    expect(canvas.getPng()).toBeNull();
    page.dot();
    const pixels = atob(String(canvas.getPng()).split(',')[1]);
    expect(pixels).toHaveLength(4 * SIZE * SIZE);
  });

  test('undo and redo by button and key give the same drawings again', async () => {
    const canvas = await page.ready();
    page.dot(2, 2);
    const one = canvas.getPng();
    page.dot(14, 14);
    const two = canvas.getPng();
    page.click('[data-action=undo]');
    expect(canvas.getPng()).toBe(one);
    press({ key: 'z', ctrlKey: true });
    expect(canvas.getPng()).toBeNull();
    press({ key: 'Z', ctrlKey: true, shiftKey: true });
    press({ key: 'y', metaKey: true });
    expect(canvas.getPng()).toBe(two);
  });

  test('keys that a text field undoes by itself are left to it', async () => {
    const canvas = await page.ready();
    page.dot();
    const field = document.body.appendChild(document.createElement('textarea'));
    press({ key: 'z', ctrlKey: true }, field);
    expect(canvas.isEmpty).toBe(false);
  });

  test('a mirrored fill begins at the mirrored pixel', async () => {
    await page.ready();
    const width = SIZE * SCALE;
    page.click('[data-tool=line]');
    for (const x of [4, 12]) {
      page.point('pointerdown', x, -1);
      page.point('pointermove', x, 17);
      page.point('pointerup', x, 17);
    }
    page.click('[data-color="#0000ff"]');
    page.click('[data-action=mirror]');
    page.click('[data-tool=fill]');
    page.dot(1, 5);
    const { sheet } = page;
    expect(FakeContext.of(sheet).color(0, 0)).toEqual([0, 0, 255, 255]);
    expect(FakeContext.of(sheet).color(width - 1, 0)).toEqual([0, 0, 255, 255]);
    expect(FakeContext.of(sheet).color(width / 2, 0)).toEqual([0, 0, 0, 0]);
  });

  test('a second finger takes back what the first has drawn', async () => {
    const canvas = await page.ready();
    page.point('pointerdown', 4, 4, { pointerType: 'touch', pointerId: 1 });
    page.point('pointerdown', 9, 9, { pointerType: 'touch', pointerId: 2 });
    page.point('pointerup', 9, 9, { pointerType: 'touch', pointerId: 2 });
    page.point('pointerup', 4, 4, { pointerType: 'touch', pointerId: 1 });
    expect(canvas.isEmpty).toBe(true);
    expect(page.part('[data-action=undo]').disabled).toBe(true);
  });

  test('once a pen has drawn, fingers do not, until that is switched off', async () => {
    const canvas = await page.ready();
    page.dot(4, 4, { pointerType: 'touch' });
    expect(canvas.isEmpty).toBe(false);
    page.dot(8, 8, { pointerType: 'pen' });
    const drawn = canvas.getPng();
    page.dot(14, 14, { pointerType: 'touch' });
    expect(canvas.getPng()).toBe(drawn);
    page.click('[name=penOnly]');
    page.dot(14, 14, { pointerType: 'touch' });
    expect(canvas.getPng()).not.toBe(drawn);
  });

  test('a palm beside the pen neither draws nor takes the stroke back', async () => {
    await page.ready();
    const pen = { pointerType: 'pen', pointerId: 1 };
    page.point('pointerdown', 2, 8, pen);
    for (const pointerId of [2, 3]) {
      page.point('pointerdown', 2, 14, { pointerType: 'touch', pointerId });
      page.point('pointermove', 14, 14, { pointerType: 'touch', pointerId });
    }
    page.point('pointermove', 14, 8, pen);
    page.point('pointerup', 14, 8, pen);
    expect(page.color(8, 8)).toEqual([255, 0, 0, 255]);
    expect(page.color(8, 14)).toEqual([0, 0, 0, 0]);
  });

  test('letters choose tools and sizes while the canvas has the focus', async () => {
    const canvas = await page.ready();
    press({ key: 'e' });
    expect(canvas.brush.tool).toBe('brush');
    press({ key: 'E' }, page.sheet);
    expect(canvas.brush.tool).toBe('eraser');
    press({ key: ']' }, page.sheet);
    expect(canvas.toolbar.size).toBe(16);
    page.click('[data-color="#0000ff"]');
    expect(canvas.brush).toMatchObject({ tool: 'brush', color: '#0000ff' });
  });

  test('arrow keys move inside the tools, which are one Tab stop', async () => {
    await page.ready();
    const tools = [...page.canvas.querySelectorAll('.sketch-tools button')];
    expect(tools.filter((tool) => tool.getAttribute('tabindex') === '0')).toHaveLength(1);
    page.part('[data-tool=brush]').focus();
    press({ key: 'ArrowDown' }, page.part('[data-tool=brush]'));
    expect(document.activeElement).toBe(page.part('[data-tool=eraser]'));
  });

  test('the colors are one Tab stop; so are the tools once one of them is disabled', async () => {
    await page.ready();
    const stops = (/** @type {string} */ group) =>
      page.canvas.querySelectorAll(`${group} [tabindex="0"]:not(:disabled)`);
    const tabbable = '.sketch-palette :is(button, input):not([tabindex="-1"])';
    expect(page.canvas.querySelectorAll(tabbable)).toHaveLength(1);
    page.dot();
    page.part('[data-action=undo]').focus();
    page.click('[data-action=undo]');
    expect(page.part('[data-action=undo]').disabled).toBe(true);
    expect(stops('.sketch-tools')).toHaveLength(1);
  });

  test('a key or another pointer in the middle of a stroke changes nothing of it', async () => {
    const canvas = await page.ready();
    page.point('pointerdown', 2, 8);
    press({ key: 'e' }, page.sheet);
    page.point('pointerdown', 2, 2, { pointerType: 'touch', pointerId: 7 });
    page.point('pointermove', 14, 8);
    page.point('pointerup', 14, 8);
    expect(page.color(8, 8)).toEqual([255, 0, 0, 255]);
    press({ key: 'z', ctrlKey: true });
    expect(canvas.isEmpty).toBe(true);
    expect(page.part('[data-action=undo]').disabled).toBe(true);
  });

  test('every button and field has a name', async () => {
    await page.ready();
    for (const control of page.canvas.querySelectorAll('button, input, canvas')) {
      const name =
        control.getAttribute('aria-label') || control.closest('label, button')?.textContent;
      expect(name?.trim(), control.outerHTML).toBeTruthy();
      expect(name, control.outerHTML).not.toMatch(/^studio\./);
    }
  });
});

describe('layers, selection, stickers and patterns', () => {
  test('the panel has every layer; what is locked is not drawn on, and says so', async () => {
    const canvas = await page.ready();
    expect(page.part('.sketch-layers').hidden).toBe(true);
    press({ key: 'y' }, page.sheet);
    page.click('[data-action=layer-add]');
    const rows = page.canvas.querySelectorAll('.sketch-layer-list li');
    expect([...rows].map((row) => row.textContent)).toEqual(['Layer 2', 'Layer 1']);
    page.click('[data-layer="2"][data-act=isLocked]');
    page.dot();
    expect(canvas.isEmpty).toBe(true);
    expect(page.part('.sketch-message').textContent).toContain('locked');
    page.click('[data-layer="1"][data-act=choose]');
    page.dot();
    expect(page.color(8, 8)).toEqual([255, 0, 0, 255]);
    page.click('[data-layer="1"][data-act=isVisible]');
    expect(canvas.getPng()).toBeNull();
    for (let i = 0; i < 4; i++) press({ key: 'z', ctrlKey: true });
    expect(canvas.layers.all).toHaveLength(1);
    expect(page.part('[data-action=layer-delete]').disabled).toBe(true);
  });

  test('what a lasso selects is moved by keys, and put down by Escape or the next tool', async () => {
    const canvas = await page.ready();
    page.dot(4, 4);
    press({ key: 's' }, page.sheet);
    page.point('pointerdown', 2, 2);
    for (const [x, y] of [
      [7, 2],
      [7, 7],
      [2, 7],
    ])
      page.point('pointermove', x, y);
    page.point('pointerup', 2, 7);
    expect(page.part('.sketch-selection').hidden).toBe(false);
    for (let i = 0; i < 6; i++) press({ key: 'ArrowRight' }, page.sheet);
    press({ key: 'ArrowDown' }, page.sheet);
    expect(page.color(10, 5)).toEqual([255, 0, 0, 255]);
    expect(page.color(4, 4)).toEqual([0, 0, 0, 0]);
    const pressed = new KeyboardEvent('keydown', {
      key: 'Escape',
      bubbles: true,
      cancelable: true,
    });
    page.sheet.dispatchEvent(pressed);
    expect(pressed.defaultPrevented).toBe(true);
    expect(page.part('.sketch-selection').hidden).toBe(true);
    press({ key: 'z', ctrlKey: true });
    expect(page.color(4, 4)).toEqual([255, 0, 0, 255]);
    expect(canvas.selection.box).toBeNull();
  });

  test('a sticker has the color of the brush, or the next; a pattern fills with gaps', async () => {
    const canvas = await page.ready();
    page.click('[data-sticker=heart]');
    expect(page.color(8, 8)).toEqual([255, 0, 0, 255]);
    page.click('[data-color="#0000ff"]');
    expect(page.color(8, 8)).toEqual([0, 0, 255, 255]);
    page.click('[data-action=undo]');
    expect(canvas.isEmpty).toBe(true);
    page.click('[data-pattern=stripes]');
    expect(canvas.brush.tool).toBe('fill');
    page.dot(1, 1);
    const column = Array.from({ length: 64 }, (_, y) => page.color(4, y / 4)[3]);
    expect(new Set(column)).toEqual(new Set([0, 255]));
  });
});

describe('the compact canvas', () => {
  test('has fewer tools, the same strokes and the same PNG', async () => {
    const large = await page.ready();
    page.dot(5, 9);
    const png = large.getPng();
    page = new CanvasPage('<doodle-canvas compact></doodle-canvas>');
    const { canvas } = page;
    Object.assign(canvas, { texts: english, palette: PALETTE, base: MIA });
    page.dot(5, 9);
    expect(canvas.getPng()).toBe(png);
    const tools = [...page.canvas.querySelectorAll('[data-tool]')];
    expect(tools.map((tool) => /** @type {HTMLElement} */ (tool).dataset.tool)).toEqual([
      'brush',
      'eraser',
      'fill',
    ]);
    page.click('[data-action=clear]');
    expect(canvas.isEmpty).toBe(true);
  });
});
