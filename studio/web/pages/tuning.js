/**
 * Tuning: studies that look for better values of a recipe; their trials are compared, rated, saved.
 *
 * @import { Theme } from '../components/version-select.js'
 * @import { GridField } from '../grid/values.js'
 */
import { SearchSpaceForm } from '../components/search-space.js';
import { StudyView, studyQuery, TUNING } from '../components/study-view.js';
import { studyTitle } from '../components/test-rows.js';
import { SLOTS } from '../components/theme-thumbnails.js';
import { VersionSelect } from '../components/version-select.js';
import { element, find, part, untranslated } from '../lib/dom.js';
import { onSend, showError, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

const PAGE = '/tests/tuning';

class TuningPage {
  #form = find(document, '#create', HTMLFormElement);
  #slot = element('select', { name: 'slot' });
  #button = find(this.#form, 'button.primary', HTMLButtonElement);
  #space = new SearchSpaceForm(
    part('#spaces'),
    find(document, '#add-field', HTMLSelectElement),
    () => this.#countFields(),
  );
  /** @type {VersionSelect | null} */
  #version = null;
  /** @type {readonly Theme[]} */
  #themes = [];
  /** @type {GridField[]} */
  #fields = [];
  #view = new StudyView();

  async start() {
    onSend(this.#form, () => this.#create());
    markReady();
    const themes = /** @type {Theme[]} */ (await getJson(`${API}/admin/themes`));
    this.#themes = themes;
    this.#version = new VersionSelect(themes);
    this.#slot.append(...SLOTS.map((value) => element('option', { value }, value)));
    part('.study-source').append(
      element('label', {}, t('page.theme'), this.#version.theme),
      element('label', {}, t('page.version'), this.#version.version),
      element('label', {}, t('page.recipe'), this.#slot),
    );
    this.#fields = /** @type {GridField[]} */ (await getJson(`${API}/grids/fields`));
    this.#version.theme.addEventListener('change', () => withErrorDisplay(() => this.#list()));
    for (const select of [this.#version.version, this.#slot]) {
      select.addEventListener('change', () => withErrorDisplay(() => this.#openRecipe()));
    }
    const query = new URLSearchParams(location.search);
    const study = query.get('study');
    const slug = study?.split('/')[0] ?? query.get('theme') ?? themes[0]?.slug ?? '';
    if (study) {
      const names = new Map(this.#fields.map(({ path, label }) => [path, label]));
      this.#view.open(study, studyTitle(study, themes), names);
    }
    await withErrorDisplay(() => this.#version?.choose(slug));
    await withErrorDisplay(() => this.#list());
  }

  /** The fields of the recipe that is chosen. */
  async #openRecipe() {
    const chosen = this.#version?.value;
    if (!chosen) return;
    const preset = /** @type {{ recipes: Record<string, unknown> }} */ (
      await getJson(`${API}/admin/themes/${chosen.slug}/versions/${chosen.version}`)
    );
    this.#space.open(this.#fields, preset.recipes[this.#slot.value]);
  }

  #countFields() {
    const { vary, count } = this.#space;
    this.#button.disabled = vary === null;
    part('#space-count').textContent =
      vary === null ? t('page.tuning.choose_values') : t('page.tuning.field_count', { count });
  }

  async #list() {
    const slug = this.#version?.theme.value ?? '';
    if (!slug) return;
    const studies = /** @type {{ name: string }[]} */ (
      await getJson(`${TUNING}/studies?slug=${slug}`)
    );
    if (slug !== this.#version?.theme.value) return; // Another theme was chosen meanwhile.
    const items = studies.map(({ name }) => {
      const link = element('a', { href: `${PAGE}?${studyQuery(name)}` });
      link.append(untranslated(studyTitle(name, this.#themes)));
      return element('li', {}, link);
    });
    const none = element('li', {}, t('page.tuning.empty'));
    part('#studies').replaceChildren(...(items.length ? items : [none]));
  }

  async #create() {
    const { objective } = Object.fromEntries(new FormData(this.#form));
    const body = {
      ...this.#version?.value,
      slot: this.#slot.value,
      objective,
      vary: this.#space.vary,
    };
    const created = /** @type {{ name: string }} */ (await postJson(`${TUNING}/studies`, body));
    location.assign(`${PAGE}?${studyQuery(created.name)}`);
  }
}

await new TuningPage().start().catch(showError);
