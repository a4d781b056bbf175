/**
 * Moderation: texts and images are tried, the own word list.
 *
 * @typedef {'block' | 'mask' | 'flag'} Action
 * @typedef {object} TextCheck
 * @property {Action | null} action null where nothing was found
 * @property {{ entry: string, action: Action, start: number, end: number }[]} matches `start` to `end`
 *   in the text's code points
 * @property {string} masked the text without what is masked
 */
import { ImageTrial } from '../components/image-trial.js';
import { VERDICT_NAMES } from '../components/verdicts.js';
import { element, field, find, part } from '../lib/dom.js';
import { onSend, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

const WORD_LIST = `${API}/moderation/word-list`;

/** @param {string} selector */
const formAt = (selector) => find(document, selector, HTMLFormElement);

function startTextTrial() {
  const form = formAt('#check-text');
  onSend(form, async () => {
    const text = field(form, 'text', HTMLInputElement).value;
    const verdict = /** @type {TextCheck} */ (
      await postJson(`${API}/moderation/check-text`, { text })
    );
    part('#verdict').replaceChildren(...describeVerdict(verdict, text));
  });
}

/**
 * @param {TextCheck} verdict
 * @param {string} text that was judged
 * @returns {(Node | string)[]}
 */
function describeVerdict({ action, matches, masked }, text) {
  const items = matches.map((match) => {
    const found = [...text].slice(match.start, match.end).join('');
    const reading = t('page.moderation.reads_as', { found, entry: match.entry });
    const chip = element(
      'span',
      { className: `chip ${match.action}` },
      VERDICT_NAMES[match.action],
    );
    return element('li', {}, chip, ' ', reading);
  });
  const outcome = action ?? 'pass';
  const summary = element('b', { className: `chip ${outcome}` }, VERDICT_NAMES[outcome]);
  const drawn =
    action === 'mask' ? [t('page.moderation.effective_prompt', { prompt: masked })] : [];
  return [summary, element('ul', {}, ...items), ...drawn];
}

class WordList {
  #form = formAt('#word-list');
  #text = field(this.#form, 'text', HTMLTextAreaElement);

  constructor() {
    onSend(this.#form, () => this.#save());
    this.#text.addEventListener('input', () => {
      part('#word-list-status').textContent = ''; // What it said is of the list before.
    });
  }

  async load() {
    const { text } = /** @type {{ text: string }} */ (await getJson(WORD_LIST));
    this.#text.value = text;
  }

  async #save() {
    const body = { text: this.#text.value };
    const { entries } = /** @type {{ entries: number }} */ (
      await postJson(WORD_LIST, body, { method: 'PUT' })
    );
    part('#word-list-status').textContent = t('page.moderation.entries_count', { count: entries });
  }
}

const wordList = new WordList();
startTextTrial();
new ImageTrial();
markReady();
// A policy was edited here before it had a page of its own.
const theme = new URLSearchParams(location.search).get('theme');
if (theme) location.replace(`/themes/${encodeURIComponent(theme)}/policy`);
await withErrorDisplay(() => wordList.load());
