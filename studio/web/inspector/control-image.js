/**
 * The upload of a control unit's own image; its value is the hash under which the server stores it.
 *
 * @import { Control } from './controls.js'
 * @import { Json } from './types.js'
 */
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, postFile } from '../lib/http.js';
import { t } from '../lib/i18n.js';

/**
 * @param {string} id
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
export function imageControl(id, onInput) {
  const file = element('input', { type: 'file', accept: 'image/png', hidden: true });
  const button = element('button', { type: 'button', id }, t('studio.upload_png'));
  const hash = element('code', { translate: false });
  const alert = element('p', { className: 'field-error', role: 'alert' });
  button.addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    const [chosen] = file.files ?? [];
    file.value = '';
    if (chosen === undefined) return;
    alert.textContent = '';
    try {
      const stored = /** @type {{ sha256: string }} */ (
        await postFile(`${API}/control-images`, chosen)
      );
      onInput(stored.sha256);
    } catch (error) {
      alert.textContent = errorText(error);
    }
  });
  return {
    root: element('span', { className: 'upload' }, hash, button, file, alert),
    input: button,
    show: (value) => {
      hash.textContent = typeof value === 'string' ? value.slice(0, 10) : t('studio.no_image_yet');
    },
  };
}
