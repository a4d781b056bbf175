// Pictures that are dropped on the page or pasted: on the canvas one becomes the doodle, anywhere
// else what made it is restored. A picture for the canvas that carries settings is asked about.
import { t } from './i18n.js';

const KEYS = ['doodle-theme-studio', 'parameters'];
const TEXTS = ['tEXt', 'zTXt', 'iTXt'];
const TYPED = 'textarea:not([readonly]), [contenteditable=true], input:not([readonly], [type=range], [type=checkbox], [type=radio], [type=color], [type=file])';
const page = document.documentElement;
const latin = (bytes) => String.fromCharCode(...bytes);

// Whether a PNG's text chunks tell what made it, as the studio and A1111 write them.
async function carriesSettings(file) {
  const buffer = await file.arrayBuffer();
  const [bytes, view] = [new Uint8Array(buffer), new DataView(buffer)];
  if (bytes.length < 8 || view.getUint32(0) !== 0x89504e47) return false;
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (!TEXTS.includes(latin(bytes.subarray(at + 4, at + 8)))) continue;
    if (KEYS.includes(latin(bytes.subarray(at + 8, at + 88)).split('\0')[0])) return true;
  }
  return false;
}

function say(text) {
  document.querySelector('.sketch')?.dispatchEvent(new CustomEvent('say', { detail: text }));
}

function useAsDoodle(file) {
  document.querySelector('.sketch').dispatchEvent(new CustomEvent('take', { detail: file }));
}

function restore(file) {
  const field = document.querySelector('#header input[type=file]');
  if (!field) return;
  if (file.type !== 'image/png') {
    say(t('studio.only_png_restores'));
    return;
  }
  const held = new DataTransfer();
  held.items.add(file);
  field.files = held.files;
  field.dispatchEvent(new Event('change', { bubbles: true }));
}

function ask(file) {
  const dialog = document.createElement('dialog');
  dialog.className = 'sketch-help picture-ask';
  dialog.setAttribute('aria-label', t('studio.picture_has_settings'));
  const title = document.createElement('h2');
  title.textContent = t('studio.picture_has_settings');
  const acts = [[t('studio.restore_settings'), () => restore(file)], [t('studio.canvas_use_as_doodle'), () => useAsDoodle(file)], [t('page.cancel'), () => {}]];
  dialog.append(title, ...acts.map(([text, act]) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: text });
    button.addEventListener('click', () => {
      dialog.close();
      act();
    });
    return button;
  }));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

async function takeOnCanvas(file) {
  if (await carriesSettings(file)) ask(file);
  else useAsDoodle(file);
}

const zone = Object.assign(document.createElement('p'), { className: 'page-drop', textContent: t('studio.restore_settings') });
document.body.append(zone);

for (const name of ['dragenter', 'dragover', 'drop']) {
  document.addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    const onCanvas = Boolean(event.target.closest?.('.sketch-page'));
    page.dataset.dragging = onCanvas ? 'doodle' : 'settings';
    if (name !== 'drop') return;
    event.stopPropagation();
    delete page.dataset.dragging;
    const [file] = event.dataTransfer.files;
    if (file) (onCanvas ? takeOnCanvas : restore)(file);
  }, { capture: true });
}
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) delete page.dataset.dragging;
});

document.addEventListener('paste', (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith('image/'));
  if (!file || event.target.closest?.(TYPED) || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  takeOnCanvas(file);
});
