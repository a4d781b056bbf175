/**
 * Tuning: studies that look for better values of a recipe; their trials are compared, rated, saved.
 *
 * @import { Cost } from '../components/dialogs.js'
 * @typedef {object} Trial
 * @property {number} index
 * @property {Record<string, string | number | boolean>} values by field of the recipe
 * @property {{ color_error: number | null, diversity: number }} metrics
 * @property {number | null} score 0 to 1, null until it is rated
 * @property {number | null} stars
 * @typedef {object} Progress
 * @property {'running' | 'done' | 'failed' | 'stopped'} state
 * @property {number} done
 * @property {number} total
 * @property {string | null} message why it failed
 * @typedef {{ objective: 'metrics' | 'ratings' | 'both' }} Study
 * @typedef {{ study: Study, trials: Trial[], progress: Progress | null }} Trials
 * @typedef {{ slug: string, name: string, latest: number }} Theme
 */
import { confirmCost } from '../components/dialogs.js';
import { watchTasks } from '../components/task-list.js';
import { element, field, find, onSubmit, untranslated, untranslatedOption } from '../lib/dom.js';
import { showError, showErrorText, withErrorDisplay } from '../lib/errors.js';
import { metric, percent } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';

const TUNING = `${API}/tuning`;
const POLL_MS = 800;
const STARS = [1, 2, 3, 4, 5];

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);
/** @param {string} selector */
const buttonAt = (selector) => find(document, selector, HTMLButtonElement);

/** @param {string} name of a study: it contains slashes, so it is a query and no part of a path */
const studyQuery = (name) => new URLSearchParams({ study: name }).toString();

/** The open study and its trials as they are finished. */
class StudyView {
  #run = buttonAt('#run');
  #cancel = buttonAt('#cancel');
  #trials = part('#trials');
  #polling = new AbortController();
  #name = '';

  /** @param {() => Promise<void>} onStart is called once trials were started */
  constructor(onStart) {
    this.#run.addEventListener('click', () => withErrorDisplay(() => this.#start(onStart)));
    this.#cancel.addEventListener('click', () =>
      withErrorDisplay(() => postJson(`${TUNING}/trials/cancel?${this.#query}`)),
    );
  }

  get #query() {
    return studyQuery(this.#name);
  }

  /** @param {string} name */
  open(name) {
    this.#name = name;
    part('#study').hidden = false;
    part('#study-name').textContent = name;
    this.#watch();
  }

  /** Shows the trials now, and again for as long as the study runs. */
  #watch() {
    this.#polling.abort();
    this.#polling = new AbortController();
    const { signal } = this.#polling;
    poll(() => this.#load(signal), { every: POLL_MS, onError: showError, signal });
  }

  /**
   * @param {AbortSignal} signal is aborted once another study is shown
   * @returns {Promise<boolean>} whether the study runs
   */
  async #load(signal) {
    const url = `${TUNING}/trials?${this.#query}`;
    const { study, trials, progress } = /** @type {Trials} */ (await getJson(url, { signal }));
    const isRunning = progress?.state === 'running';
    const { done = 0, total = 0 } = progress ?? {};
    part('#count').textContent = isRunning ? t('page.done_of_total', { done, total }) : '';
    showErrorText((progress?.state === 'failed' && progress.message) || '');
    this.#run.disabled = isRunning;
    this.#cancel.disabled = !isRunning;
    if (this.#trials.children.length !== trials.length || !isRunning) {
      this.#trials.replaceChildren(...trials.map((trial) => this.#trialItem(trial, study)));
    }
    return isRunning;
  }

  /** @param {() => Promise<void>} onStart */
  async #start(onStart) {
    const trials = Number(find(document, '#more', HTMLInputElement).value);
    const cost = /** @type {Cost} */ (
      await getJson(`${TUNING}/cost?${this.#query}&trials=${trials}`)
    );
    const title = t('page.tuning.resume_study', { study: this.#name });
    const isStarted = await confirmCost(title, cost, () =>
      postJson(`${TUNING}/trials?${this.#query}`, { trials }),
    );
    if (!isStarted) return;
    await onStart();
    this.#watch();
  }

  /**
   * @param {Trial} trial
   * @param {Study} study
   */
  #trialItem(trial, study) {
    const { index, metrics: measured, score } = trial;
    const metrics = {
      color_error: metric(measured.color_error),
      diversity: metric(measured.diversity),
    };
    const actions = element(
      'div',
      { className: 'links' },
      element('b', {}, score === null ? t('page.tuning.needs_rating') : percent(score)),
      untranslated(formatValues(trial.values)),
      element('small', {}, t('page.metrics', metrics)),
      ...this.#rating(trial, study),
      this.#saveButton(index),
    );
    const images = element('img', {
      src: `${TUNING}/trials/${index}.png?${this.#query}`,
      alt: t('page.tuning.images_of_trial', { number: index }),
      loading: 'lazy',
    });
    return element('li', { value: index }, images, actions);
  }

  /**
   * @param {Trial} trial
   * @param {Study} study
   */
  #rating({ index, score, stars }, { objective }) {
    if (objective === 'metrics' || score !== null) {
      return stars ? [untranslated('★'.repeat(stars))] : [];
    }
    return STARS.map((count) => {
      const title = t('page.tuning.rating_of_five', { count });
      const button = element('button', { type: 'button', title }, `${count} ★`);
      button.addEventListener('click', () =>
        withErrorDisplay(async () => {
          const url = `${TUNING}/trials/${index}/rating?${this.#query}`;
          await postJson(url, { stars: count }, { method: 'PUT' });
          this.#watch();
        }),
      );
      return button;
    });
  }

  /** @param {number} index of the trial */
  #saveButton(index) {
    const title = t('page.tuning.save_as_version_title');
    const button = element('button', { type: 'button', title }, t('page.tuning.save_as_version'));
    button.addEventListener('click', () =>
      withErrorDisplay(async () => {
        const saved = /** @type {{ slug: string, version: number }} */ (
          await postJson(`${TUNING}/trials/${index}/save?${this.#query}`)
        );
        const href = `/?preset=${saved.slug}&version=${saved.version}`;
        const label = t('page.tuning.open_version', { number: saved.version });
        button.replaceWith(element('a', { href }, label));
      }),
    );
    return button;
  }
}

