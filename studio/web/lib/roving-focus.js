/** One Tab stop for a group of controls; the arrow keys move inside it. */

const STEPS = new Map([
  ['ArrowRight', 1],
  ['ArrowDown', 1],
  ['ArrowLeft', -1],
  ['ArrowUp', -1],
]);

/**
 * @param {HTMLElement} group
 * @param {string} selector of its controls; those that are hidden or disabled are skipped
 * @param {AbortSignal} [signal] ends it
 * @returns {() => void} sets the Tab stop anew, once the controls are others
 */
export function roveFocus(group, selector, signal) {
  const controls = () =>
    [...group.querySelectorAll(selector)].filter(
      /** @returns {each is HTMLElement} */
      (each) => each instanceof HTMLElement && !each.matches(':disabled, [hidden]'),
    );
  /** @param {HTMLElement | undefined} current */
  const stopAt = (current) => {
    for (const each of group.querySelectorAll(selector)) {
      if (each instanceof HTMLElement) each.tabIndex = each === current ? 0 : -1;
    }
  };
  const reset = () =>
    stopAt(controls().find((each) => each.matches('[aria-checked=true]')) ?? controls()[0]);
  reset();
  group.addEventListener(
    'focusin',
    ({ target }) => target instanceof HTMLElement && target.matches(selector) && stopAt(target),
    { signal },
  );
  group.addEventListener(
    'keydown',
    (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const all = controls();
      const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
      const to = target(event.key, at, all.length);
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation(); // What the group lies in has arrow keys of its own.
      all[to].focus();
    },
    { signal },
  );
  return reset;
}

/**
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @returns {number | null} the place to go to; null for other keys
 */
function target(key, at, count) {
  if (at < 0) return null;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const step = STEPS.get(key);
  return step === undefined ? null : (at + step + count) % count;
}
