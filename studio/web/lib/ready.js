/** When a page can be used. */

/**
 * Lets the reader use the page. Until its script listens, the page is inert: a form that is sent before
 * would load the page anew, and a click would do nothing.
 */
export function markReady() {
  const main = document.querySelector('main');
  if (main) main.inert = false;
}
