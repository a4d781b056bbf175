/** In lists of models to choose from, each option shows its model's preview image, where there is one. */
import { findAll } from '../lib/dom.js';
import { getJson } from '../lib/http.js';

/** @typedef {{ kind: string, name: string, image: boolean }} Model */

/** @type {[id: RegExp, kind: string][]} which fields of a recipe name a model, and of what kind */
const FIELDS = [
  [/-base_model-name$/, 'checkpoint'],
  [/-loras-\d+-model-name$/, 'lora'],
  [/-control_units-\d+-model-name$/, 'controlnet'],
];

/** @returns {Promise<Set<string>>} the models that have a preview image, as kind/name */
async function loadNamesWithPreview() {
  const { models } = /** @type {{ models: Model[] }} */ (await getJson('/models/list'));
  const withPreview = models.filter((model) => model.image);
  return new Set(withPreview.map(({ kind, name }) => `${kind}/${name}`));
}

/**
 * @param {Element} list the options of a field
 * @param {() => Promise<Set<string>>} withPreview
 */
async function showPreviews(list, withPreview) {
  const id = list.closest('.block[id$="-name"]')?.id ?? '';
  const kind = FIELDS.find(([pattern]) => pattern.test(id))?.[1];
  if (!kind) return;
  const names = await withPreview();
  for (const option of findAll(list, '[role=option]', HTMLElement)) {
    const name = option.getAttribute('aria-label') ?? '';
    if (!names.has(`${kind}/${name}`)) continue;
    const url = `/models/picture/${kind}/${encodeURIComponent(name)}`;
    option.style.setProperty('--preview-image', `url("${url}")`);
    option.classList.add('has-preview');
  }
}

/** Watches for lists that Gradio opens; the server is asked when the first of them is. */
function watchLists() {
  /** @type {Promise<Set<string>> | undefined} */
  let loading;
  const withPreview = () => {
    loading ??= loadNamesWithPreview();
    return loading;
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        const list = node.closest('[role=listbox]') ?? node.querySelector('[role=listbox]');
        if (list) showPreviews(list, withPreview);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}

watchLists();
