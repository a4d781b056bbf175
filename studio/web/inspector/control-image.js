/**
 * The operator's own image of a control unit or a reference: chosen, dropped or pasted. Its value is the hash under
 * which the server stores it.
 *
 * @import { Control } from './controls.js'
 * @import { Json } from './types.js'
 */
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { t } from '../lib/i18n.js';
import { IMAGE_TYPES, imageOf, mayHaveImage, storeImage, thumbnailUrl } from './stored-images.js';

/**
 * @param {string} id
 * @param {string} label
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
export function imageControl(id, label, onInput) {
  const file = element('input', { type: 'file', accept: IMAGE_TYPES, hidden: true });
  const button = element('button', { type: 'button', id }, t('studio.upload_image'));
  const image = element('img', { alt: label, hidden: true, draggable: false });
  const none = element('span', { className: 'none' }, t('studio.no_image_yet'));
  const alert = element('p', { className: 'field-error', role: 'alert' });
  const root = element('span', { className: 'upload' }, image, none, button, file, alert);
  /** @param {Promise<Blob | null>} found */
  const take = async (found) => {
    alert.textContent = '';
    try {
      const chosen = await found;
      if (chosen) onInput(await storeImage(chosen));
      else alert.textContent = t('studio.no_image_dropped');
    } catch (error) {
      alert.textContent = errorText(error);
    }
  };
  button.addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) take(Promise.resolve(chosen));
    file.value = '';
  });
  root.addEventListener('dragover', (event) => {
    if (!mayHaveImage(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    root.classList.add('over');
  });
  root.addEventListener('dragleave', () => root.classList.remove('over'));
  root.addEventListener('drop', (event) => {
    event.preventDefault();
    event.stopPropagation();
    root.classList.remove('over');
    take(imageOf(event.dataTransfer));
  });
  root.addEventListener('paste', (event) => {
    if (![...(event.clipboardData?.files ?? [])].length) return;
    event.preventDefault();
    event.stopPropagation();
    take(imageOf(event.clipboardData));
  });
  return {
    root,
    input: button,
    show: (value) => {
      const has = typeof value === 'string';
      image.hidden = !has;
      none.hidden = has;
      if (!has) image.removeAttribute('src');
      else if (image.dataset.sha256 !== value) image.src = thumbnailUrl(value);
      image.dataset.sha256 = has ? value : '';
    },
  };
}
