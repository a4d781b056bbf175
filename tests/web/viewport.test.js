import { describe, expect, test } from 'vitest';
import { pressed } from '../../studio/web/canvas/input.js';
import {
  clampView,
  MAX_SCALE,
  PinchGesture,
  pointerToPixel,
  zoomView,
} from '../../studio/web/canvas/viewport.js';

const WHOLE = { scale: 1, x: 0, y: 0 };

describe('zoom', () => {
  test('what is under the point stays there', () => {
    const at = { x: 120, y: 30 };
    let view = { scale: 2, x: -40, y: -10 };
    const under = ({ scale, x, y } = view) => [(at.x - x) / scale, (at.y - y) / scale];
    const before = under();
    for (const factor of [1.5, 2, 0.5]) view = zoomView(view, factor, at);
    expect(view.scale).toBe(3);
    expect(under(view)[0]).toBeCloseTo(before[0]);
    expect(under(view)[1]).toBeCloseTo(before[1]);
  });

  test('in and out again is where it began', () => {
    const view = zoomView(zoomView(WHOLE, 4, { x: 50, y: 70 }), 0.25, { x: 50, y: 70 });
    expect(view).toEqual(WHOLE);
  });

  test.each([
    [1000, MAX_SCALE],
    [0.001, 1],
  ])('by %d ends at %d', (factor, scale) => {
    expect(zoomView(WHOLE, factor, { x: 0, y: 0 }).scale).toBe(scale);
  });
});

describe('the page fills its frame', () => {
  test.each([
    ['moved too far right and down', { scale: 2, x: 30, y: 5 }, { scale: 2, x: 0, y: 0 }],
    ['moved too far left and up', { scale: 2, x: -900, y: -900 }, { scale: 2, x: -300, y: -200 }],
    ['within its bounds', { scale: 2, x: -100, y: -50 }, { scale: 2, x: -100, y: -50 }],
    ['too far away', { scale: 0.5, x: 20, y: 20 }, { scale: 1, x: 0, y: 0 }],
  ])('%s', (_, view, shown) => {
    expect(clampView(view, 300, 200)).toEqual(shown);
  });
});

describe('pointer to pixel', () => {
  const layer = { width: 256, height: 128 };

  test('where the layer is shown at twice its size, away from the corner', () => {
    const box = { left: 100, top: 50, width: 512, height: 256 };
    expect(pointerToPixel({ clientX: 100, clientY: 50 }, box, layer)).toEqual({ x: 0, y: 0 });
    expect(pointerToPixel({ clientX: 101, clientY: 51 }, box, layer)).toEqual({ x: 0.5, y: 0.5 });
    expect(pointerToPixel({ clientX: 612, clientY: 306 }, box, layer)).toEqual({ x: 256, y: 128 });
  });

  test('where it is stretched and lies partly outside the window', () => {
    const box = { left: -64, top: 10, width: 128, height: 256 };
    expect(pointerToPixel({ clientX: 0, clientY: 138 }, box, layer)).toEqual({ x: 128, y: 64 });
  });
});

describe('the brush', () => {
  test.each([
    ['mouse', 0.5, 7],
    ['touch', 1, 7],
    ['pen', 0, 7],
    ['pen', 0.5, 7],
    ['pen', 1, 11.55],
  ])('of a %s that presses %d has the radius %d', (pointerType, pressure, radius) => {
    const settings = { pressureSize: true, pressureOpacity: false };
    const { r, opacity } = pressed({ size: 14, opacity: 0.8 }, { pointerType, pressure }, settings);
    expect(r).toBeCloseTo(radius);
    expect(opacity).toBe(0.8);
  });

  test('may stay, and the pen cover less where it presses less', () => {
    const settings = { pressureSize: false, pressureOpacity: true };
    const pen = { pointerType: 'pen', pressure: 0.5 };
    const { r, opacity } = pressed({ size: 14, opacity: 1 }, pen, settings);
    expect(r).toBe(7);
    expect(opacity).toBeCloseTo(0.55);
  });
});

describe('two fingers', () => {
  /** Remembers what it was asked. */
  class Recorder {
    /** @type {number[][]} */
    pans = [];
    /** @type {number[]} */
    factors = [];

    /**
     * @param {number} dx
     * @param {number} dy
     */
    pan(dx, dy) {
      this.pans.push([dx, dy]);
    }

    /** @param {number} factor */
    zoom(factor) {
      this.factors.push(factor);
    }
  }

  /** @param {number} pointerId */
  const finger = (pointerId, clientX = 0, clientY = 0) => ({ pointerId, clientX, clientY });

  test('one finger moves nothing', () => {
    const [pinch, view] = [new PinchGesture(), new Recorder()];
    pinch.place(finger(1));
    expect(pinch.advance(view)).toBe(false);
    expect(view.pans).toEqual([]);
  });

  test('they zoom by how far they part, and move with their middle', () => {
    const [pinch, view] = [new PinchGesture(), new Recorder()];
    pinch.place(finger(1, 0, 0));
    pinch.place(finger(2, 100, 0));
    expect(pinch.advance(view)).toBe(true);
    expect(view.factors).toEqual([]);
    pinch.place(finger(2, 200, 0));
    expect(pinch.advance(view)).toBe(true);
    expect(view.pans).toEqual([[50, 0]]);
    expect(view.factors).toEqual([2]);
  });

  test('a finger that is lifted and put elsewhere does not make the page jump', () => {
    const [pinch, view] = [new PinchGesture(), new Recorder()];
    pinch.place(finger(1, 0, 0));
    pinch.place(finger(2, 100, 0));
    pinch.advance(view);
    pinch.lift(2);
    expect(pinch.advance(view)).toBe(false);
    pinch.place(finger(3, 500, 500));
    expect(pinch.advance(view)).toBe(true);
    expect(view.factors).toEqual([]);
  });

  test('a third finger ends it', () => {
    const [pinch, view] = [new PinchGesture(), new Recorder()];
    for (const each of [1, 2, 3]) pinch.place(finger(each, 10 * each, 0));
    expect(pinch.advance(view)).toBe(false);
  });
});
