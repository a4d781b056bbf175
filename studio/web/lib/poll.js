/** Asking again and again. */

/**
 * @typedef {object} PollOptions
 * @property {number | (() => number)} every milliseconds from the end of one look to the next; a function
 *   is asked after each look
 * @property {(error: unknown) => void} [onError] is told of a look that failed; without it the browser's
 *   console is. Polling goes on
 * @property {() => void} [onSuccess] is told of a look that did not
 * @property {() => boolean} [paused] looks are left out while it is true; by default while the page is hidden
 * @property {AbortSignal} [signal] ends polling
 *
 * @typedef {object} Poll
 * @property {() => Promise<void>} now looks at once, after a look under way; resolves when it is done
 * @property {() => void} stop ends polling; a look under way comes to its end, and
 *   an error of it is told to nobody
 */

/**
 * Looks at something at once and then again and again, one look at a time.
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
      if (mine !== looking || stopped) return; // Another look was asked for meanwhile.
      timer = setTimeout(now, typeof every === 'number' ? every : every());
    });
  }

  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  else now();
  return { now, stop };
}
