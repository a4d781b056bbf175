/**
 * The activity tray in the top bar of every page: what runs now, wherever it was started, with the time it
 * still takes and a button that stops it. The end of each is announced to screen readers.
 *
 * @import { Task } from '../components/task-list.js'
 */
import { percentDone, TASK_NAMES, watchTasks } from '../components/task-list.js';
import { element, find } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { t } from '../lib/i18n.js';

const END_IDS = {
  done: 'page.shell.task_done',
  failed: 'page.shell.task_failed',
  stopped: 'page.shell.task_stopped',
};

/**
 * @param {Task} task that has ended
 * @returns {string} what screen readers are told
 */
export function endText({ state, kind, subject, message }) {
  if (state === 'running') return '';
  return t(END_IDS[state], { task: `${TASK_NAMES[kind]} ${subject}`, reason: message });
}

/**
 * @param {HTMLElement} root the tray of `templates/shell.html`
 */
export function mountActivityTray(root) {
  const name = find(root, '.activity-name', HTMLElement);
  const fill = find(root, '.activity-bar i', HTMLElement);
  const left = find(root, '.activity-left', HTMLElement);
  const list = find(root, '#activity-list', HTMLElement);
  const status = find(root, '#activity-status', HTMLElement);
  const rows = element('div');
  const empty = element('p', {}, t('page.shell.activity_empty'));
  list.append(rows, empty);

  /** @param {readonly Task[]} running latest first */
  function update(running) {
    root.toggleAttribute('data-empty', running.length === 0);
    empty.hidden = running.length > 0;
    const [task] = running;
    if (!task) return;
    const more = running.length > 1 ? ` +${running.length - 1}` : '';
    name.textContent = `${TASK_NAMES[task.kind]}${more}`;
    fill.style.width = `${percentDone(task)}%`;
    const seconds = task.remaining_seconds;
    left.textContent = seconds === null ? '' : duration(seconds);
  }

  return watchTasks(rows, {
    onUpdate: update,
    onEnd: (task) => {
      status.textContent = endText(task);
    },
  });
}
