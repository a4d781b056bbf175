/**
 * The audit log of moderation decisions, and their reviews.
 *
 * @typedef {{ is_false_positive: boolean, note: string, reviewer: string }} Review
 * @typedef {object} Decision
 * @property {string} created_at in ISO 8601
 * @property {string} client
 * @property {string} theme
 * @property {number | null} version
 * @property {string} slot of the recipe
 * @property {keyof typeof STAGE_NAMES} stage
 * @property {keyof typeof VERDICT_NAMES} verdict
 * @property {string} reason
 * @property {string} input_text the text that was blocked, or its hash
 * @typedef {{ id: number, decision: Decision, review: Review | null }} StoredDecision
 * @typedef {{ decisions: StoredDecision[], next_cursor: number | null }} DecisionPage
 */
import { element, find, formQuery, onSubmit, part, untranslated } from '../lib/dom.js';
import { onPress } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { row, setRows, timeElement } from '../lib/table.js';
import { EndlessList } from './endless-list.js';
import { STAGE_NAMES, VERDICT_NAMES } from './verdicts.js';

const DECISIONS = `${API}/moderation/decisions`;
/** Milliseconds after the last key until the log is filtered. */
const TYPING_MS = 250;

/** The audit log, filtered, page by page as one scrolls. */
export class AuditLog {
  #form = find(document, '#filter', HTMLFormElement);
  #rows = part('#rows');
  #themeNames;
  /** @type {EndlessList<StoredDecision>} */
  #list = new EndlessList(
    part('#end'),
    (cursor) => this.#load(cursor),
    (entries) => this.#append(entries),
  );
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  /** @param {ReadonlyMap<string, string>} themeNames by slug */
  constructor(themeNames) {
    this.#themeNames = themeNames;
    this.#form.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.reset(), TYPING_MS);
    });
    onSubmit(this.#form, () => this.reset());
  }

  /** Shows the newest decisions that fit. */
  reset() {
    clearTimeout(this.#typing);
    find(document, '#export', HTMLAnchorElement).href =
      `${DECISIONS}.jsonl?${formQuery(this.#form)}`;
    return this.#list.reset();
  }

  /** @param {number | null} cursor */
  async #load(cursor) {
    const query = formQuery(this.#form);
    if (cursor !== null) query.set('before', String(cursor));
    const page = /** @type {DecisionPage} */ (await getJson(`${DECISIONS}?${query}`));
    return { items: page.decisions, next_cursor: page.next_cursor };
  }

  /** @param {StoredDecision[]} entries of a page; the first one replaces what is shown */
  #append(entries) {
    const rows = entries.map((entry) => decisionRow(entry, this.#themeNames));
    const isFirst = this.#list.items.length === entries.length;
    if (!isFirst) {
      this.#rows.append(...rows);
      return;
    }
    const isFiltered = formQuery(this.#form).size > 0;
    setRows(this.#rows, rows, isFiltered ? t('page.no_matches') : t('page.audit.empty'));
  }
}

/**
 * @param {StoredDecision} entry
 * @param {ReadonlyMap<string, string>} themeNames
 */
function decisionRow({ id, decision, review }, themeNames) {
  const { created_at, client, theme, version, slot, stage, verdict, reason, input_text } = decision;
  const cell = review ? reviewSummary(review) : [reviewButton(id, decision)];
  return row(
    timeElement(created_at),
    untranslated(client),
    untranslated(recipeName(themeNames.get(theme) ?? theme, version, slot)),
    STAGE_NAMES[stage],
    element('span', { className: `chip ${verdict}` }, VERDICT_NAMES[verdict]),
    untranslated(reason),
    untranslated(input_text),
    element('span', {}, ...cell),
  );
}

/**
 * @param {string} theme
 * @param {number | null} version
 * @param {string} slot
 * @returns {string} such as "Neon night v3 A"
 */
function recipeName(theme, version, slot) {
  return [theme, version && `v${version}`, slot].filter(Boolean).join(' ');
}

/**
 * @param {Review} review
 * @returns {(Node | string)[]}
 */
function reviewSummary({ is_false_positive, note, reviewer }) {
  const opinion = is_false_positive
    ? t('page.moderation.false_positive')
    : t('page.moderation.confirm');
  const by = reviewer ? ` (${reviewer})` : '';
  return [element('b', {}, opinion), ' ', untranslated(`${note}${by}`)];
}

/**
 * A button that opens the form of a review.
 *
 * @param {number} id
 * @param {Decision} decision
 */
function reviewButton(id, decision) {
  const button = element('button', { type: 'button' }, t('page.moderation.review'));
  button.addEventListener('click', () => {
    const form = reviewForm(id, decision);
    button.replaceWith(form);
    find(form, 'input', HTMLInputElement).focus();
  });
  return button;
}

/**
 * @param {number} id
 * @param {Decision} decision
 */
function reviewForm(id, { verdict, client }) {
  const note = element('input', {
    maxLength: 500,
    required: true,
    ariaLabel: t('page.moderation.reason'),
  });
  const form = element('span', { className: 'actions' }, note);
  const choices = [
    { label: t('page.moderation.confirm'), is_false_positive: false, release: false },
    { label: t('page.moderation.false_positive'), is_false_positive: true, release: false },
  ];
  // A client's withheld image can be shown all the same, now or after it is rendered again.
  if (verdict === 'withheld' && client !== 'studio') {
    choices.push({ label: t('page.moderation.release'), is_false_positive: true, release: true });
  }
  for (const { label, is_false_positive, release } of choices) {
    const button = element('button', { type: 'button' }, label);
    onPress(button, async () => {
      if (!note.reportValidity()) return;
      const review = { is_false_positive, note: note.value, release };
      const { reviewer } = /** @type {{ reviewer: string }} */ (
        await postJson(`${DECISIONS}/${id}/review`, review)
      );
      form.replaceWith(...reviewSummary({ ...review, reviewer }));
    });
    form.append(button);
  }
  return form;
}
