/**
 * The safety policy of a theme.
 *
 * @typedef {Record<string, boolean | number | string>} Policy by the names of the form's fields
 */
import { field, find, untranslatedOption } from '../lib/dom.js';
import { onSend, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';

/** @param {string} slug of a theme */
const policyUrl = (slug) => `${API}/admin/themes/${slug}/moderation-policy`;

/** The policy of one theme; saving it makes the theme's next version. */
export class PolicyForm {
  #form = find(document, '#policy', HTMLFormElement);
  #theme = field(this.#form, 'slug', HTMLSelectElement);
  #status = find(document, '#policy-status', HTMLElement);
  #onThreshold;
  /** The theme's version that the form shows. */
  #version = 0;

  /** @param {(threshold: number) => void} onThreshold is called with that of a policy that is loaded */
  constructor(onThreshold) {
    this.#onThreshold = onThreshold;
    this.#theme.addEventListener('change', () => withErrorDisplay(() => this.load()));
    onSend(this.#form, () => this.#save());
    this.#form.addEventListener('input', () => {
      this.#status.textContent = '';
    });
  }

  /**
   * @param {{ slug: string, name: string }[]} themes
   * @param {string | null} selected the slug of the theme that is shown; null or unknown: the first
   */
  setThemes(themes, selected) {
    const options = themes.map(({ slug, name }) => untranslatedOption(slug, name));
    this.#theme.replaceChildren(...options);
    if (themes.some(({ slug }) => slug === selected)) this.#theme.value = selected ?? '';
  }

  /** Shows the theme's policy; nothing can be changed until it is there. */
  async load() {
    const slug = this.#theme.value;
    this.#setDisabled(true);
    if (!slug) return; // There is no theme.
    const { version, policy } = /** @type {{ version: number, policy: Policy }} */ (
      await getJson(policyUrl(slug))
    );
    if (slug !== this.#theme.value) return; // Another theme was chosen meanwhile.
    this.#setDisabled(false);
    this.#version = version;
    find(this.#form, '#policy-theme', HTMLAnchorElement).href = `/themes/${slug}`;
    for (const [name, value] of Object.entries(policy)) this.#setField(name, value);
    this.#onThreshold(Number(policy.nsfw_threshold));
    this.#status.textContent = '';
  }

  async #save() {
    const url = `${policyUrl(this.#theme.value)}?expected_version=${this.#version}`;
    const saved = /** @type {{ version: number }} */ (
      await postJson(url, this.#policy(), { method: 'PUT' })
    );
    this.#version = saved.version;
    this.#status.textContent = t('page.moderation.saved_as_version', { number: saved.version });
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

  /** @param {boolean} disabled all fields but the theme's */
  #setDisabled(disabled) {
    for (const each of this.#form.elements) {
      if (each !== this.#theme && 'disabled' in each) each.disabled = disabled;
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
