/**
 * A dialog that shows a variant with what made it.
 *
 * @typedef {object} Variant
 * @property {number} id
 * @property {string} slot of the recipe
 * @property {string} theme its slug
 * @property {number | null} version of the theme, null where it was not saved
 * @property {string} prompt
 * @property {string} negative_prompt
 * @property {number} seed
 * @property {string[]} models
 * @property {{ sampler: string, steps: number, guidance_scale: number, denoising_strength: number }} recipe
 * @property {string} request_id
 * @property {number} render_seconds
 * @property {string} created_at in ISO 8601
 * @property {string} image its address
 */
import { element, find, findAll, untranslated } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { timeElement } from '../lib/table.js';

/** One variant with what made it. */
export class VariantDialog {
  #dialog = find(document, '#detail', HTMLDialogElement);
  #image = find(this.#dialog, 'img', HTMLImageElement);

  constructor() {
    const close = find(this.#dialog, '[data-action=close]', HTMLElement);
    close.addEventListener('click', () => this.#dialog.close());
  }

  /** @param {Variant} variant */
  open(variant) {
    const { id, slot, theme, prompt, request_id, image } = variant;
    this.#image.src = image;
    this.#image.alt = prompt;
    const heading = t('page.history.recipe_of', { preset: theme, slot });
    find(this.#dialog, 'h2', HTMLElement).textContent = heading;
    const facts = variantFacts(variant).flatMap(([name, value]) => [
      element('dt', {}, name),
      element('dd', {}, value),
    ]);
    find(this.#dialog, 'dl', HTMLElement).replaceChildren(...facts);
    /** @type {Record<string, string>} */
    const urls = { restore: `/?variant=${id}`, run: `/?run=${request_id}`, image };
    for (const link of findAll(this.#dialog, '[data-link]', HTMLAnchorElement)) {
      link.href = urls[link.dataset.link ?? ''];
    }
    this.#dialog.showModal();
  }
}

/**
 * @param {Variant} variant
 * @returns {[name: string, value: Node | string | number][]}
 */
function variantFacts(variant) {
  const { version, prompt, negative_prompt, seed, models, recipe } = variant;
  const { created_at, render_seconds } = variant;
  const { sampler, steps, guidance_scale, denoising_strength } = recipe;
  return [
    [
      t('page.history.preset'),
      version ? t('page.version_number', { number: version }) : t('page.history.not_saved'),
    ],
    [t('page.history.prompt'), untranslated(prompt)],
    [
      t('page.history.negative_prompt'),
      negative_prompt ? untranslated(negative_prompt) : t('page.no_value'),
    ],
    [t('page.history.seed'), seed],
    [t('page.history.models'), untranslated(models.join(', '))],
    [t('page.history.sampler'), t('page.history.sampler_steps', { sampler, steps })],
    [t('page.history.guidance_scale'), guidance_scale],
    [t('page.history.strength'), denoising_strength],
    [
      t('page.history.created'),
      timeElement(created_at, { dateStyle: 'medium', timeStyle: 'medium' }),
    ],
    [t('page.history.duration'), t('page.duration_seconds', { count: render_seconds })],
  ];
}
