/**
 * The moderation policy of a theme.
 *
 * @typedef {Record<string, boolean | number | string>} Policy by the names of the form's fields
 */
import { element, field, find, part } from '../lib/dom.js';
import { onSend } from '../lib/errors.js';
import { getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { reviewUrl, THEMES } from './theme-actions.js';

/** The policy of one theme; saving it makes the theme's next version. */
export class PolicyForm {
  #form = find(document, '#policy', HTMLFormElement);
  #status = part('#policy-status');
  #slug;
  #url;
  /** The theme's version that the form shows. */
  #version = 0;

  /** @param {string} slug of the theme */
  constructor(slug) {
    this.#slug = slug;
    this.#url = `${THEMES}/${slug}/moderation-policy`;
    this.#setDisabled(true);
    onSend(this.#form, () => this.#save());
    this.#form.addEventListener('input', () => this.#status.replaceChildren());
  }

  /** Shows the policy; nothing can be changed until it is there. */
  async load() {
    const { version, policy } = /** @type {{ version: number, policy: Policy }} */ (
      await getJson(this.#url)
    );
    this.#version = version;
    for (const [name, value] of Object.entries(policy)) this.#setField(name, value);
    this.#setDisabled(false);
  }

  async #save() {
    const url = `${this.#url}?expected_version=${this.#version}`;
    const saved = /** @type {{ version: number }} */ (
      await postJson(url, this.#policy(), { method: 'PUT' })
    );
    this.#version = saved.version;
    const publish = element(
      'a',
      { href: reviewUrl(this.#slug, saved.version) },
      t('page.themes.review_and_publish'),
    );
    this.#status.replaceChildren(
      t('page.moderation.saved_as_version', { number: saved.version }),
      ' ',
      publish,
    );
  }

  /** @returns {Policy} as the form has it */
  #policy() {
    const checked = (/** @type {string} */ name) =>
      field(this.#form, name, HTMLInputElement).checked;
    const input = (/** @type {string} */ name) => field(this.#form, name, HTMLInputElement).value;
    return {
      check_prompts: checked('check_prompts'),
      check_doodles: checked('check_doodles'),
      check_outputs: checked('check_outputs'),
      regenerate_withheld: checked('regenerate_withheld'),
      allow_base_uploads: checked('allow_base_uploads'),
      log_blocked_text: checked('log_blocked_text'),
      nsfw_threshold: Number(input('nsfw_threshold')),
      concept_margin: Number(input('concept_margin')),
      external_moderation: field(this.#form, 'external_moderation', HTMLSelectElement).value,
      negative_prompt: input('negative_prompt'),
    };
  }

  /** @param {boolean} disabled all fields */
  #setDisabled(disabled) {
    for (const each of this.#form.elements) {
      if ('disabled' in each) each.disabled = disabled;
    }
  }

  /**
   * @param {string} name
   * @param {boolean | number | string} value
   */
  #setField(name, value) {
    const input = this.#form.elements.namedItem(name);
    if (typeof value === 'boolean') field(this.#form, name, HTMLInputElement).checked = value;
    else if (input instanceof HTMLInputElement) input.value = String(value);
    else if (input instanceof HTMLSelectElement) input.value = String(value);
  }
}
