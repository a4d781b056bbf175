import { vi } from 'vitest';

/**
 * The part of a 2D context that the canvas works on, with real pixels: jsdom has none. Pictures are not
 * drawn. A canvas that is made larger or smaller is emptied, as in browsers.
 */
export class FakeContext {
  /** @type {WeakMap<HTMLCanvasElement, FakeContext>} */
  static #all = new WeakMap();

  globalCompositeOperation = 'source-over';
  #width = 0;
  #height = 0;
  #data = new Uint8ClampedArray();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Has every canvas of the document use this. */
  static install() {
    const { prototype } = HTMLCanvasElement;
    const context = vi.spyOn(prototype, 'getContext');
    context.mockImplementation(
      /** @this {HTMLCanvasElement} */
      function () {
        return /** @type {never} */ (FakeContext.of(this));
      },
    );
    const encode = vi.spyOn(prototype, 'toDataURL');
    encode.mockImplementation(
      /** @this {HTMLCanvasElement} */
      function () {
        const pixels = FakeContext.of(this).getImageData(0, 0, this.width, this.height).data;
        return `data:image/png;base64,${btoa(String.fromCharCode(...pixels))}`;
      },
    );
  }

  /** @param {HTMLCanvasElement} canvas */
  static of(canvas) {
    const found = FakeContext.#all.get(canvas) ?? new FakeContext(canvas);
    FakeContext.#all.set(canvas, found);
    return found;
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} width
   * @param {number} height
   */
  getImageData(left, top, width, height) {
    const data = new Uint8ClampedArray(4 * width * height);
    this.#rows(left, top, width, height, (at, to, length) => {
      data.set(this.#pixels.subarray(at, at + length), to);
    });
    return { width, height, data };
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  createImageData(width, height) {
    return { width, height, data: new Uint8ClampedArray(4 * width * height) };
  }

  /**
   * @param {{ width: number, height: number, data: Uint8ClampedArray }} image
   * @param {number} _left always 0
   * @param {number} _top always 0
   * @param {number} [x] of the part that is put
   * @param {number} [y]
   * @param {number} [width]
   * @param {number} [height]
   */
  putImageData(image, _left, _top, x = 0, y = 0, width = image.width, height = image.height) {
    for (let row = y; row < y + height; row++) {
      const at = 4 * (row * image.width + x);
      this.#pixels.set(image.data.subarray(at, at + 4 * width), at);
    }
  }

  clearRect() {
    this.#pixels.fill(0);
  }

  drawImage() {}

  isEmpty() {
    return this.#pixels.every((byte) => byte === 0);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  color(x, y) {
    return [...this.getImageData(x, y, 1, 1).data];
  }

  /** @param {(x: number, y: number) => number[] | null} colorAt null for nothing */
  paint(colorAt) {
    const [pixels, width] = [this.#pixels, this.#width];
    for (let at = 0; at < pixels.length / 4; at++) {
      const color = colorAt(at % width, Math.floor(at / width));
      pixels.set(color ? [...color, 255] : [0, 0, 0, 0], 4 * at);
    }
  }

  get #pixels() {
    const { width, height } = this.canvas;
    if (width !== this.#width || height !== this.#height) {
      [this.#width, this.#height] = [width, height];
      this.#data = new Uint8ClampedArray(4 * width * height);
    }
    return this.#data;
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} width
   * @param {number} height
   * @param {(at: number, index: number, length: number) => void} each row: where it is in the whole
   *   picture, where in the part, and its bytes
   */
  #rows(left, top, width, height, each) {
    for (let y = 0; y < height; y++) {
      each(4 * ((top + y) * this.canvas.width + left), 4 * y * width, 4 * width);
    }
  }
}
