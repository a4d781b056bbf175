/**
 * One card of the results: its image, what it is doing, and what can be done with it.
 *
 * @import { Card, Run, Slot } from './run-state.js'
 * @import { Drawing } from './stored-runs.js'
 */
import { driftChips } from '../components/drift.js';
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { roveFocus } from '../lib/roving-focus.js';
import { cardName, isUnfinished, percent, statusText } from './run-state.js';

/** @typedef {'open' | 'compare' | 'pick' | 'seed' | 'edit'} Act */

const PROBLEMS = new Set(['failed', 'withheld', 'lost']);

export class CardView {
  #open = element('button', { type: 'button', className: 'open' });
  #image = element('img', { alt: '' });
  #preview = element('img', { alt: '', className: 'preview' });
  #letter;
  #doodle = element('div', { className: 'card-doodle', hidden: true });
  #message = element('p', { className: 'card-message' });
  #tag = element('span', { className: 'card-tag' });
  #bar = element('div', { className: 'card-bar' }, element('i'));
  #name = element('span', { className: 'card-name', translate: false });
  #status = element('span', { className: 'card-status' });
  #drift = element('div', { className: 'card-drift', hidden: true });
  #notes = element('details', { className: 'card-notes' });
  #acts = element('div', { className: 'card-acts' });
  /** @type {Map<Act, HTMLButtonElement>} */
  #buttons = new Map();
  #download = element('a', {}, icon('download'));

