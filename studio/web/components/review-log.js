/**
 * The review log of a version: comments, requests for changes, approvals; and what adds to it.
 *
 * @import { ReviewState } from './theme-states.js'
 * @typedef {{ doodle: string, seed: number, slot: string }} Cell an image of the regression suite
 * @typedef {'comment' | 'request' | 'request_changes' | 'approve'} ReviewKind
 * @typedef {object} Review
 * @property {number} id
 * @property {string} created_at in ISO 8601
 * @property {{ kind: ReviewKind, author: string, text: string, cell: Cell | null }} spec
 * @typedef {{ state: ReviewState, reviews: Review[], approvals: Review[] }} ReviewLog oldest first
 */
import { element } from '../lib/dom.js';
import { onPress } from '../lib/errors.js';
import { getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { timeAgo } from '../lib/relative-time.js';
import { authorField } from './dialogs.js';
import { THEMES } from './theme-actions.js';

const MAX_TEXT = 1000;

const DECISIONS = {
  request: t('page.review.asked'),
  request_changes: t('page.review.wants_changes'),
  approve: t('page.review.has_approved'),
};

/** @param {Cell} cell */
export const cellLabel = ({ doodle, seed, slot }) => `${doodle} · ${seed} · ${slot}`;

/** The log with its form. */
export class ReviewPanel {
  #url;
  #onChange;
  #onShowCell;
  #list = element('ol', { className: 'review-log' });
  #text = element('textarea', {
    name: 'text',
    rows: 3,
    maxLength: MAX_TEXT,
    placeholder: t('page.review.add_comment'),
    ariaLabel: t('page.review.add_comment'),
  });
  #pin = element('p', { className: 'pinned', hidden: true });
  /** @type {Cell | null} */
  #cell = null;
  #author = authorField();
  #error = element('p', { className: 'dialog-error', role: 'alert' });

  /**
   * @param {string} slug of the theme
   * @param {number} version
   * @param {(log: ReviewLog) => void} onChange is called with the log whenever it is loaded
   * @param {(cell: Cell) => void} onShowCell is called when a comment's image is to be shown
   */
  constructor(slug, version, onChange, onShowCell) {
    this.#url = `${THEMES}/${slug}/versions/${version}/reviews`;
    this.#onChange = onChange;
    this.#onShowCell = onShowCell;
    this.root = element('section', { className: 'review-panel' });
    this.root.append(
      element('h2', {}, t('page.review.comments')),
      this.#list,
      element('form', { className: 'comment-form' }, this.#pin, this.#text, this.#author.root),
    );
    this.actions = element('div', { className: 'review-actions' });
    this.actions.append(
      this.#button(t('page.review.comment'), 'comment'),
      this.#button(t('page.review.ask'), 'request'),
      this.#button(t('page.review.request_changes'), 'request_changes'),
      this.#button(t('page.review.approve'), 'approve'),
    );
    this.root.append(this.actions, this.#error);
  }

  async load() {
    const log = /** @type {ReviewLog} */ (await getJson(this.#url));
    const items = log.reviews.map((review) => this.#item(review));
    const empty = element('li', { className: 'empty' }, t('page.review.no_comments'));
    this.#list.replaceChildren(...(items.length ? items : [empty]));
    this.#onChange(log);
  }

  /**
   * The next comment is about an image.
   *
   * @param {Cell | null} cell null: about the version
   */
  pin(cell) {
    this.#cell = cell;
    this.#pin.hidden = cell === null;
    if (!cell) return;
    const label = t('page.review.unpin');
    const remove = element('button', { type: 'button', ariaLabel: label, title: label }, '×');
    remove.addEventListener('click', () => this.pin(null));
    this.#pin.replaceChildren(t('page.review.about', { cell: cellLabel(cell) }), ' ', remove);
    this.#text.focus();
  }

  /**
   * @param {string} label
   * @param {ReviewKind} kind
   */
  #button(label, kind) {
    const button = element('button', { type: 'button' }, label);
    button.dataset.kind = kind;
    onPress(button, () => this.#send(kind), this.#error);
    return button;
  }

  /** @param {ReviewKind} kind */
  async #send(kind) {
    const body = { kind, author: this.#author.name(), text: this.#text.value, cell: this.#cell };
    await postJson(this.#url, body);
    this.#text.value = '';
    this.pin(null);
    await this.load();
  }

  /** @param {Review} review */
  #item({ created_at, spec: { kind, author, text, cell } }) {
    const head = element('div', {}, element('b', { translate: false }, author), ' ');
    if (kind !== 'comment') {
      head.append(
        element('span', { className: `decision decision-${kind}` }, DECISIONS[kind]),
        ' ',
      );
    }
    head.append(timeAgo(created_at));
    const item = element('li', {}, head);
    if (cell) {
      const show = element('button', { type: 'button', className: 'link' }, cellLabel(cell));
      show.addEventListener('click', () => this.#onShowCell(cell));
      item.append(show);
    }
    if (text) item.append(element('p', { translate: false }, text));
    return item;
  }
}
