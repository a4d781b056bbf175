/**
 * Undo and redo by whole snapshots.
 *
 * @template T
 */
export class History {
  /** @type {T[]} */
  #past = [];
  /** @type {T[]} */
  #future = [];

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Records the state before a change. What was undone cannot be redone after it.
   *
   * @param {T} snapshot
   * @param {number} limit snapshots to keep; the oldest goes first
   */
  record(snapshot, limit) {
    this.#past.push(snapshot);
    if (this.#past.length > limit) this.#past.shift();
    this.#future = [];
  }

  /** Drops the newest snapshot: its change was withdrawn. */
  drop() {
    this.#past.pop();
  }

  clear() {
    this.#past = [];
    this.#future = [];
  }

  /**
   * @param {() => T} current takes a snapshot of the present state, for redo
   * @returns {T | undefined} the snapshot to restore, if there is one
   */
  undo(current) {
    return step(this.#past, this.#future, current);
  }

  /**
   * @param {() => T} current takes a snapshot of the present state, for undo
   * @returns {T | undefined} the snapshot to restore, if there is one
   */
  redo(current) {
    return step(this.#future, this.#past, current);
  }
}

/**
 * @template T
 * @param {T[]} from
 * @param {T[]} to
 * @param {() => T} current
 */
function step(from, to, current) {
  const snapshot = from.pop();
  if (snapshot !== undefined) to.push(current());
  return snapshot;
}
