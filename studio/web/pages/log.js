/** The log: the last lines of this process, filtered. */
import { field, find, onSubmit, untranslated } from '../lib/dom.js';
import { showError, showErrorText } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { filterLog } from '../lib/log-lines.js';
import { poll } from '../lib/poll.js';
import { markReady } from '../lib/ready.js';

const POLL_MS = 3000;
const form = find(document, '#filter', HTMLFormElement);
const text = field(form, 'text', HTMLInputElement);
const problems = field(form, 'problems', HTMLInputElement);
const view = find(document, '#log', HTMLElement);
/** @type {string[]} */
let lines = [];
let shownText = '';

function draw() {
  const shown = filterLog(lines, text.value, problems.checked).join('\n');
  const empty = lines.length ? t('page.no_matches') : t('page.system.log_empty');
  if (shown && shown === shownText) return; // Somebody may have selected a part of it.
  shownText = shown;
  const isAtEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - 4;
  view.replaceChildren(shown ? untranslated(shown) : empty);
  if (isAtEnd) view.scrollTop = view.scrollHeight;
}

async function load() {
  const status = /** @type {{ recent_log: string[] }} */ (await getJson(`${API}/system`));
  lines = status.recent_log;
  draw();
}

onSubmit(form, draw);
markReady();
form.addEventListener('input', draw);
poll(load, { every: POLL_MS, onError: showError, onSuccess: () => showErrorText('') });
