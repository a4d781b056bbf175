// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withLayers } from '../../studio/web/canvas/autosave.js';
import { Keeper } from '../../studio/web/canvas/keeper.js';
import { LayerStack, MAX_LAYERS } from '../../studio/web/canvas/layers.js';
import { Painter } from '../../studio/web/canvas/painter.js';
import { packPixels } from '../../studio/web/canvas/pixels.js';
import { Selection } from '../../studio/web/canvas/selection.js';
import { stretch } from '../../studio/web/canvas/selection-box.js';
import { STICKERS } from '../../studio/web/canvas/stickers.js';
import { FakeContext } from './fake-context.js';
import { letters } from './pictures.js';

/** @import { Tool } from '../../studio/web/canvas/tools.js' */

const [RED, BLUE] = ['#ff0000', '#0000ff'];
const [WIDTH, HEIGHT] = [1024, 8];

/** @type {LayerStack} */
let layers;
/** @type {Painter} */
let painter;
/** @type {Selection} */
let selection;
/** @type {HTMLCanvasElement} */
let sheet;

beforeEach(() => {
  FakeContext.install();
  sheet = document.createElement('canvas');
  layers = new LayerStack(sheet);
  layers.resize(WIDTH, HEIGHT);
  painter = new Painter(layers);
  selection = new Selection(layers, () => {});
});

afterEach(() => vi.restoreAllMocks());

/**
 * Fills columns of the active layer.
 *
 * @param {string} color
 * @param {number} from
 * @param {number} to
 */
function draw(color, from, to, tool = /** @type {Tool} */ ('brush')) {
  const brush = { tool, color, hardness: 1, mirrored: false };
  painter.beginStroke();
  const dab = { y: HEIGHT / 2, r: 40, opacity: 1 };
  painter.strokeLine({ ...dab, x: from }, { ...dab, x: to }, brush);
  painter.endStroke();
}

/** What is shown, every 64th pixel of the middle row. */
function shown() {
  const pixels = FakeContext.of(sheet).getImageData(0, 4, WIDTH, 1);
  const [row] = letters(pixels);
  return Array.from({ length: 16 }, (_, i) => row[64 * i + 32]).join('');
}

