/** The dialog of keyboard shortcuts: the registry of keys as a list. */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { KEYS, keyText, PLACES } from '../lib/keys.js';

/** Opens the dialog. */
export function showShortcuts() {
  const title = element('h2', { id: 'shortcuts-title' }, t('page.keys.title'));
  const close = element('button', { type: 'button' }, t('page.close'));
  const places = element(
    'div',
    { className: 'shortcut-places' },
    ...Object.keys(PLACES).map(section),
  );
  const dialog = element('dialog', { className: 'shortcuts' }, title, close, places);
  dialog.setAttribute('aria-labelledby', title.id);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} place */
function section(place) {
  const rows = KEYS.filter((each) => each.place === place).flatMap(({ keys, text }) => [
    element('dt', {}, ...keys.map((key) => element('kbd', { translate: false }, keyText(key)))),
    element('dd', {}, t(text)),
  ]);
  const name = t(PLACES[/** @type {keyof typeof PLACES} */ (place)]);
  return element('section', {}, element('h3', {}, name), element('dl', {}, ...rows));
}
