/**
 * The dialog of a new test: which kind, then that kind's form.
 *
 * @import { Cost } from './dialogs.js'
 * @import { Theme } from './version-select.js'
 * @typedef {'robustness' | 'regression'} Suite
 * @typedef {{ name: string, base_image: string | null, image: string }} SampleDoodle
 */
import { editGrid } from '../grid/sheet.js';
import { element, untranslatedOption } from '../lib/dom.js';
import { errorText, onSend, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { toBase64 } from '../lib/png.js';
import { confirmCost } from './dialogs.js';
import { TASK_NAMES } from './task-list.js';
import { VersionSelect } from './version-select.js';

/** What each kind is for. */
const ABOUT = {
  grid: t('page.tests.about_grid'),
  robustness: t('page.tests.about_robustness'),
  regression: t('page.tests.about_regression'),
  blind_test: t('page.tests.about_blind_test'),
  study: t('page.tests.about_study'),
};
const SEED = 1;

/** @typedef {keyof typeof ABOUT} Kind */

/**
 * @param {readonly Theme[]} themes
 * @param {string} slug of the theme that is chosen at first; empty for the first one
 * @param {() => void} onStart is called once a test was started
 */
export function newTest(themes, slug, onStart) {
  const dialog = element('dialog', { className: 'confirmation test-form' });
  const heading = element('h2', { id: 'new-test-title' }, t('page.tests.new_title'));
  const cancel = element('button', { type: 'button' }, t('page.cancel'));
  cancel.addEventListener('click', () => dialog.close());
  const kinds = /** @type {Kind[]} */ (Object.keys(ABOUT)).map((kind) => {
    const button = element('button', { type: 'button', className: 'kind' });
    button.append(element('b', {}, TASK_NAMES[kind]), element('span', {}, ABOUT[kind]));
    button.addEventListener('click', () => choose(kind));
    return button;
  });
  dialog.setAttribute('aria-labelledby', heading.id);
  const content = element('div', { className: 'kinds' }, ...kinds);
  dialog.append(heading, content, element('div', { className: 'actions' }, cancel));
  dialog.addEventListener('close', () => dialog.remove());

  /** @param {Kind} kind */
  function choose(kind) {
    if (kind === 'blind_test') location.assign('/tests/blind-tests#new');
    else if (kind === 'study') location.assign(`/tests/tuning${slug ? `?theme=${slug}` : ''}#new`);
    else {
      heading.textContent = TASK_NAMES[kind];
      const form = kind === 'grid' ? new GridForm(themes) : new SuiteForm(themes, kind);
      const close = () => dialog.close();
      content.replaceWith(form.root);
      cancel.parentElement?.prepend(form.submit);
      form.open(slug || themes[0]?.slug || '', close, onStart);
    }
  }

  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} text @param {HTMLElement} input */
const labeled = (text, input) => element('label', {}, text, input);

/** A form over a theme's version. */
class VersionForm {
  submit = element('button', { className: 'primary', disabled: true }, t('page.tests.continue'));
  root = element('form', { id: 'new-test-form' });
  error = element('p', { className: 'dialog-error', role: 'alert' });
  select;

  /** @param {readonly Theme[]} themes */
  constructor(themes) {
    this.select = new VersionSelect(themes, {
      onError: (error) => {
        this.error.textContent = errorText(error);
      },
    });
    this.submit.setAttribute('form', this.root.id);
    this.root.append(
      labeled(t('page.theme'), this.select.theme),
      labeled(t('page.version'), this.select.version),
    );
  }

  /**
   * Shows the form; it can be sent once every choice is listed.
   *
   * @param {string} slug
   * @param {() => Promise<void>} action
   * @param {() => Promise<void>} [list] what else is chosen from
   */
  async show(slug, action, list) {
    this.root.append(this.error);
    onSend(this.root, action, this.error);
    this.select.theme.focus();
    await withErrorDisplay(async () => {
      await Promise.all([this.select.choose(slug), list?.()]);
      this.submit.disabled = false;
    }, this.error);
  }
}

/** A robustness test or a regression suite. */
class SuiteForm extends VersionForm {
  #kind;

  /**
   * @param {readonly Theme[]} themes
   * @param {Suite} kind
   */
  constructor(themes, kind) {
    super(themes);
    this.#kind = kind;
  }

  /**
   * @param {string} slug
   * @param {() => void} close
   * @param {() => void} onStart
   */
  open(slug, close, onStart) {
    return this.show(slug, async () => {
      const chosen = this.select.value;
      if (!chosen) return;
      const url = `${API}/admin/themes/${chosen.slug}/versions/${chosen.version}/${this.#kind}`;
      const cost = /** @type {Cost} */ (await getJson(`${url}/cost`));
      close();
      if (await confirmCost(TASK_NAMES[this.#kind], cost, () => postJson(url))) onStart();
    });
  }
}

/** A grid over a saved version; the page Studio starts one over what is edited there. */
class GridForm extends VersionForm {
  #base = element('select', { name: 'base' });
  #doodle = element('select', { name: 'doodle' });
  #prompt = element('input', { name: 'prompt', maxLength: 500, autocomplete: 'off' });
  /** @type {SampleDoodle[]} */
  #doodles = [];

  /** @param {readonly Theme[]} themes */
  constructor(themes) {
    super(themes);
    this.#base.addEventListener('change', () => this.#listDoodles());
    this.root.append(
      labeled(t('page.tests.base_image'), this.#base),
      labeled(t('page.doodle'), this.#doodle),
      labeled(t('page.tests.prompt'), this.#prompt),
    );
  }

  /**
   * @param {string} slug
   * @param {() => void} close
   * @param {() => void} onStart
   */
  open(slug, close, onStart) {
    const start = async () => {
      const chosen = this.select.value;
      if (!chosen) return;
      const url = `${API}/admin/themes/${chosen.slug}/versions/${chosen.version}`;
      const preset = /** @type {{ name: string, recipes: Record<string, { name?: string }> }} */ (
        await getJson(url)
      );
      const body = {
        theme: chosen,
        base_image: this.#base.value,
        doodle: await this.#doodlePng(),
        prompt: this.#prompt.value,
        seed: SEED,
      };
      close();
      // The dialog that showed errors is closed.
      await withErrorDisplay(() =>
        editGrid({ body, preset, version: chosen.version }, {}, onStart),
      );
    };
    return this.show(slug, start, () => this.#list());
  }

  async #list() {
    const { base_images } =
      /** @type {{ base_images: { id: string, name: string, retired: boolean }[] }} */ (
        await getJson(`${API}/base-images`)
      );
    this.#doodles = /** @type {SampleDoodle[]} */ (await getJson(`${API}/sample-doodles`));
    const offered = base_images.filter(({ retired }) => !retired);
    this.#base.replaceChildren(...offered.map(({ id, name }) => untranslatedOption(id, name)));
    this.#listDoodles();
  }

  /** The doodles that were drawn on the base image, and those that fit on any. */
  #listDoodles() {
    const fitting = this.#doodles.filter(
      ({ base_image }) => base_image === null || base_image === this.#base.value,
    );
    const none = element('option', { value: '' }, t('page.no_value'));
    const options = fitting.map(({ name }) => untranslatedOption(name, name));
    this.#doodle.replaceChildren(none, ...options);
    if (fitting.length) this.#doodle.value = fitting[0].name;
  }

  /** @returns {Promise<string | null>} the chosen doodle as base64 */
  async #doodlePng() {
    const chosen = this.#doodles.find(({ name }) => name === this.#doodle.value);
    if (!chosen) return null;
    return toBase64(await (await fetch(chosen.image)).blob());
  }
}