describe('layers', () => {
  test('an upper one covers a lower one, and is drawn on once it is added', () => {
    draw(RED, 32, 480);
    layers.add();
    draw(BLUE, 288, 800);
    expect(shown()).toBe('rrrrbbbbbbbbb...');
    draw(BLUE, 32, 160, 'eraser');
    expect(shown()).toBe('rrrrbbbbbbbbb...');
  });

  test('are hidden, moved, faded and deleted; undo and redo take each step alone', () => {
    draw(RED, 32, 480);
    layers.add();
    draw(BLUE, 288, 800);
    /** @type {[() => void, string][]} */
    const acts = [
      [() => layers.toggle(2, 'isVisible'), 'rrrrrrrr........'],
      [() => layers.toggle(2, 'isVisible'), 'rrrrbbbbbbbbb...'],
      [() => layers.move(-1), 'rrrrrrrrbbbbb...'],
      [() => layers.activate(1), 'rrrrrrrrbbbbb...'],
      [() => layers.fade(0, true), '....bbbbbbbbb...'],
      [() => layers.fade(1, true), 'rrrrrrrrbbbbb...'],
      [() => layers.remove(), '....bbbbbbbbb...'],
      [() => layers.clear(), '................'],
    ];
    for (const [act, seen] of acts) {
      act();
      expect(shown(), String(act)).toBe(seen);
    }
    const steps = ['rrrrrrrr........', 'rrrrbbbbbbbbb...', 'rrrrrrrrbbbbb...'];
    const back = ['....bbbbbbbbb...', 'rrrrrrrrbbbbb...', '....bbbbbbbbb...', 'rrrrrrrrbbbbb...'];
    const all = [...back, 'rrrrbbbbbbbbb...', ...steps.slice(0, 2), 'rrrrrrrr........'];
    for (const [i, seen] of all.entries()) {
      expect(layers.undo()).toBe(true);
      expect(shown(), `step ${i} back`).toBe(seen);
    }
    expect(layers.all).toHaveLength(2);
    layers.undo();
    expect(layers.all).toHaveLength(1);
    layers.undo();
    expect(shown()).toBe('................');
    expect(layers.canUndo).toBe(false);
    while (layers.redo());
    expect(shown()).toBe('................');
    layers.undo();
    expect(shown()).toBe('....bbbbbbbbb...');
    expect(layers.all.map(({ id }) => id)).toEqual([2]);
  });

  test('many changes of opacity by one pull are one step', () => {
    draw(RED, 32, 480);
    for (const opacity of [0.9, 0.5, 0]) layers.fade(opacity, false);
    layers.fade(0.5, true);
    expect(layers.active.opacity).toBe(0.5);
    layers.undo();
    expect(layers.active.opacity).toBe(1);
    expect(shown()).toBe('rrrrrrrr........');
  });

  test('merged down look the same; a hidden or locked one is not merged', () => {
    draw(RED, 32, 480);
    expect(layers.canMerge).toBe(false);
    layers.add();
    draw(BLUE, 288, 800);
    layers.fade(0.5, true);
    const before = layers.encode();
    layers.toggle(1, 'isLocked');
    layers.mergeDown();
    expect(layers.all).toHaveLength(2);
    layers.toggle(1, 'isLocked');
    layers.mergeDown();
    expect(layers.all).toMatchObject([{ id: 1, opacity: 1 }]);
    expect(layers.encode()).toBe(before);
    layers.undo();
    expect(layers.all).toMatchObject([{ opacity: 1 }, { opacity: 0.5 }]);
    expect(layers.encode()).toBe(before);
  });

  test('one that came back after it was deleted keeps to itself', () => {
    draw(RED, 32, 160);
    layers.add();
    draw(BLUE, 288, 480);
    layers.activate(1);
    layers.remove();
    layers.undo();
    layers.activate(1);
    draw(RED, 608, 700);
    layers.toggle(1, 'isVisible');
    expect(shown()).toBe('....bbbb........');
  });

  test('are no more than their limit, and never none', () => {
    for (let i = 0; i < 2 * MAX_LAYERS; i++) layers.add();
    expect(layers.all).toHaveLength(MAX_LAYERS);
    for (let i = 0; i < 2 * MAX_LAYERS; i++) layers.remove();
    expect(layers.all).toHaveLength(1);
  });

  test('take the size of another base image, in their own colors', () => {
    draw(RED, 32, 480);
    layers.add();
    draw(BLUE, 608, 800);
    layers.resize(WIDTH / 2, HEIGHT / 2);
    expect(layers.all).toHaveLength(2);
    expect(shown()).toBe('rrrrrrrr.bbbb...');
    expect(layers.canUndo).toBe(false);
  });

  test('are kept with what can be undone', () => {
    draw(RED, 32, 480);
    layers.add();
    draw(BLUE, 288, 800);
    layers.undo();
    const kept = structuredClone(layers.keep());
    const again = new LayerStack(document.createElement('canvas'));
    again.resize(WIDTH, HEIGHT);
    again.resume(kept);
    expect(again.encode()).toBe(layers.encode());
    again.redo();
    layers.redo();
    expect(again.encode()).toBe(layers.encode());
    for (let i = 0; i < 3; i++) again.undo();
    expect(again.isBare).toBe(true);
  });

  test('may be kept by a release that had one', () => {
    draw(RED, 32, 480);
    const pixels = packPixels(layers.active.image, layers.whole);
    layers.undo();
    const past = [packPixels(layers.active.image, layers.whole)];
    const old = { width: WIDTH, height: HEIGHT, pixels, past, future: [] };
    layers.resize(WIDTH, HEIGHT);
    layers.resume(withLayers(old));
    expect(shown()).toBe('rrrrrrrr........');
    layers.undo();
    expect(shown()).toBe('................');
  });
});

