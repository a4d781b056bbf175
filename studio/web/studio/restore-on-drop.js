/**
 * Images that are dropped on the page or pasted: on the canvas one becomes the doodle, on a recipe a reference
 * (`inspector/recipe-panel.js`), anywhere else what made it is restored. An image for the canvas that carries settings
 * is asked about.
 */
import { closest, element, find } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { TEXT_FIELDS } from '../lib/keys.js';
import { carriesSettings } from '../lib/png.js';

/**
 * @param {'show-message' | 'import-file'} name of an event of the canvas
 * @param {string | File} detail
 */
function sendToCanvas(name, detail) {
  document.querySelector('.sketch')?.dispatchEvent(new CustomEvent(name, { detail }));
}

/** @param {File} file */
function useAsDoodle(file) {
  sendToCanvas('import-file', file);
}

/** @param {File} file */
function restore(file) {
  const input = document.querySelector('#header input[type=file]');
  if (!(input instanceof HTMLInputElement)) return;
  if (file.type !== 'image/png') {
    sendToCanvas('show-message', t('studio.only_png_restores'));
    return;
  }
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

/** @param {File} file that carries settings */
function ask(file) {
  const title = t('studio.image_has_settings');
  const dialog = element('dialog', { className: 'image-dialog', ariaLabel: title });
  /**
   * @param {string} label
   * @param {(file: File) => void} [action]
   */
  const choice = (label, action) => {
    const button = element('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      dialog.close();
      action?.(file);
    });
    return button;
  };
  dialog.append(
    element('h2', {}, title),
    choice(t('studio.restore_settings'), restore),
    choice(t('studio.canvas_use_as_doodle'), useAsDoodle),
    choice(t('page.cancel')),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {File} file */
async function takeOnCanvas(file) {
  if (carriesSettings(await file.arrayBuffer())) ask(file);
  else useAsDoodle(file);
}

/** @param {DragEvent} event */
function drag(event) {
  if (!event.dataTransfer?.types.includes('Files')) return;
  const root = document.documentElement;
  if (closest(event, 'recipe-inspector .recipe')) {
    // There an image becomes a reference.
    delete root.dataset.dragging;
    return;
  }
  event.preventDefault();
  const isOnCanvas = closest(event, '.sketch-page') !== null;
  root.dataset.dragging = isOnCanvas ? 'doodle' : 'settings';
  if (event.type !== 'drop') return;
  event.stopPropagation();
  delete root.dataset.dragging;
  const file = event.dataTransfer.files.item(0);
  if (file) (isOnCanvas ? takeOnCanvas : restore)(file);
}

/** @param {ClipboardEvent} event */
function paste(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  const image = files.find((file) => file.type.startsWith('image/'));
  const isTyping = closest(event, TEXT_FIELDS) !== null;
  if (!image || isTyping || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  takeOnCanvas(image);
}

const label = element('p', { className: 'page-drop' }, t('studio.restore_settings'));
find(document, 'body', HTMLElement).append(label);
document.addEventListener('dragenter', drag, { capture: true });
document.addEventListener('dragover', drag, { capture: true });
document.addEventListener('drop', drag, { capture: true });
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) delete document.documentElement.dataset.dragging;
});
document.addEventListener('paste', paste);
