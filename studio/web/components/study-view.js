/**
 * The open tuning study: its trials are shown as they are finished, compared, rated, saved.
 *
 * @import { Cost } from './dialogs.js'
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
 * @property {boolean} stopping
 * @property {number | null} remaining_seconds
 * @typedef {{ objective: 'metrics' | 'ratings' | 'both' }} Study
 * @typedef {{ study: Study, trials: Trial[], progress: Progress | null }} Trials
 */
import { element, find, part, untranslated } from '../lib/dom.js';
import { onPress, showError, showErrorText } from '../lib/errors.js';
import { metric, percent } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { formatNumber, t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';
import { confirmCost } from './dialogs.js';
import { progressText } from './test-rows.js';

export const TUNING = `${API}/tuning`;
const POLL_MS = 800;
const STARS = [1, 2, 3, 4, 5];

/** @param {string} selector */
const buttonAt = (selector) => find(document, selector, HTMLButtonElement);

/** @param {string} name of a study: it contains slashes, so it is a query and no part of a path */
export const studyQuery = (name) => new URLSearchParams({ study: name }).toString();

/** The open study and its trials as they are finished. */
export class StudyView {
  #run = buttonAt('#run');
  #cancel = buttonAt('#cancel');
  #trials = part('#trials');
  #progress = find(document, '#progress', HTMLProgressElement);
  #polling = new AbortController();
  #name = '';
  #title = '';
  /** @type {ReadonlyMap<string, string>} */
  #fieldNames = new Map();
  /** The trials that are shown, so that polling draws nothing anew that is the same. */
  #shown = '';

  constructor() {
    onPress(this.#run, () => this.#start());
    onPress(this.#cancel, () => postJson(`${TUNING}/trials/cancel?${this.#query}`));
  }

  get #query() {
    return studyQuery(this.#name);
  }

  /**
   * @param {string} name
   * @param {string} title
   * @param {ReadonlyMap<string, string>} fieldNames by the fields' paths
   */
  open(name, title, fieldNames) {
    this.#name = name;
    this.#title = title;
    this.#fieldNames = fieldNames;
    part('#study').hidden = false;
    part('#study-name').textContent = title;
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
    part('#count').textContent = isRunning && progress ? progressText(progress) : '';
    this.#progress.hidden = !isRunning;
    this.#progress.max = progress?.total || 1;
    this.#progress.value = progress?.done ?? 0;
    part('#no-trials').hidden = isRunning || trials.length > 0;
    if (progress?.state === 'failed' && progress.message) showErrorText(progress.message);
    this.#run.disabled = isRunning;
    this.#cancel.disabled = !isRunning;
    const shown = JSON.stringify([study, trials]);
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#trials.replaceChildren(...trials.map((trial) => this.#trialItem(trial, study)));
    }
    return isRunning;
  }

  async #start() {
    const trials = Number(find(document, '#further-trials', HTMLInputElement).value);
    const cost = /** @type {Cost} */ (
      await getJson(`${TUNING}/cost?${this.#query}&trials=${trials}`)
    );
    const title = t('page.tuning.resume_study', { study: this.#title });
    const isStarted = await confirmCost(title, cost, () =>
      postJson(`${TUNING}/trials?${this.#query}`, { trials }),
    );
    if (isStarted) this.#watch();
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
      formatValues(trial.values, this.#fieldNames),
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
      onPress(button, async () => {
        const url = `${TUNING}/trials/${index}/rating?${this.#query}`;
        await postJson(url, { stars: count }, { method: 'PUT' });
        this.#watch();
      });
      return button;
    });
  }

  /** @param {number} index of the trial */
  #saveButton(index) {
    const title = t('page.tuning.save_as_version_title');
    const button = element('button', { type: 'button', title }, t('page.tuning.save_as_version'));
    onPress(button, async () => {
      const saved = /** @type {{ slug: string, version: number }} */ (
        await postJson(`${TUNING}/trials/${index}/save?${this.#query}`)
      );
      const href = `/?preset=${saved.slug}&version=${saved.version}`;
      const label = t('page.tuning.open_version', { number: saved.version });
      button.replaceWith(element('a', { href }, label));
    });
    return button;
  }
}

/**
 * @param {Trial['values']} values
 * @param {ReadonlyMap<string, string>} names by the fields' paths
 */
function formatValues(values, names) {
  const shown = Object.entries(values).map(([path, value]) => {
    const text = typeof value === 'number' ? formatNumber(value, 4) : String(value);
    return `${names.get(path) ?? path} ${text}`;
  });
  return shown.join(' · ');
}
