/** Polling. */

/**
 * @typedef {object} PollOptions
 * @property {number | (() => number)} every milliseconds from the end of one call to the next; a function
 *   is called after each
 * @property {(error: unknown) => void} [onError] is called with the error of a call that failed; without
 *   it the browser's console shows it. Polling goes on
 * @property {() => void} [onSuccess] is called after a call that did not fail
 * @property {() => boolean} [paused] while it returns true nothing is called; by default while the page is
 *   hidden
 * @property {AbortSignal} [signal] ends polling
 *
 * @typedef {object} Poll
 * @property {() => Promise<void>} now calls at once, after a call in progress; resolves when it is done
 * @property {() => void} stop ends polling; a call in progress is finished, and its error is ignored
 */

/**
 * Calls a function at once and then again and again, one call at a time.
 *
 * @param {() => unknown} look may be async; returning false ends polling
 * @param {PollOptions} options
 * @returns {Poll}
 */
export function poll(look, { every, onError, onSuccess, paused = () => document.hidden, signal }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let stopped = false;
  /** @type {Promise<void>} */
  let looking = Promise.resolve();

  function stop() {
    stopped = true;
    clearTimeout(timer);
  }

  async function once() {
    if (stopped || paused()) return;
    try {
      if ((await look()) === false) stop();
      onSuccess?.();
    } catch (error) {
      if (stopped) return; // Such as that of a request that the same signal aborted.
      if (!onError) throw error;
      onError(error);
    }
  }

  function now() {
    clearTimeout(timer);
    const mine = looking.catch(() => {}).then(once);
    looking = mine;
    return mine.finally(() => {
      if (mine !== looking || stopped) return; // `now` was called meanwhile.
      timer = setTimeout(now, typeof every === 'number' ? every : every());
    });
  }

  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  else now();
  return { now, stop };
}
