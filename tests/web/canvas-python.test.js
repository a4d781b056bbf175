// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadDrawing, saveDrawing } from '../../studio/web/canvas/autosave.js';
import { withDrawing } from '../../studio/web/canvas/index.js';
import { storeDraft } from '../../studio/web/studio/drafts.js';
import {
  CanvasPage,
  closeCanvasPage,
  MIA,
  openCanvasPage,
  PNG,
  press,
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

const RUBY = { src: 'data:,b', name: 'Ruby', width: 8, height: 8 };

describe('before Gradio has loaded', () => {
  test('a drawing is begun, and goes on where Gradio shows it', async () => {
    const canvas = await page.open();
    page.point('pointerdown', 4, 4);
    page.mount();
    const shown = page.show();
    await new Promise(requestAnimationFrame);
    page.point('pointermove', 12, 4);
    expect(page.element.contains(canvas)).toBe(false);
    page.point('pointerup', 12, 4);
    await shown;
    expect(page.element.querySelector('.sketch-slot')?.firstChild).toBe(canvas);
    expect(document.activeElement).toBe(page.sheet);
    expect(page.color(8, 4)).toEqual([255, 0, 0, 255]);
    expect(withDrawing(0, null)).toEqual([{ png: canvas.getPng() }]);
    page.click('[data-action=undo]');
    expect(withDrawing(0, null)).toEqual([null]);
  });

  test('the base image is that of the last draft, until Python shows another one', async () => {
    storeDraft(JSON.stringify({ slug: 'a', changed: true, preset: {}, base_image_id: 'ruby' }));
    const bases = [MIA, RUBY].map((base) => ({ id: base.name.toLowerCase(), ...base }));
    const canvas = await page.open(bases);
    page.mount();
    await page.changed('base');
    expect(canvas.base?.name).toBe('Ruby');
    await page.show();
    expect(canvas.base?.name).toBe('Mia');
    page.props.base = RUBY;
    await page.changed('base');
    expect([canvas.layers.width, canvas.layers.height]).toEqual([8, 8]);
  });

  test('without base images on the page it has that of Gradio at once', async () => {
    const canvas = await page.open([]);
    expect(canvas.base).toBeNull();
    page.mount();
    expect(canvas.base?.name).toBe('Mia');
  });

  test('the page opens also where what the browser kept cannot be shown', async () => {
    vi.mocked(loadDrawing).mockReturnValue(Promise.reject(new Error('damaged')));
    const opened = page.open();
    page.mount();
    await page.show();
    expect(page.element.contains(await opened)).toBe(true);
  });

  test('it is where Gradio has its place, also when that comes after the page has opened', async () => {
    await page.open();
    page.element.replaceChildren();
    await page.show();
    page.element.innerHTML = '<div class="sketch-slot"></div>';
    page.mount();
    expect(page.element.contains(page.canvas)).toBe(true);
  });
});

describe('with Python', () => {
  test('a drawing that Python sets replaces the one there is, says so, and can be undone', async () => {
    const canvas = await page.ready();
    page.dot();
    const drawn = canvas.getPng();
    page.props.value = { png: PNG, id: '1' };
    await page.changed('value');
    expect(canvas.isEmpty).toBe(true);
    expect(page.part('.sketch-message').textContent).toContain('Replaced your drawing.');
    page.click('.sketch-message [data-action=undo]');
    expect(canvas.getPng()).toBe(drawn);
    expect(page.part('.sketch-message').textContent).toBe('');
  });

  test('the same drawing may be set again', async () => {
    const canvas = await page.ready();
    page.props.value = { png: PNG, id: '1' };
    await page.changed('value');
    page.dot();
    page.props.value = { png: PNG, id: '2' };
    await page.changed('value');
    expect(canvas.isEmpty).toBe(true);
  });

  test('an event takes the drawing as it is, in place of what Gradio holds', async () => {
    const canvas = await page.ready();
    expect(withDrawing(1, 'a', 'old', 'b')).toEqual(['a', null, 'b']);
    page.dot();
    expect(withDrawing(1, 'a', 'old', 'b')).toEqual(['a', { png: canvas.getPng() }, 'b']);
  });

  test('a live preview is asked for once the hand rests, while it is switched on', async () => {
    await page.ready();
    vi.useFakeTimers();
    page.dot();
    vi.runAllTimers();
    expect(page.triggered).toEqual([]);
    page.click('[data-action=live]');
    expect(page.triggered).toEqual(['input']);
    page.dot();
    page.dot();
    expect(page.triggered).toEqual(['input']);
    vi.runAllTimers();
    expect(page.triggered).toEqual(['input', 'input']);
    page.props.preview = PNG;
    await Promise.all([page.changed('preview'), vi.runAllTimersAsync()]);
    expect(page.part('.sketch-preview')).toHaveProperty('hidden', false);
    page.click('[data-action=live]');
    expect(page.part('.sketch-preview')).toHaveProperty('hidden', true);
    page.dot();
    vi.runAllTimers();
    expect(page.triggered).toEqual(['input', 'input']);
  });

  test('a base of another size keeps the drawing, at that size', async () => {
    const canvas = await page.ready();
    page.dot();
    page.props.base = { src: 'data:,b', name: 'Ruby', width: 8, height: 4 };
    await page.changed('base');
    expect([canvas.layers.width, canvas.layers.height]).toEqual([8, 4]);
    expect([page.sheet.width, page.sheet.height]).toEqual([1024, 512]);
    expect(FakeContext.of(page.sheet).color(512, 256)).toEqual([255, 0, 0, 255]);
    expect(page.part('.sketch-base')).toHaveProperty('alt', 'Ruby');
  });

  test('messages are in the language of the page', async () => {
    const canvas = await page.ready();
    const large = new File([new Uint8Array(16 * 2 ** 20 + 1)], 'large.png');
    canvas.dispatchEvent(new CustomEvent('import-file', { detail: large }));
    const message = page.part('.sketch-message');
    await vi.waitFor(() => expect(message.textContent).toContain('16 MB'));
  });
});

describe('what the browser keeps', () => {
  test('is the drawing with its steps, written once the hand rests', async () => {
    const canvas = await page.ready();
    vi.useFakeTimers();
    page.dot(2, 2);
    page.dot(14, 14);
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
    await page.ready();
    page.dot();
    window.dispatchEvent(new Event('pagehide'));
    expect(saveDrawing).toHaveBeenCalledOnce();
  });

  test('comes back with what can be undone', async () => {
    const canvas = await page.ready();
    page.dot();
    const drawn = canvas.getPng();
    vi.mocked(loadDrawing).mockResolvedValue(canvas.layers.keep());
    page = new CanvasPage();
    const again = await page.ready();
    expect(again.getPng()).toBe(drawn);
    page.click('[data-action=undo]');
    expect(again.isEmpty).toBe(true);
  });

  test('comes back over a base image of its size alone', async () => {
    const canvas = await page.ready();
    page.dot();
    vi.mocked(loadDrawing).mockResolvedValue(canvas.layers.keep());
    page = new CanvasPage();
    page.props.base = RUBY;
    const again = await page.open([{ id: 'ruby', ...RUBY }]);
    page.mount();
    await page.show();
    expect(again.isEmpty).toBe(true);
    page.props.base = MIA;
    await page.changed('base');
    expect(again.isEmpty).toBe(false);
  });

  test('may be the PNG of an earlier release', async () => {
    vi.mocked(loadDrawing).mockResolvedValue({ png: PNG, width: SIZE, height: SIZE });
    const draw = vi.spyOn(FakeContext.prototype, 'drawImage');
    const canvas = await page.ready();
    await vi.waitFor(() => expect(draw).toHaveBeenCalledOnce());
    expect(canvas.layers.canUndo).toBe(true);
  });

  test('does not replace a drawing that was made while it was read', async () => {
    /** @type {(kept: Awaited<ReturnType<typeof loadDrawing>>) => void} */
    let read = () => {};
    vi.mocked(loadDrawing).mockReturnValue(new Promise((resolve) => (read = resolve)));
    const canvas = await page.open();
    page.dot();
    const drawn = canvas.getPng();
    read({ png: PNG, width: SIZE, height: SIZE });
    page.mount();
    await page.show();
    expect(canvas.getPng()).toBe(drawn);
  });
});

describe('mounting again', () => {
  test('on the same element leaves one set of listeners, and shows no drawing twice', async () => {
    page.props.value = { png: PNG, id: '1' };
    await page.ready();
    await page.changed('value');
    page.dot();
    page.mount();
    await page.changed('value');
    expect(page.canvas.isEmpty).toBe(false);
    page.click('[data-action=live]');
    expect(page.triggered).toEqual(['input']);
    page.click('[data-action=mirror]');
    expect(page.part('[data-action=mirror]').getAttribute('aria-pressed')).toBe('true');
  });

  test('what floats is framed as before once the canvas is back in the page', async () => {
    const canvas = await page.ready();
    page.click('[data-sticker=heart]');
    page.part('.sketch-selection').hidden = true;
    document.body.append(canvas);
    expect(page.part('.sketch-selection').hidden).toBe(false);
    press({ key: 'Escape' }, page.sheet);
    expect(page.part('.sketch-selection').hidden).toBe(true);
    expect(page.color(8, 8)).toEqual([255, 0, 0, 255]);
  });

  test('a canvas that left the page hears no keys; back in the page it has its drawing', async () => {
    const canvas = await page.ready();
    page.dot();
    page.element.remove();
    press({ key: 'z', ctrlKey: true });
    expect(canvas.isEmpty).toBe(false);
    document.body.append(page.element);
    press({ key: 'z', ctrlKey: true });
    expect(canvas.isEmpty).toBe(true);
  });
});