/** @param {Trial['values']} values */
function formatValues(values) {
  const shown = Object.entries(values).map(([name, value]) =>
    typeof value === 'number' ? `${name} ${Number(value.toFixed(4))}` : `${name} ${value}`,
  );
  return shown.join(', ');
}

class TuningPage {
  #form = find(document, '#create', HTMLFormElement);
  #theme = field(this.#form, 'slug', HTMLSelectElement);
  #version = field(this.#form, 'version', HTMLInputElement);
  #look = watchTasks(part('#tasks'), { filter: (task) => task.kind === 'study' });
  #view = new StudyView(this.#look);

  async start() {
    const themes = /** @type {Theme[]} */ (await getJson(`${API}/admin/themes`));
    this.#theme.replaceChildren(...themes.map(({ slug, name }) => untranslatedOption(slug, name)));
    const showLatest = () => {
      const latest = themes.find((theme) => theme.slug === this.#theme.value)?.latest ?? 1;
      this.#version.value = String(latest);
    };
    this.#theme.addEventListener('change', () => {
      showLatest();
      withErrorDisplay(() => this.#list());
    });
    onSubmit(this.#form, () => withErrorDisplay(() => this.#create()));

    const query = new URLSearchParams(location.search);
    const study = query.get('study');
    this.#theme.value = study?.split('/')[0] ?? query.get('theme') ?? themes[0]?.slug;
    showLatest();
    await withErrorDisplay(() => this.#list());
    if (study) this.#view.open(study);
  }

  async #list() {
    const studies = /** @type {{ name: string }[]} */ (
      await getJson(`${TUNING}/studies?slug=${this.#theme.value}`)
    );
    part('#studies').replaceChildren(...studies.map(({ name }) => this.#studyItem(name)));
  }

  /** @param {string} name */
  #studyItem(name) {
    const link = element('a', { href: `/tests/tuning?${studyQuery(name)}` }, untranslated(name));
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(null, '', link.href);
      this.#view.open(name);
    });
    return element('li', {}, link);
  }

  async #create() {
    const fields = Object.fromEntries(new FormData(this.#form));
    const body = { ...fields, version: Number(fields.version) };
    const created = /** @type {{ name: string }} */ (await postJson(`${TUNING}/studies`, body));
    await this.#list();
    this.#view.open(created.name);
  }
}

await new TuningPage().start();
