// @vitest-environment jsdom
import './texts.js';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { difference } from '../../studio/web/lightbox/difference.js';
import {
  clampView,
  FIT,
  fitScale,
  panBy,
  placement,
  splitPercent,
  swipe,
  trueSize,
  wheelFactor,
  zoomAt,
} from '../../studio/web/lightbox/geometry.js';
import { openLightbox } from '../../studio/web/lightbox/index.js';
import { choose, turn, turnGroup } from '../../studio/web/lightbox/selection.js';

/** @import { View } from '../../studio/web/lightbox/geometry.js' */
/** @import { LightboxImage, Selection } from '../../studio/web/lightbox/selection.js' */

const PANE = { width: 800, height: 400 };
const IMAGE = { width: 1000, height: 1000 };

/**
 * The image's pixel under a point of the pane.
 *
 * @param {View} view
 * @param {{ x: number, y: number }} point
 */
function under(view, point) {
  const { scale, left, top } = placement(view, PANE, IMAGE);
  return [(point.x - left) / scale, (point.y - top) / scale];
}

describe('an image in a pane', () => {
  test('fits whole, in the middle', () => {
    expect(fitScale(PANE, IMAGE)).toBe(0.4);
    expect(placement(FIT, PANE, IMAGE)).toEqual({ scale: 0.4, left: 200, top: 0 });
  });

  test('has a pixel of the screen for each of its own at 1:1, also on a dense screen', () => {
    expect(trueSize(PANE, IMAGE, 1)).toBe(2.5);
    expect(trueSize(PANE, IMAGE, 2)).toBe(1.25);
  });

  test('is zoomed around the point under the mouse', () => {
    const view = clampView({ zoom: 3, x: 0.4, y: 0.6 }, PANE, IMAGE);
    const point = { x: 500, y: 120 };
    const zoomed = zoomAt(view, 1.5, point, PANE, IMAGE);
    expect(zoomed.zoom).toBeCloseTo(4.5);
    const [before, after] = [under(view, point), under(zoomed, point)];
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
  });

  test('follows the mouse that drags it', () => {
    const view = { zoom: 5, x: 0.5, y: 0.5 };
    const dragged = panBy(view, { x: 30, y: -20 }, PANE, IMAGE);
    const [before, after] = [under(view, { x: 100, y: 100 }), under(dragged, { x: 130, y: 80 })];
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
  });

  test('never leaves the pane, and is neither a dot nor single pixels', () => {
    const far = clampView({ zoom: 4, x: 9, y: -9 }, PANE, IMAGE);
    const { scale, left, top } = placement(far, PANE, IMAGE);
    expect(left + scale * IMAGE.width).toBeCloseTo(PANE.width);
    expect(top).toBeCloseTo(0);
    expect(clampView({ zoom: 1e6, x: 0.5, y: 0.5 }, PANE, IMAGE).zoom).toBe(40);
    expect(clampView({ zoom: 0, x: 0.5, y: 0.5 }, PANE, IMAGE).zoom).toBe(1);
    const small = { width: 100, height: 100 };
    expect(clampView({ zoom: 0, x: 0.5, y: 0.5 }, PANE, small).zoom).toBe(0.125);
  });

  test('gets larger with the wheel up, by as much as it gets smaller down', () => {
    expect(wheelFactor(-300)).toBe(2);
    expect(wheelFactor(-70) * wheelFactor(70)).toBeCloseTo(1);
  });
});

test('a swipe turns over, but not a tap or a scroll', () => {
  const steps = [
    { x: -80, y: 10 },
    { x: 80, y: 10 },
    { x: 20, y: 0 },
    { x: 60, y: 50 },
  ];
  expect(steps.map(swipe)).toEqual([1, -1, 0, 0]);
});

test('a divider stays in its box', () => {
  const box = { left: 100, width: 200 };
  expect([150, 300, 20, 900].map((x) => splitPercent(x, box))).toEqual([25, 100, 0, 100]);
});

test('a difference is black where images are the same, and counts what one can see', () => {
  const one = new Uint8ClampedArray([10, 20, 30, 255, 10, 20, 30, 255, 200, 0, 0, 255, 0, 0, 0, 0]);
  const other = new Uint8ClampedArray([10, 20, 30, 255, 12, 20, 30, 255, 0, 0, 0, 255, 0, 0, 0, 9]);
  const { pixels, share } = difference(one, other);
  expect([...pixels]).toEqual([0, 0, 0, 255, 6, 0, 0, 255, 255, 0, 0, 255, 0, 0, 0, 255]);
  expect(share).toBe(0.25);
});

/** @param {string} name */
const image = (name) => ({ src: `data:,${name}`, name });
const GROUPS = [
  { name: 'Run 1', images: ['A1', 'B1'].map(image) },
  { name: 'Run 2', images: ['A2', 'B2', 'C2'].map(image) },
];
/** @type {Selection} */
const FIRST = { group: 0, image: 0, mode: 'single', other: null, side: GROUPS[0].images };

