/** Errors on a plain page: one line in its element `#error`. */
import { find } from './dom.js';
import { RequestError } from './http.js';
import { t } from './i18n.js';

/**
 * @param {unknown} error
 * @returns {string} one line for the reader
 */
export function errorText(error) {
  const message = error instanceof Error ? error.message : String(error);
  return message || (error instanceof RequestError ? t('page.invalid_request') : '');
}

/** @param {string} text empty where there is no error */
export function showErrorText(text) {
  find(document, '#error', HTMLElement).textContent = text;
}

/** @param {unknown} error */
export function showError(error) {
  showErrorText(errorText(error));
}

/**
 * Runs an action and shows its error, until the next action is run.
 *
 * @param {() => unknown} action may be async
 */
export async function withErrorDisplay(action) {
  showErrorText('');
  try {
    await action();
  } catch (error) {
    showError(error);
  }
}
