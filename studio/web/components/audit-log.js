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
import { element, find, formQuery, onSubmit, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { row, setRows, timeElement } from '../lib/table.js';
import { STAGE_NAMES, VERDICT_NAMES } from './verdicts.js';

const DECISIONS = `${API}/moderation/decisions`;

/** The audit log, filtered, page by page. */
export class AuditLog {
  #form = find(document, '#filter', HTMLFormElement);
  #rows = find(document, '#rows', HTMLElement);
  #more = find(document, '#load-more', HTMLElement);
  /** @type {number | null} the id before which the next page begins */
  #next = null;

  constructor() {
    this.#form.addEventListener('input', () => withErrorDisplay(() => this.load()));
    onSubmit(this.#form, () => withErrorDisplay(() => this.load()));
    this.#more.addEventListener('click', () => withErrorDisplay(() => this.#loadMore()));
  }

  /** Shows the newest decisions that fit. */
  async load() {
    const { decisions } = await this.#page(formQuery(this.#form));
    setRows(this.#rows, decisions.map(decisionRow), t('page.no_matches'));
  }

  async #loadMore() {
    const query = formQuery(this.#form);
    if (this.#next !== null) query.set('before', String(this.#next));
    const { decisions } = await this.#page(query);
    this.#rows.append(...decisions.map(decisionRow));
  }

  /** @param {URLSearchParams} query */
  async #page(query) {
    const page = /** @type {DecisionPage} */ (await getJson(`${DECISIONS}?${query}`));
    this.#next = page.next_cursor;
    this.#more.hidden = page.next_cursor === null;
    const url = `${DECISIONS}.jsonl?${formQuery(this.#form)}`;
    find(document, '#export', HTMLAnchorElement).href = url;
    return page;
  }
}

/** @param {StoredDecision} entry */
function decisionRow({ id, decision, review }) {
  const { created_at, client, theme, version, slot, stage, verdict, reason, input_text } = decision;
  const cell = review ? reviewSummary(review) : [reviewButton(id, decision)];
  return row(
    timeElement(created_at),
    untranslated(client),
    untranslated(`${theme} ${version ?? ''}${slot}`),
    STAGE_NAMES[stage],
    element('span', { className: `chip ${verdict}` }, VERDICT_NAMES[verdict]),
    untranslated(reason),
    untranslated(input_text),
    element('span', {}, ...cell),
  );
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
    button.addEventListener('click', () => {
      if (!note.reportValidity()) return;
      withErrorDisplay(async () => {
        const review = { is_false_positive, note: note.value, release };
        const { reviewer } = /** @type {{ reviewer: string }} */ (
          await postJson(`${DECISIONS}/${id}/review`, review)
        );
        form.replaceWith(...reviewSummary({ ...review, reviewer }));
      });
    });
    form.append(button);
  }
  return form;
}
