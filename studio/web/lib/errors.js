/**
 * Actions that a reader starts, and their errors: one line beside the action, else in the page's `#error`.
 */
import { find, onSubmit } from './dom.js';
import { RequestError } from './http.js';
import { t } from './i18n.js';

const SERVER_ERROR = 500;

/**
 * @param {unknown} error
 * @returns {string} one line for the reader
 */
export function errorText(error) {
  const message = error instanceof Error ? error.message : String(error);
  if (message || !(error instanceof RequestError)) return message;
  if (error.status === 0) return t('page.unreachable');
  if (error.status >= SERVER_ERROR) return t('page.server_failed', { status: error.status });
  return t('page.invalid_request');
}

/** @returns {HTMLElement} where a page shows errors */
const pageError = () => find(document, '#error', HTMLElement);

/** @param {string} text empty where there is no error */
export function showErrorText(text) {
  pageError().textContent = text;
}

/** @param {unknown} error */
export function showError(error) {
  showErrorText(errorText(error));
}

/**
 * Runs an action and shows its error, until the next action is run.
 *
 * @param {() => unknown} action may be async
 * @param {HTMLElement} [place] by default the page's `#error`
 * @returns {Promise<boolean>} whether it succeeded
 */
export async function withErrorDisplay(action, place = pageError()) {
  place.textContent = '';
  try {
    await action();
    return true;
  } catch (error) {
    place.textContent = errorText(error);
    return false;
  }
}

/**
 * An action that is not started again while it runs: whoever clicks twice does not mean two.
 *
 * @param {() => unknown} action may be async
 * @param {HTMLElement} [place] of its error; by default the page's `#error`
 * @returns {() => Promise<void>}
 */
export function oneAtATime(action, place) {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    await withErrorDisplay(action, place);
    isRunning = false;
  };
}

/**
 * Runs an action when a button is pressed, shows its error, and ignores further presses while it runs.
 *
 * @param {HTMLElement} button
 * @param {() => unknown} action may be async
 * @param {HTMLElement} [place] of its error; by default the page's `#error`
 */
export function onPress(button, action, place) {
  button.addEventListener('click', oneAtATime(action, place));
}

/**
 * The same for a form that is sent.
 *
 * @param {HTMLFormElement} form
 * @param {() => unknown} action may be async
 * @param {HTMLElement} [place] of its error; by default the page's `#error`
 */
export function onSend(form, action, place) {
  onSubmit(form, oneAtATime(action, place));
}
