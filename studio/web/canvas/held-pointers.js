/** Which pointers are down: nothing under a hand is moved. */
export class HeldPointers {
  /** @type {Set<number>} */
  #down = new Set();
  /** @type {(() => void)[]} those who wait until none is down */
  #waiting = [];

  /** @param {EventTarget} root within which they are watched, until the page is left */
  constructor(root) {
    /** @param {string} type @param {(event: PointerEvent) => void} callback */
    const on = (type, callback) =>
      root.addEventListener(
        type,
        (event) => callback(/** @type {PointerEvent} */ (event)),
        // Whoever handles them may stop them.
        { capture: true, passive: true },
      );
    on('pointerdown', ({ pointerId }) => this.#down.add(pointerId));
    on('pointerup', ({ pointerId }) => this.#lift(pointerId));
    on('pointercancel', ({ pointerId }) => this.#lift(pointerId));
    // It was let go outside of the window.
    on('pointermove', ({ pointerId, buttons }) => buttons || this.#lift(pointerId));
  }

  /** Whether any is down. */
  get any() {
    return this.#down.size > 0;
  }

  /** @returns {Promise<void>} when none is down */
  async released() {
    if (!this.any) return;
    await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
  }

  /** @param {number} pointerId */
  #lift(pointerId) {
    this.#down.delete(pointerId);
    if (this.any) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
