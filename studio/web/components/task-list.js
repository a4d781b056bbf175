/**
 * Background tasks that run now, wherever they were started: their progress, and a button that stops them.
 *
 * @typedef {'robustness' | 'regression' | 'blind_test' | 'study' | 'grid' | 'run'} TaskKind
 * @typedef {object} Task as the API lists it
 * @property {string} name
 * @property {TaskKind} kind
 * @property {string} subject the name of the theme, blind test or study
 * @property {number | null} version of the theme
 * @property {string} page the address of the page that shows it
 * @property {string} started_at in ISO 8601
 * @property {'running' | 'done' | 'failed' | 'stopped'} state
 * @property {string} message why it failed, empty otherwise
 * @property {number} done
 * @property {number} total 0 while it is prepared
 * @property {number | null} remaining_seconds, null while that is unknown
 * @property {boolean} stopping
 */
import { element, untranslated } from '../lib/dom.js';
import { onPress } from '../lib/errors.js';
import { duration } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { formatTime, t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';

/** Names of the kinds of tasks. */
export const TASK_NAMES = {
  robustness: t('page.tasks.robustness_test'),
  regression: t('page.regression_suite'),
  blind_test: t('page.tasks.blind_test'),
  study: t('page.tasks.study'),
  grid: t('page.tasks.grid'),
  run: t('page.tasks.run'),
};
const POLL_RUNNING_MS = 1000;
const POLL_IDLE_MS = 4000;

/** @param {Pick<Task, 'done' | 'total'>} task */
export function percentDone({ done, total }) {
  return total ? Math.round((100 * done) / total) : 0;
}

/** Finds the tasks that have ended, each once. */
export class EndedTasks {
  /** @type {Map<string, string> | null} when each task that has ended was started, by name */
  #started = null;

  /**
   * @param {readonly Task[]} tasks all there are now
   * @returns {Task[]} those that ended since the call before; the first call returns none
   */
  update(tasks) {
    const ended = tasks.filter((task) => task.state !== 'running');
    const before = this.#started;
    this.#started = new Map(ended.map((task) => [task.name, task.started_at]));
    return before ? ended.filter((task) => before.get(task.name) !== task.started_at) : [];
  }
}

class TaskRow {
  #fill = element('i');
  #count = element('span', { className: 'count' });
  #remaining = element('span', { className: 'remaining' });
  #stop = element('button', { type: 'button' }, t('page.stop'));
  #bar;

  /**
   * @param {Task} task
   * @param {string} className
   */
  constructor(task, className) {
    const name = TASK_NAMES[task.kind];
    this.#bar = element(
      'div',
      {
        className: 'bytes',
        role: 'progressbar',
        ariaLabel: name,
        ariaValueMin: '0',
        ariaValueMax: '100',
      },
      this.#fill,
    );
    const stop = () => postJson(`${API}/background-tasks/cancel`, { name: task.name });
    onPress(this.#stop, stop, this.#remaining); // The tray is on pages without an `#error`, too.
    this.root = element('div', { className });
    this.root.append(describe(task), this.#bar, this.#count, this.#remaining, this.#stop);
  }

  /** @param {Task} task */
  update(task) {
    const { done, total, remaining_seconds: left, stopping } = task;
    const percent = percentDone(task);
    this.#bar.ariaValueNow = String(percent);
    this.#fill.style.width = `${percent}%`;
    this.#count.textContent = stopping
      ? t('page.tasks.stopping')
      : total
        ? t('page.done_of_total', { done, total })
        : t('page.preparing');
    this.#remaining.textContent =
      left === null || stopping ? '' : t('page.tasks.time_left', { duration: duration(left) });
    this.#stop.disabled = stopping;
  }
}

/** @param {Task} task */
function describe(task) {
  const since = t('page.tasks.started_at', {
    time: formatTime(task.started_at, { timeStyle: 'short' }),
  });
  const description = element('span', { className: 'description' });
  description.append(
    element('a', { href: task.page }, TASK_NAMES[task.kind]),
    ' ',
    untranslated(task.subject),
  );
  if (task.version) {
    const version = t('page.version_number', { number: task.version });
    description.append(' ', element('span', {}, version));
  }
  description.append(' ', element('small', {}, since));
  return description;
}

/**
 * Shows the tasks that run for as long as the page is open.
 *
 * @param {HTMLElement} root
 * @param {object} [options]
 * @param {(task: Task) => boolean} [options.filter] which tasks count; by default all
 * @param {(task: Task) => unknown} [options.onEnd] is called with each that ends
 *   while the page is open; may be async
 * @param {(running: Task[]) => void} [options.onUpdate] is called after each poll
 * @param {string} [options.className] of a task's row
 * @returns {() => Promise<void>} polls at once: for when a task was started
 */
export function watchTasks(
  root,
  { filter = () => true, onEnd, onUpdate, className = 'task' } = {},
) {
  /** @type {Map<string, TaskRow>} */
  const rows = new Map();
  const endedTasks = new EndedTasks();

  async function look() {
    const tasks = /** @type {Task[]} */ (await getJson(`${API}/background-tasks`));
    const running = tasks.filter((task) => task.state === 'running' && filter(task));
    for (const task of running) {
      let row = rows.get(task.name);
      if (!row) {
        row = new TaskRow(task, className);
        rows.set(task.name, row);
        root.append(row.root);
      }
      row.update(task);
    }
    for (const [name, row] of rows) {
      if (running.some((task) => task.name === name)) continue;
      row.root.remove();
      rows.delete(name);
    }
    const ended = endedTasks.update(tasks);
    onUpdate?.(running);
    for (const task of ended.filter(filter)) await onEnd?.(task);
  }

  const every = () => (rows.size ? POLL_RUNNING_MS : POLL_IDLE_MS);
  return poll(look, { every, onError: () => {} }).now;
}
