/**
 * The images of a version beside those of the version it would replace, on the same doodles and seeds:
 * side by side, blinking, or their difference.
 *
 * @import { Cell } from './review-log.js'
 * @typedef {object} ComparedImage
 * @property {string} slot
 * @property {string | null} image address; null while it is not rendered
 * @property {string | null} baseline_image
 * @property {number | null} delta_e in CIEDE2000
 * @typedef {{ doodle: string, doodle_image: string, seed: number, images: ComparedImage[] }} ComparedRow
 * @typedef {object} Report what was measured of the suite, in CIEDE2000
 * @property {number | null} median_delta_e
 * @property {number | null} color_error
 * @property {number} diversity
 * @property {number | null} seed_diversity
 * @property {DriftSummary | null} drift against the base images; null where it was not measured
 * @typedef {{ median_shift: number | null, p95_shift: number | null }} DriftSummary pixels
 * @typedef {object} Comparison
 * @property {number | null} baseline_version
 * @property {boolean} complete whether every image is rendered
 * @property {Report | null} report
 * @property {ComparedRow[]} rows
 * @typedef {'side' | 'blink' | 'difference'} Mode
 */
import { element, findAll } from '../lib/dom.js';
import { metric } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { cellLabel } from './review-log.js';

const IMAGE_SIZE = 192;
const DETAIL_SIZE = 768;
const BLINK_MS = 600;

/** @type {readonly Mode[]} */
export const MODES = ['side', 'blink', 'difference'];

/**
 * @param {string} address
 * @param {number} size
 */
const sized = (address, size) => `${address}?size=${size}`;

/** The grid, and what shows one of its cells. */
export class ReviewGrid {
  /** @type {Comparison | null} */
  #comparison = null;
  /** @type {Mode} */
  #mode = 'side';
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #blinking;
  #version;
  #onPin;
  #modes = element('div', { className: 'modes', role: 'group', ariaLabel: t('page.review.view') });
  #table = element('div', { className: 'review-grid' });