describe('what the lightbox shows', () => {
  test('is turned over from run to run, and around', () => {
    const second = turn(GROUPS, turn(GROUPS, FIRST, 1), 1);
    expect([second.group, second.image]).toEqual([1, 0]);
    const last = turn(GROUPS, FIRST, -1);
    expect([last.group, last.image]).toEqual([1, 2]);
  });

  test('is the same recipe of the run before, where that has it', () => {
    const last = { ...FIRST, group: 1, image: 2 };
    expect(turnGroup(GROUPS, last, -1)).toMatchObject({ group: 0, image: 1 });
    expect(turnGroup(GROUPS, FIRST, -1)).toBe(FIRST);
  });

  test('keeps comparing with the doodle, and shows the run side by side', () => {
    const [doodle, other] = [image('Doodle 1'), image('Doodle 2')];
    const groups = [
      { name: '1', images: [{ ...image('A1'), doodle }] },
      { name: '2', images: [{ ...image('A2'), doodle: other }] },
    ];
    const selection = { ...FIRST, other: doodle, side: groups[0].images };
    const next = turn(groups, selection, 1);
    expect([next.other, next.side]).toEqual([other, groups[1].images]);
  });

  test('is chosen in the strip: shown, compared with, or put beside the others', () => {
    const [first, second] = GROUPS[0].images;
    const doodle = image('Doodle');
    expect(choose(GROUPS, FIRST, second)).toMatchObject({ image: 1, mode: 'single' });
    expect(choose(GROUPS, FIRST, doodle)).toMatchObject({ mode: 'slider', other: doodle });
    expect(choose(GROUPS, { ...FIRST, mode: 'blink' }, second).other).toBe(second);
    const side = /** @type {Selection} */ ({ ...FIRST, mode: 'side' });
    expect(choose(GROUPS, side, doodle).side).toEqual([first, second, doodle]);
    expect(choose(GROUPS, side, first).side).toEqual([second]);
    expect(choose(GROUPS, { ...side, side: [first] }, first).side).toEqual([first]);
  });
});

describe('the lightbox', () => {
  beforeAll(() => {
    HTMLDialogElement.prototype.showModal = function show() {
      this.open = true;
    };
    HTMLDialogElement.prototype.close = function close() {
      this.open = false;
      this.dispatchEvent(new Event('close'));
    };
    vi.stubGlobal(
      'ResizeObserver',
      class {
        observe() {}
        disconnect() {}
      },
    );
    vi.stubGlobal('matchMedia', () => ({ matches: false }));
  });
  afterEach(() => {
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  });

  /** @param {string} key */
  function press(key, type = 'keydown') {
    const stage = document.querySelector('.lightbox-stage');
    stage?.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true }));
  }
  const shown = () =>
    [...document.querySelectorAll('.pane')].map((pane) => pane.querySelector('img')?.alt);
  const withDoodles = () =>
    GROUPS.map(({ name, images }) => {
      const doodle = image('Doodle');
      return { name, images: images.map((each) => ({ ...each, doodle })) };
    });
  const mode = () => document.querySelector('dialog')?.dataset.mode;

  test('turns by arrow keys, and shows the doodle while Space is held', () => {
    openLightbox({ groups: withDoodles(), image: 1 });
    expect(shown()).toEqual(['B1']);
    press('ArrowRight');
    expect(shown()).toEqual(['A2']);
    press(' ');
    expect(shown()).toEqual(['Doodle']);
    press(' ', 'keyup');
    expect(shown()).toEqual(['A2']);
    press('ArrowUp');
    expect(shown()).toEqual(['A1']);
  });

  test('compares by keys and by the strip', () => {
    openLightbox({ groups: withDoodles(), group: 1 });
    press('c');
    expect(mode()).toBe('slider');
    expect(document.querySelector('figcaption')?.textContent).toBe('A2 | Doodle');
    document.querySelector('.lightbox-strip')?.querySelectorAll('button')[2].click();
    expect(document.querySelector('figcaption')?.textContent).toBe('A2 | C2');
    const side = document.querySelector('[data-mode=side]');
    if (side instanceof HTMLElement) side.click();
    expect(shown()).toEqual(['A2', 'B2', 'C2']);
  });

  test('picks what it shows, and nothing else of its run', () => {
    const pick = vi.fn(async () => true);
    /** @type {LightboxImage[]} */
    const images = [
      { ...image('A'), pick, isPicked: true },
      { ...image('B'), pick },
    ];
    openLightbox({ groups: [{ name: '', images }], image: 1 });
    press('s');
    expect(pick).toHaveBeenCalledOnce();
    expect(images.map(({ isPicked }) => isPicked)).toEqual([false, true]);
  });

  test('takes a pick back that was not stored', async () => {
    /** @type {LightboxImage[]} */
    const images = [{ ...image('A'), pick: async () => false }, image('B')];
    openLightbox({ groups: [{ name: '', images }] });
    press('s');
    await vi.waitFor(() => expect(images.some(({ isPicked }) => isPicked)).toBe(false));
  });
});
