/**
 * Undo and redo by what a change replaced, within a limit of memory.
 *
 * @template T
 */
export class History {
  /** @type {T[]} */
  #past = [];
  /** @type {T[]} */
  #future = [];
  #sizeOf;
  #limit;

  /**
   * @param {(step: T) => number} sizeOf
   * @param {number} limit of what the steps of the past take together; the oldest go first. The newest stays
   */
  constructor(sizeOf, limit) {
    this.#sizeOf = sizeOf;
    this.#limit = limit;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Records what a change replaced. What was undone cannot be redone after it.
   *
   * @param {T} step
   */
  record(step) {
    this.#past = newest([...this.#past, step], this.#sizeOf, this.#limit);
    this.#future = [];
  }

  clear() {
    this.#past = [];
    this.#future = [];
  }

  /**
   * @param {(step: T) => T} replaced what there is now in place of what a step holds
   * @returns {T | undefined} the step to bring back, if there is one
   */
  undo(replaced) {
    return move(this.#past, this.#future, replaced);
  }

  /**
   * @param {(step: T) => T} replaced what there is now in place of what a step holds
   * @returns {T | undefined} the step to bring back, if there is one
   */
  redo(replaced) {
    return move(this.#future, this.#past, replaced);
  }

  /**
   * The steps to keep, to go on from later.
   *
   * @param {number} limit of what the steps of each way take together
   * @returns {{ past: T[], future: T[] }}
   */
  steps(limit) {
    return {
      past: newest(this.#past, this.#sizeOf, limit),
      future: newest(this.#future, this.#sizeOf, limit),
    };
  }

  /** @param {{ past: T[], future: T[] }} steps that `steps` gave */
  resume({ past, future }) {
    this.#past = [...past];
    this.#future = [...future];
  }
}

/**
 * @template T
 * @param {T[]} steps from the oldest
 * @param {(step: T) => number} sizeOf
 * @param {number} limit
 */
function newest(steps, sizeOf, limit) {
  let first = steps.length;
  let size = 0;
  while (first > 0) {
    size += sizeOf(steps[first - 1]);
    if (size > limit && first < steps.length) break;
    first -= 1;
  }
  return steps.slice(first);
}

/**
 * @template T
 * @param {T[]} from
 * @param {T[]} to
 * @param {(step: T) => T} replaced
 */
function move(from, to, replaced) {
  const step = from.pop();
  if (step !== undefined) to.push(replaced(step));
  return step;
}