  /**
   * @param {number} version
   * @param {(cell: Cell) => void} onPin is called with the image that somebody wants to comment on
   */
  constructor(version, onPin) {
    this.#version = version;
    this.#onPin = onPin;
    this.root = element('div', { className: 'review-images' }, this.#modes, this.#table);
    document.addEventListener('keydown', (event) => {
      const isTyping =
        event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, dialog');
      if (event.key.toLowerCase() === 'b' && !isTyping && !event.ctrlKey && !event.metaKey) {
        this.#setMode(this.#mode === 'blink' ? 'side' : 'blink');
      }
    });
  }

  /** @param {Comparison} comparison */
  show(comparison) {
    this.#comparison = comparison;
    const names = {
      side: t('page.review.side_by_side'),
      blink: t('page.review.blink'),
      difference: t('page.review.difference'),
    };
    const buttons = MODES.map((mode) => {
      const button = element('button', { type: 'button' }, names[mode]);
      button.dataset.mode = mode;
      button.addEventListener('click', () => this.#setMode(mode));
      return button;
    });
    this.#modes.replaceChildren(...buttons);
    this.#modes.hidden = comparison.baseline_version === null;
    this.#setMode(comparison.baseline_version === null ? 'side' : this.#mode);
  }

  /** @param {Mode} mode */
  #setMode(mode) {
    this.#mode = mode;
    clearInterval(this.#blinking);
    for (const button of findAll(this.#modes, 'button', HTMLElement)) {
      button.ariaPressed = String(button.dataset.mode === mode);
    }
    this.#table.className = `review-grid mode-${mode}`;
    if (this.#comparison) this.#table.replaceChildren(this.#tableOf(this.#comparison));
    if (mode !== 'blink') return;
    this.#blinking = setInterval(() => {
      if (!document.hidden) this.#table.classList.toggle('shows-baseline');
    }, BLINK_MS);
  }

  /** @param {Comparison} comparison */
  #tableOf({ baseline_version, rows }) {
    const isPair = this.#mode === 'side' && baseline_version !== null;
    const slots = rows[0]?.images.map(({ slot }) => slot) ?? [];
    const head = element('tr', {}, element('th', { scope: 'col' }, t('page.review.doodle')));
    const versions = isPair ? [this.#version, baseline_version] : [this.#version];
    for (const version of versions) {
      const number = version ?? 0;
      head.append(...slots.map((slot) => element('th', { scope: 'col' }, `${slot} v${number}`)));
    }
    const body = rows.map((row) => this.#rowOf(row, isPair));
    return element('table', {}, element('thead', {}, head), element('tbody', {}, ...body));
  }

  /**
   * @param {ComparedRow} row
   * @param {boolean} isPair
   */
  #rowOf(row, isPair) {
    const doodle = element('img', {
      src: sized(row.doodle_image, IMAGE_SIZE),
      alt: row.doodle,
      loading: 'lazy',
    });
    const head = element('th', { scope: 'row' }, doodle, element('small', {}, `${row.seed}`));
    const line = element('tr', {}, head);
    line.append(...row.images.map((image) => this.#cell(row, image, isPair ? 'new' : 'both')));
    if (isPair) line.append(...row.images.map((image) => this.#cell(row, image, 'baseline')));
    return line;
  }

  /**
   * @param {ComparedRow} row
   * @param {ComparedImage} image
   * @param {'new' | 'baseline' | 'both'} shown
   */
  #cell(row, image, shown) {
    const cell = { doodle: row.doodle, seed: row.seed, slot: image.slot };
    const addresses = {
      new: [image.image],
      baseline: [image.baseline_image],
      both: [image.image, image.baseline_image],
    }[shown];
    const button = element('button', {
      type: 'button',
      className: 'cell',
      title: cellTitle(cell, image),
    });
    button.dataset.cell = cellLabel(cell);
    for (const address of addresses) {
      if (address) {
        const alt = cellTitle(cell, image);
        button.append(element('img', { src: sized(address, IMAGE_SIZE), alt, loading: 'lazy' }));
      }
    }
    button.addEventListener('click', () => this.#openDetail(cell, image));
    return element('td', { className: shown === 'baseline' ? 'baseline' : '' }, button);
  }

  /**
   * The images of one cell, large.
   *
   * @param {Cell} cell
   * @param {ComparedImage} image
   */
  #openDetail(cell, image) {
    const versions = [
      { address: image.image, number: this.#version },
      { address: image.baseline_image, number: this.#comparison?.baseline_version ?? 0 },
    ];
    const figures = versions.flatMap(({ address, number }) =>
      address
        ? [
            element(
              'figure',
              {},
              element('img', { src: sized(address, DETAIL_SIZE), alt: cellTitle(cell, image) }),
              element('figcaption', {}, t('page.version_heading', { number })),
            ),
          ]
        : [],
    );
    const close = element('button', { type: 'button' }, t('page.close'));
    const comment = element('button', { type: 'button' }, t('page.review.comment_on_this'));
    const heading = element('h2', { id: 'cell-title' }, cellLabel(cell));
    const dialog = element('dialog', { className: 'cell-dialog' }, heading);
    dialog.setAttribute('aria-labelledby', heading.id);
    dialog.append(
      element('div', { className: 'cell-images' }, ...figures),
      element('div', { className: 'actions' }, comment, close),
    );
    close.addEventListener('click', () => dialog.close());
    comment.addEventListener('click', () => {
      dialog.close();
      this.#onPin(cell);
    });
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  /**
   * Scrolls to a cell and marks it.
   *
   * @param {Cell} cell
   */
  reveal(cell) {
    const label = cellLabel(cell);
    const buttons = findAll(this.#table, '.cell', HTMLElement);
    const button = buttons.find((each) => each.dataset.cell === label);
    button?.scrollIntoView({ block: 'center', inline: 'center' });
    button?.focus();
  }
}

/**
 * @param {Cell} cell
 * @param {ComparedImage} image
 */
function cellTitle({ doodle, seed, slot }, { delta_e }) {
  const change = delta_e === null ? '–' : metric(delta_e);
  return t('page.review.cell', { doodle, seed, slot, change });
}
