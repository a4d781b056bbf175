/**
 * The rows of the list of tests: what it is, how far it is, what came out, what can be done.
 *
 * @import { Cost } from './dialogs.js'
 * @import { Task } from './task-list.js'
 * @typedef {Omit<Task, 'started_at'> & TestParts} ListedTest as the API lists it
 * @typedef {object} TestParts
 * @property {string | null} started_at in ISO 8601
 * @property {string | null} slug of the theme
 * @property {string} author
 * @property {string} result in one line, empty where there is none
 * @property {string | null} rerun the route that runs it again or renders what is missing
 * @property {string | null} cost the route that says what that takes
 */
import { element, untranslated } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { formatTime, t } from '../lib/i18n.js';
import { confirmCost } from './dialogs.js';
import { percentDone, TASK_NAMES } from './task-list.js';

/** Names of the states. */
export const STATE_NAMES = {
  running: t('page.tests.state_running'),
  done: t('page.tests.state_done'),
  failed: t('page.tests.state_failed'),
  stopped: t('page.tests.state_stopped'),
};

/** @param {Pick<Task, 'done' | 'total' | 'stopping' | 'remaining_seconds'>} progress */
export function progressText({ done, total, stopping, remaining_seconds: left }) {
  if (stopping) return t('page.tasks.stopping');
  if (!total) return t('page.preparing');
  const count = t('page.done_of_total', { done, total });
  return left === null
    ? count
    : `${count} · ${t('page.tasks.time_left', { duration: duration(left) })}`;
}

/**
 * A study's name in words: it is made of its theme's slug, version and recipe, and a number.
 *
 * @param {string} name such as "neon-night/2A/1"
 * @param {readonly { slug: string, name: string }[]} themes
 * @returns {string} `name` where it is no study's
 */
export function studyTitle(name, themes) {
  const parts = /^(.+)\/(\d+)([A-D])\/(\d+)$/.exec(name);
  if (!parts) return name;
  const [, slug, version, slot, number] = parts;
  const theme = themes.find((each) => each.slug === slug)?.name ?? slug;
  return t('page.tuning.study_title', { theme, version, slot, number });
}

/** One test; its progress is updated while it runs. */
export class TestRow {
  root = element('li', { className: 'test' });
  #text = element('span', { className: 'test-progress' });
  #bar = element('progress', { max: 100 });
  #stop = element('button', { type: 'button' }, t('page.stop'));

  /**
   * @param {ListedTest} test
   * @param {(action: () => Promise<unknown>) => void} run runs an action, shows its error, and lists anew
   */
  constructor(test, run) {
    this.root.dataset.state = test.state;
    this.#bar.ariaLabel = `${TASK_NAMES[test.kind]} ${test.subject}`;
    this.#stop.addEventListener('click', () => {
      this.#stop.disabled = true;
      run(() => postJson(`${API}/background-tasks/cancel`, { name: test.name }));
    });
    const name = element('div', { className: 'test-name' });
    name.append(element('a', { href: test.page }, TASK_NAMES[test.kind]), ' ');
    name.append(untranslated(test.subject));
    if (test.version) name.append(' ', t('page.version_number', { number: test.version }));
    name.append(element('small', {}, startedText(test)));
    this.root.append(name, this.#outcome(test), this.#actions(test, run));
  }

  get isRunning() {
    return this.root.dataset.state === 'running';
  }

  /** @param {Task} task that runs it */
  update(task) {
    this.#text.textContent = progressText(task);
    this.#bar.value = percentDone(task);
    this.#stop.disabled = task.stopping;
  }

  /** @param {ListedTest} test */
  #outcome(test) {
    const { state, result, message, page } = test;
    if (state === 'running') {
      this.#text.textContent = progressText(test);
      this.#bar.value = percentDone(test);
      return element('div', { className: 'test-outcome' }, this.#bar, this.#text);
    }
    const badge = element('span', { className: `badge badge-${state}` }, STATE_NAMES[state]);
    const said = state === 'failed' && message ? message : result;
    const link = said ? element('a', { href: page }, said) : null;
    return element('div', { className: 'test-outcome' }, badge, link);
  }

  /**
   * @param {ListedTest} test
   * @param {(action: () => Promise<unknown>) => void} run
   */
  #actions({ state, kind, subject, rerun, cost }, run) {
    const actions = element('div', { className: 'test-actions' });
    if (state === 'running') actions.append(this.#stop);
    else if (rerun && cost) {
      const isSuite = kind === 'robustness' || kind === 'regression';
      const label = t(isSuite ? 'page.tests.run_again' : 'page.tests.resume');
      const button = element('button', { type: 'button' }, label);
      button.addEventListener('click', () =>
        run(async () => {
          const takes = /** @type {Cost} */ (await getJson(cost));
          const title = `${label}: ${TASK_NAMES[kind]} ${subject}`;
          await confirmCost(title, takes, () => postJson(rerun));
        }),
      );
      actions.append(button);
    }
    return actions;
  }
}

/** @param {ListedTest} test */
function startedText({ started_at, author }) {
  return [author, started_at && formatTime(started_at)].filter(Boolean).join(' · ');
}
