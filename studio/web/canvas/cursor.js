/** The ring that shows where the brush is, how large, and with which color. */

/** A smaller ring is hard to see: the browser's crosshair stands in its place, in CSS pixels. */
const SMALLEST = 6;

export class BrushRing {
  #ring;
  #frame;
  #sheet;

  /**
   * @param {HTMLElement} ring
   * @param {HTMLElement} frame which the ring moves in
   * @param {HTMLCanvasElement} sheet
   */
  constructor(ring, frame, sheet) {
    this.#ring = ring;
    this.#frame = frame;
    this.#sheet = sheet;
  }

  /**
   * @param {{ clientX: number, clientY: number }} pointer
   * @param {number} diameter of the brush, in pixels of the layer
   * @param {string | null} color as #rrggbb; null for the eraser
   */
  show({ clientX, clientY }, diameter, color) {
    const frame = this.#frame.getBoundingClientRect();
    const size = (diameter * this.#sheet.getBoundingClientRect().width) / this.#sheet.width;
    this.#ring.hidden = size < SMALLEST;
    this.#sheet.classList.toggle('has-ring', size >= SMALLEST);
    this.#ring.classList.toggle('erases', color === null);
    const [x, y] = [clientX - frame.left - size / 2, clientY - frame.top - size / 2];
    Object.assign(this.#ring.style, {
      width: `${size}px`,
      height: `${size}px`,
      transform: `translate(${x}px, ${y}px)`,
    });
    this.#ring.style.setProperty('--ring', color ?? 'transparent');
  }

  hide() {
    this.#ring.hidden = true;
    this.#sheet.classList.remove('has-ring');
  }
}
