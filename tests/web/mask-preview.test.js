// @vitest-environment jsdom
// Issue 23, 1: the mask of the open recipe over the drawing.
import './texts.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DoodleCanvas } from '../../studio/web/canvas/doodle-canvas.js';
import { MaskPreview } from '../../studio/web/inspector/mask-preview.js';

/** @import { Shown } from '../../studio/web/inspector/mask-preview.js' */

vi.mock('../../studio/web/canvas/doodle-canvas.js', () => {
  class Drawing extends HTMLElement {
    getPng = () => 'data:image/png;base64,AAAA';
  }
  customElements.define('doodle-canvas', Drawing);
  return { DoodleCanvas: Drawing };
});

/** @type {Shown} */
let shown;
/** @type {unknown[]} */
let asked;
/** @type {() => Response} */
let answer;

beforeEach(() => {
  vi.useFakeTimers();
  shown = { slot: 'B', recipe: { mask: { area: 'garment' } }, baseImage: 'mia' };
  asked = [];
  answer = () => new Response(new Blob(['mask']));
  vi.stubGlobal('fetch', async (/** @type {string} */ _, /** @type {RequestInit} */ init) => {
    asked.push(JSON.parse(String(init.body)));
    return answer();
  });
  URL.createObjectURL = () => 'blob:mask';
  URL.revokeObjectURL = () => {};
  document.body.innerHTML = '<doodle-canvas><div class="sketch-zoom"></div></doodle-canvas>';
});

afterEach(() => vi.useRealTimers());

const overlay = () => document.querySelector('doodle-canvas .sketch-mask');

function open() {
  const preview = new MaskPreview(() => shown);
  const control = preview.control();
  const button = /** @type {HTMLButtonElement} */ (control.querySelector('button'));
  return { preview, button, problem: control.querySelector('p') };
}

test('is shown while it is switched on, of the recipe, the drawing and the base image', async () => {
  const { button } = open();
  expect(document.querySelector('doodle-canvas')).toBeInstanceOf(DoodleCanvas);
  expect([button.getAttribute('aria-pressed'), overlay()]).toEqual(['false', null]);
  button.click();
  await vi.runAllTimersAsync();
  expect(button.getAttribute('aria-pressed')).toBe('true');
  const { recipe } = shown;
  expect(asked).toEqual([{ recipe, slot: 'B', base_image: 'mia', doodle: 'AAAA' }]);
  expect(overlay()).not.toBe(null);
  button.click();
  await vi.runAllTimersAsync();
  expect(overlay()).toBe(null);
});

test('follows what is drawn and edited, and asks for nothing twice', async () => {
  const { preview, button } = open();
  document.dispatchEvent(new Event('doodle-change'));
  await vi.runAllTimersAsync();
  expect(asked).toEqual([]);
  button.click();
  await vi.runAllTimersAsync();
  preview.update();
  document.dispatchEvent(new Event('doodle-change'));
  await vi.runAllTimersAsync();
  expect(asked.length).toBe(1);
  shown = { ...shown, recipe: { mask: { area: 'both' } } };
  preview.update();
  await vi.runAllTimersAsync();
  expect(asked.length).toBe(2);
  shown = { ...shown, recipe: { mask: { area: 'off' } } };
  preview.update();
  await vi.runAllTimersAsync();
  expect([asked.length, overlay()]).toEqual([2, null]);
});

test('says why there is none', async () => {
  const { button, problem } = open();
  answer = () => new Response(JSON.stringify({ detail: 'no clothes zone' }), { status: 422 });
  button.click();
  await vi.runAllTimersAsync();
  expect([problem?.textContent, overlay()]).toEqual(['no clothes zone', null]);
});
