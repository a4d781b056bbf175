/** In lists of models to choose from, each option shows its model's preview image, where there is one. */
import { findAll } from '../lib/dom.js';
import { API, getJson } from '../lib/http.js';

/** @typedef {{ kind: string, name: string, preview: string | null }} Model */

/** @type {[id: RegExp, kind: string][]} which fields of a recipe name a model, and of what kind */
const FIELDS = [
  [/-base_model-name$/, 'checkpoint'],
  [/-loras-\d+-model-name$/, 'lora'],
  [/-control_units-\d+-model-name$/, 'controlnet'],
];

/** @returns {Promise<Map<string, string>>} the addresses of the models' preview images, by kind/name */
async function loadPreviews() {
  const models = /** @type {Model[]} */ (await getJson(`${API}/models`));
  const previews = models.flatMap(({ kind, name, preview }) =>
    preview ? [/** @type {const} */ ([`${kind}/${name}`, preview])] : [],
  );
  return new Map(previews);
}

/**
 * @param {Element} list the options of a field
 * @param {() => Promise<Map<string, string>>} previews
 */
async function showPreviews(list, previews) {
  const id = list.closest('.block[id$="-name"]')?.id ?? '';
  const kind = FIELDS.find(([pattern]) => pattern.test(id))?.[1];
  if (!kind) return;
  const known = await previews();
  for (const option of findAll(list, '[role=option]', HTMLElement)) {
    const name = option.getAttribute('aria-label') ?? '';
    const url = known.get(`${kind}/${name}`);
    if (!url) continue;
    option.style.setProperty('--preview-image', `url("${url}")`);
    option.classList.add('has-preview');
  }
}

/** Watches for lists that Gradio opens; the server is asked when the first of them is. */
function watchLists() {
  /** @type {Promise<Map<string, string>> | undefined} */
  let loading;
  const previews = () => {
    loading ??= loadPreviews();
    return loading;
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        const list = node.closest('[role=listbox]') ?? node.querySelector('[role=listbox]');
        if (list) showPreviews(list, previews);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}

watchLists();
