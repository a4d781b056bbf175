/** A notice of what was done, with a way back for eight seconds. */
import { element } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { t } from '../lib/i18n.js';

export const UNDO_MS = 8000;

/**
 * @param {string} text what was done
 * @param {() => unknown} undo may be async
 */
export function showUndo(text, undo) {
  document.querySelector('.undo-notice')?.remove();
  const button = element('button', { type: 'button' }, t('page.undo'));
  const notice = element('div', { className: 'undo-notice', role: 'status' }, text, button);
  const timer = setTimeout(() => notice.remove(), UNDO_MS);
  button.addEventListener('click', () => {
    clearTimeout(timer);
    notice.remove();
    withErrorDisplay(undo);
  });
  document.body.append(notice);
}
