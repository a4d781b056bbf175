/** A canvas to draw on with a brush, with undo: the smaller one, for phones. */

const MAX_UNDO = 20;
/** The width in pixels for which the brush's size is given. */
const BRUSH_WIDTH = 256;

/** @typedef {[x: number, y: number]} Point in pixels of the canvas */

export class DoodlePad {
  /** The brush's colour as #rrggbb. */
  color = '';
  #canvas;
  #context;
  #sizeInput;
  /** @type {ImageData[]} */
  #undoStack = [];
  /** @type {Point | null} where the stroke is that is being drawn */
  #last = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLInputElement} sizeInput the brush's diameter on a canvas of 256 pixels
   */
  constructor(canvas, sizeInput) {
    this.#canvas = canvas;
    this.#sizeInput = sizeInput;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser does not support canvas.');
    this.#context = context;
    canvas.addEventListener('pointerdown', (event) => this.#start(event));
    canvas.addEventListener('pointermove', (event) => this.#drawTo(event));
    for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, () => {
        this.#last = null;
      });
    }
  }

  /**
   * Gives the canvas another size, which clears it; at the same size the drawing stays.
   *
   * @param {number} width in pixels
   * @param {number} height in pixels
   */
  resize(width, height) {
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#undoStack = [];
  }

  /** @returns {string} the drawing as a PNG in base64 */
  encode() {
    return this.#canvas.toDataURL('image/png').split(',')[1];
  }

  undo() {
    const before = this.#undoStack.pop();
    if (before) this.#context.putImageData(before, 0, 0);
  }

  clear() {
    this.#record();
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  #record() {
    const { width, height } = this.#canvas;
    this.#undoStack.push(this.#context.getImageData(0, 0, width, height));
    if (this.#undoStack.length > MAX_UNDO) this.#undoStack.shift();
  }

  /** @param {PointerEvent} event */
  #start(event) {
    if (this.#last) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#record();
    this.#last = this.#toPoint(event);
    this.#drawTo(event);
  }

  /** @param {PointerEvent} event */
  #drawTo(event) {
    if (!this.#last) return;
    const point = this.#toPoint(event);
    const context = this.#context;
    context.strokeStyle = this.color;
    context.lineWidth = (Number(this.#sizeInput.value) * this.#canvas.width) / BRUSH_WIDTH;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(...this.#last);
    context.lineTo(...point);
    context.stroke();
    this.#last = point;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #toPoint({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [
      ((clientX - left) * this.#canvas.width) / width,
      ((clientY - top) * this.#canvas.height) / height,
    ];
  }
}