  /**
   * @param {Slot} slot
   * @param {(act: Act, slot: Slot) => void} onAct
   */
  constructor(slot, onAct) {
    this.slot = slot;
    this.element = element('article', { id: `card-${slot}`, tabIndex: -1 });
    this.element.dataset.slot = slot;
    this.#letter = element('span', { className: 'card-letter', ariaHidden: 'true' }, slot);
    this.#open.append(this.#image);
    this.#open.addEventListener('click', () => onAct('open', slot));
    this.#open.dataset.action = 'open';
    this.#fillActs(onAct);
    const well = element('div', { className: 'card-well' });
    well.append(this.#letter, this.#preview, this.#open, this.#message, this.#drift);
    well.append(this.#doodle, this.#tag);
    const footer = element('footer', {}, element('b', { className: 'slot' }, slot));
    footer.append(this.#name, this.#notes, this.#status);
    this.element.append(this.#bar, well, this.#acts, footer);
    roveFocus(this.#acts, 'button, a');
  }

  /** @param {(act: Act, slot: Slot) => void} onAct */
  #fillActs(onAct) {
    this.#acts.role = 'toolbar';
    this.#acts.ariaLabel = t('studio.card_acts', { slot: this.slot });
    /** @type {[Act, string][]} */
    const labels = [
      ['open', t('studio.card_open')],
      ['compare', t('studio.card_compare')],
      ['pick', t('studio.card_pick')],
      ['seed', t('studio.card_use_seed')],
      ['edit', t('studio.card_edit_on_canvas')],
    ];
    for (const [act, label] of labels) {
      const button = element(
        'button',
        { type: 'button', title: label, ariaLabel: label },
        icon(act),
      );
      button.dataset.action = act;
      button.addEventListener('click', () => onAct(act, this.slot));
      this.#buttons.set(act, button);
    }
    const label = t('studio.card_download', { slot: this.slot });
    Object.assign(this.#download, { title: label, ariaLabel: label });
    this.#acts.append(...this.#buttons.values(), this.#download);
  }

  /**
   * @param {Run} run
   * @param {{ isEarlier: boolean, example: string }} extra whether the settings have changed since;
   *   URL of an image to show in a card that has none, or empty
   */
  show(run, { isEarlier, example }) {
    const card = run.cards[this.slot];
    const isDone = card.state === 'done';
    const isPicked = isDone && run.selected_slot === this.slot;
    this.element.className = `card card-${card.state}${isPicked ? ' card-picked' : ''}`;
    this.element.ariaLabel = t('studio.variant', { slot: cardName(run, this.slot) });
    this.#setData('state', card.state);
    this.#setData('seed', card.request_seed);
    this.#showImage(card, example);
    this.#showProgress(card);
    this.#name.textContent = run.names[this.slot] ?? '';
    this.#status.textContent = isPicked ? t('studio.card_picked') : statusText(card, run.before);
    this.#message.hidden = !PROBLEMS.has(card.state);
    if (this.#message.textContent !== card.text) this.#message.textContent = card.text;
    this.#message.role = this.#message.hidden ? null : 'alert';
    this.#tag.hidden = !(example && card.state === 'idle') && !(isEarlier && isDone);
    this.#tag.textContent = isDone ? t('studio.card_earlier') : t('studio.card_example');
    this.#showActs(card, isPicked);
    this.#showDrift(card);
    this.#showNotes(card);
  }

  /**
   * Shows what the image was made from in its place, for as long as somebody asks.
   *
   * @param {Drawing | null} drawing null: the image again
   */
  showDoodle(drawing) {
    const sources = [drawing?.under, drawing?.src].filter(Boolean);
    this.#doodle.hidden = sources.length === 0;
    this.#doodle.replaceChildren(...sources.map((src) => element('img', { src, alt: '' })));
  }

  /**
   * @param {'state' | 'seed'} name
   * @param {string} value
   */
  #setData(name, value) {
    if (value) this.element.dataset[name] = value;
    else delete this.element.dataset[name];
  }

  /**
   * @param {Card} card
   * @param {string} example
   */
  #showImage(card, example) {
    const isDone = card.state === 'done';
    this.#open.hidden = !isDone;
    setSource(this.#image, isDone ? card.image : '');
    this.#image.alt = isDone ? t('studio.variant', { slot: this.slot }) : '';
    this.#open.title = isDone ? t('studio.card_open') : '';
    const behind = card.preview || (card.state === 'idle' ? example : '');
    this.#preview.hidden = isDone || !behind;
    this.#preview.classList.toggle('example', card.state === 'idle');
    setSource(this.#preview, isDone ? '' : behind);
  }

  /** @param {Card} card */
  #showProgress(card) {
    const isMoving = isUnfinished(card);
    this.#bar.classList.toggle('moving', isMoving && !card.total);
    for (const [name, value] of Object.entries({
      role: 'progressbar',
      'aria-label': t('studio.variant', { slot: this.slot }),
      'aria-valuemin': '0',
      'aria-valuemax': '100',
      'aria-valuenow': String(percent(card)),
    })) {
      if (isMoving) this.#bar.setAttribute(name, value);
      else this.#bar.removeAttribute(name);
    }
    this.#bar.style.setProperty('--done', `${isMoving ? percent(card) : 0}%`);
  }

  /**
   * @param {Card} card
   * @param {boolean} isPicked
   */
  #showActs(card, isPicked) {
    this.#acts.hidden = card.state !== 'done';
    const pick = this.#buttons.get('pick');
    pick?.setAttribute('aria-pressed', String(isPicked));
    this.#download.href = card.image;
    this.#download.download = `variant-${this.slot}-${card.seed}.png`;
    this.#status.title =
      card.state === 'done'
        ? t('studio.card_meta', { seed: card.seed, tokens: card.tokens, seconds: card.seconds })
        : '';
  }

  /** @param {Card} card */
  #showDrift({ drift, drift_exceeded }) {
    const chips = driftChips(drift, drift_exceeded);
    this.#drift.hidden = chips.length === 0;
    this.#drift.replaceChildren(...chips);
  }

  /** @param {Card} card */
  #showNotes({ notes }) {
    this.#notes.hidden = notes.length === 0;
    const key = notes.join('\n');
    if (this.#notes.dataset.notes === key) return;
    this.#notes.dataset.notes = key;
    const label =
      notes.length === 1
        ? t('studio.card_notes_one')
        : t('studio.card_notes_many', { count: notes.length });
    const list = element('ul', { className: 'notes' });
    list.append(...notes.map((note) => element('li', {}, note)));
    this.#notes.replaceChildren(element('summary', {}, label), list);
  }
}

/**
 * @param {HTMLImageElement} image
 * @param {string} source empty for none
 */
function setSource(image, source) {
  if (!source) image.removeAttribute('src');
  else if (image.getAttribute('src') !== source) image.src = source;
}