describe('a selection', () => {
  /** @param {number} from @param {number} to */
  const lasso = (from, to) =>
    selection.lasso([
      { x: from, y: -4 },
      { x: to, y: -4 },
      { x: to, y: 20 },
      { x: from, y: 20 },
    ]);

  test('is moved over the layer; all of it is one step of undo', () => {
    draw(RED, 32, 288);
    draw(BLUE, 352, 416);
    expect(lasso(0, 192)).toBe(true);
    expect(selection.isChanged).toBe(false);
    selection.moveBy(512, 0);
    selection.moveBy(64, 0);
    expect(shown()).toBe('...rrbb..rrr....');
    selection.commit();
    layers.undo();
    expect(shown()).toBe('rrrrrbb.........');
    layers.redo();
    expect(shown()).toBe('...rrbb..rrr....');
  });

  test('that is not moved leaves no step; one that is withdrawn leaves no trace', () => {
    draw(RED, 32, 288);
    const before = layers.encode();
    lasso(0, 192);
    expect(selection.commit()).toBe(false);
    layers.undo();
    layers.redo();
    lasso(0, 192);
    selection.moveBy(300, 0);
    expect(selection.cancel()).toBe(true);
    expect(layers.encode()).toBe(before);
    expect(selection.box).toBeNull();
  });

  test('is scaled from what was cut out, in its colors, there and back again', () => {
    draw(RED, 32, 288);
    draw(BLUE, 96, 160);
    lasso(0, 256);
    selection.fit({ left: 0, top: 0, width: 512, height: 8 });
    expect(shown()).toBe('rrbbbbrr........');
    selection.fit({ left: 0, top: 0, width: 256, height: 8 });
    expect(shown()).toBe('rbbrr...........');
  });

  test('is deleted, duplicated, filled', () => {
    draw(RED, 32, 160);
    lasso(0, 128);
    selection.duplicate();
    selection.moveBy(472, -40);
    selection.commit();
    expect(shown()).toBe('rrr.....rr......');
    lasso(0, 128);
    expect(selection.remove()).toBe(true);
    expect(shown()).toBe('..r.....rr......');
    lasso(640, 768);
    selection.fill(BLUE, 'solid');
    selection.commit();
    expect(shown()).toBe('..r.....rrbb....');
    for (let i = 0; i < 3; i++) layers.undo();
    expect(shown()).toBe('rrr.............');
  });

  test('beside the canvas, or around nothing, is none', () => {
    expect(lasso(2000, 2100)).toBe(false);
    expect(selection.lasso([{ x: 5, y: 5 }])).toBe(false);
    expect(selection.box).toBeNull();
  });

  test('a sticker floats until it is committed, takes another color, and is kept meanwhile', () => {
    const [star] = STICKERS;
    selection.place(star, RED);
    selection.fit({ left: 256, top: -120, width: 248, height: 248 });
    expect(shown()[6]).toBe('r');
    expect(selection.recolor(BLUE)).toBe(true);
    expect(shown()[6]).toBe('b');
    const kept = layers.keep(selection.pending);
    expect(kept.past).toHaveLength(1);
    layers.resize(WIDTH, HEIGHT);
    layers.resume(kept);
    layers.undo();
    expect(layers.isBare).toBe(true);
  });
});

describe('the handles of a selection', () => {
  const box = { left: 100, top: 100, width: 40, height: 20 };

  test('move one side, or a corner with the proportions', () => {
    expect(stretch(box, '', 3, -2, 4)).toEqual({ ...box, left: 103, top: 98 });
    expect(stretch(box, 'e', 10, 99, 4)).toEqual({ ...box, width: 50 });
    expect(stretch(box, 'n', 99, -10, 4)).toEqual({ ...box, top: 90, height: 30 });
    expect(stretch(box, 'nw', -40, -20, 4)).toEqual({ left: 60, top: 80, width: 80, height: 40 });
  });

  test('never turn it over, nor let it vanish', () => {
    expect(stretch(box, 'w', 500, 0, 4)).toEqual({ ...box, left: 136, width: 4 });
    expect(stretch(box, 'se', -500, -500, 4)).toEqual({ ...box, width: 8, height: 4 });
  });
});

describe('what the browser keeps', () => {
  test('is written again where it changed while it was written', async () => {
    vi.useFakeTimers();
    /** @type {(() => void)[]} */
    const writes = [];
    const write = vi.fn(() => new Promise((done) => writes.push(() => done(undefined))));
    const keeper = new Keeper(
      () => 'studio',
      () => null,
      /** @type {never} */ (write),
    );
    keeper.changed();
    await vi.runAllTimersAsync();
    keeper.changed();
    for (const end of writes) end();
    await vi.runAllTimersAsync();
    expect(write).toHaveBeenCalledTimes(2);
    expect(keeper.saved).toBe(false);
    for (const end of writes) end();
    await vi.runAllTimersAsync();
    expect(keeper.saved).toBe(true);
    vi.useRealTimers();
  });
});
