/**
 * One cell of a grid, large. Arrow keys turn to its neighbors.
 *
 * @import { Drift, DriftKind } from '../components/drift.js'
 * @import { GridSummary } from './layout.js'
 * @typedef {object} CellActions what the page does with a cell
 * @property {(grid: number, cell: number, slot: string) => void} [apply] takes a cell's recipe into a slot of
 *   the open theme; by default the studio page is opened for that
 * @typedef {{ seed: number, prompt: string, drift: Drift | null, drift_exceeded: DriftKind[] }} Cell
 */
import { driftText } from '../components/drift.js';
import { element, untranslated } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { cellName, neighbor } from './layout.js';

const SLOTS = ['A', 'B', 'C', 'D'];
const KEYS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'];

/**
 * @param {number} grid
 * @param {number} cell
 * @param {string} slot
 */
function openInStudio(grid, cell, slot) {
  location.assign(`/?grid=${grid}&cell=${cell}&slot=${slot}`);
}

export class CellDialog {
  #grid;
  #ready;
  #actions;
  #index = 0;
  #dialog = element('dialog', { className: 'cell-dialog' });
  #image = element('img');
  #name = element('h2', { id: 'cell-name', translate: false });
  #seed = element('p', { className: 'cell-seed' });
  #drift = element('p', { className: 'cell-drift' });
  #error = element('p', { className: 'grid-error', role: 'alert' });
  #saved = element('span', { role: 'status' });
  #download = element('a', {}, t('page.download'));
  #slot = element('select', { ariaLabel: t('page.recipe') });

  /**
   * @param {GridSummary} grid
   * @param {ReadonlySet<number>} ready the cells that have an image; more may come
   * @param {CellActions} actions
   */
  constructor(grid, ready, actions) {
    this.#grid = grid;
    this.#ready = ready;
    this.#actions = actions;
    this.#build();
  }

  /**
   * @param {number} index of the cell
   * @param {(last: number) => void} onClose gets the number of the cell that was shown last
   */
  open(index, onClose) {
    document.body.append(this.#dialog);
    this.#dialog.addEventListener('close', () => {
      this.#dialog.remove();
      onClose(this.#index);
    });
    this.#dialog.showModal();
    this.#show(index);
  }

  get #url() {
    return `${API}/grids/${this.#grid.id}/cells/${this.#index}`;
  }

  #build() {
    const options = SLOTS.map((value) => element('option', { value }, value));
    this.#slot.append(...options);
    this.#slot.value = this.#grid.slot;
    const apply = element('button', { type: 'button', className: 'primary' }, t('page.grid.apply'));
    apply.addEventListener('click', () => this.#apply());
    const save = element('button', { type: 'button' }, t('page.tuning.save_as_version'));
    save.addEventListener('click', () => this.#save(save));
    const close = element('button', { type: 'button' }, t('page.close'));
    close.addEventListener('click', () => this.#dialog.close());
    const actions = element('div', { className: 'cell-actions' }, apply, this.#slot, save);
    actions.append(this.#saved, this.#download, close);
    const figure = element('figure', {}, this.#turn('ArrowLeft'), this.#image);
    figure.append(this.#turn('ArrowRight'));
    this.#dialog.setAttribute('aria-labelledby', this.#name.id);
    this.#dialog.append(this.#name, this.#seed, figure, this.#drift, this.#error, actions);
    this.#dialog.addEventListener('keydown', (event) => this.#pressKey(event));
  }

  /** @param {'ArrowLeft' | 'ArrowRight'} key */
  #turn(key) {
    const isBack = key === 'ArrowLeft';
    const ariaLabel = t(isBack ? 'page.grid.previous' : 'page.grid.next');
    const button = element('button', { type: 'button', className: 'turn', ariaLabel });
    button.textContent = isBack ? '‹' : '›';
    button.addEventListener('click', () => this.#move(key));
    return button;
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    if (!KEYS.includes(event.key) || event.target === this.#slot) return;
    event.preventDefault();
    this.#move(event.key);
  }

  /** @param {string} key */
  #move(key) {
    const next = neighbor(this.#grid.axes, this.#index, key);
    if (next !== this.#index && this.#ready.has(next)) this.#show(next);
  }

  /** @param {number} index */
  async #show(index) {
    this.#index = index;
    const name = cellName(this.#grid.axes, index);
    this.#name.textContent = name;
    this.#saved.replaceChildren();
    this.#error.textContent = '';
    this.#drift.textContent = '';
    this.#image.src = `${this.#url}.png`;
    this.#image.alt = name;
    this.#download.href = `${this.#url}.png`;
    this.#download.download = `grid-${this.#grid.id}-${index}.png`;
    try {
      const cell = /** @type {Cell} */ (await getJson(this.#url));
      if (index !== this.#index) return; // Another cell is shown meanwhile.
      this.#seed.textContent = t('page.grid.seed_of_cell', { seed: cell.seed });
      if (cell.prompt) this.#seed.append(' · ', untranslated(cell.prompt));
      if (!cell.drift) return;
      this.#drift.textContent = driftText(cell.drift);
      this.#drift.classList.toggle('exceeded', cell.drift_exceeded.length > 0);
    } catch (error) {
      this.#error.textContent = errorText(error);
    }
  }

  #apply() {
    const { apply = openInStudio } = this.#actions;
    apply(this.#grid.id, this.#index, this.#slot.value);
    this.#dialog.close();
  }

  /** @param {HTMLButtonElement} button */
  async #save(button) {
    button.disabled = true;
    this.#error.textContent = '';
    try {
      const saved = /** @type {{ slug: string, version: number }} */ (
        await postJson(`${this.#url}/save`)
      );
      const href = `/?preset=${saved.slug}&version=${saved.version}`;
      const label = t('page.tuning.open_version', { number: saved.version });
      this.#saved.replaceChildren(element('a', { href }, label));
    } catch (error) {
      this.#error.textContent = errorText(error);
    } finally {
      button.disabled = false;
    }
  }
}
