/** Work that waits until nothing else is to be done. */

/**
 * @param {() => void} callback
 * @param {number} ms after which the browser may call back, once it is idle
 * @returns {() => void} cancels it
 */
export function whenIdle(callback, ms) {
  let isCancelled = false;
  const run = () => isCancelled || callback();
  const timer = setTimeout(() => {
    // Safari has none.
    if ('requestIdleCallback' in window) requestIdleCallback(run, { timeout: ms });
    else run();
  }, ms);
  return () => {
    isCancelled = true;
    clearTimeout(timer);
  };
}
