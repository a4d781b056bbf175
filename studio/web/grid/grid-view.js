/**
 * `<grid-view>`: a grid's images as a table with sticky headers, which fills while they are rendered.
 *
 * Arrow keys move among the cells, Enter opens one, Space selects it. It sends `grid-changed` when the grid
 * ends.
 *
 * @import { Cell, GridSummary } from './layout.js'
 * @import { CellActions } from './cell-dialog.js'
 */
import { closest, element, untranslated } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { duration } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';
import { createBlindTest } from './blind-test.js';
import { CellDialog } from './cell-dialog.js';
import { cellIndex, cellName, gridSize, neighbor, readyCells } from './layout.js';

const POLL_MS = 800;
const THUMBNAIL = 192;
const KEYS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'];

/** @param {GridSummary} grid */
function progressText({ state, stopping, done, images, remaining_seconds: left, message }) {
  if (stopping) return t('page.tasks.stopping');
  const count = t('page.done_of_total', { done, total: images });
  if (state === 'failed') return message || t('page.tests.state_failed');
  if (state !== 'running') return count;
  if (left === null) return count;
  return `${count} · ${t('page.tasks.time_left', { duration: duration(left) })}`;
}

/** @param {GridSummary} grid */
function gridName({ theme_name: theme, version, slot }) {
  const varied =
    version === null
      ? t('page.grid.unsaved', { theme })
      : t('page.grid.version', { theme, number: version });
  return t('page.grid.recipe_of', { slot, theme: varied });
}

export class GridView extends HTMLElement {
  /** @type {GridSummary | null} */
  #grid = null;
  /** @type {Cell[]} */
  #cells = [];
  /** The cells' buttons by number. @type {Map<number, HTMLButtonElement>} */
  #buttons = new Map();
  /** The cells that show their images. @type {Set<number>} */
  #ready = new Set();
  /** The one that the Tab key leads to. */
  #current = 0;
  /** @type {Set<number>} */
  #selected = new Set();
  #status = element('p', { className: 'grid-progress', role: 'status' });
  #bar = element('progress', { ariaLabel: t('page.tasks.grid') });
  #error = element('p', { className: 'grid-error', role: 'alert' });
  #stop = element('button', { type: 'button' }, t('page.stop'));
  #resume = element('button', { type: 'button' }, t('page.tests.resume'));
  #blindTest = element('button', { type: 'button', disabled: true });
  #downloads = element('span', { className: 'links' });
  #tables = element('div', { className: 'grid-tables' });
  #polling = new AbortController();
  /** @type {CellActions} */
  actions = {};

  constructor() {
    super();
    // One listener each for up to 500 cells.
    this.#tables.addEventListener('keydown', (event) => this.#pressKey(event));
    this.#tables.addEventListener('click', (event) => {
      const index = closest(event, '.cell')?.dataset.index;
      if (index) this.#open(Number(index));
    });
    this.#tables.addEventListener('change', ({ target }) => {
      if (target instanceof HTMLInputElement) this.#select(Number(target.value), target.checked);
    });
  }

  disconnectedCallback() {
    this.#polling.abort();
  }

  /** @param {number} id of a grid */
  async show(id) {
    const url = `${API}/grids/${id}`;
    const details = /** @type {{ grid: GridSummary, cells: Cell[] }} */ (await getJson(url));
    this.#grid = details.grid;
    this.#cells = details.cells;
    this.#build();
    this.#update(details.grid);
    this.#polling.abort();
    this.#polling = new AbortController();
    const { signal } = this.#polling;
    poll(() => this.#look(signal), { every: POLL_MS, onError: this.#fail, signal });
  }

  /** @param {unknown} error */
  #fail = (error) => {
    this.#error.textContent = errorText(error);
  };

  get #url() {
    return `${API}/grids/${this.#grid?.id}`;
  }

  get #axes() {
    return this.#grid?.axes ?? [];
  }

  #build() {
    const grid = this.#grid;
    if (!grid) return;
    this.#stop.onclick = () => this.#act('cancel');
    this.#resume.onclick = () => this.#act('render');
    this.#blindTest.onclick = () => createBlindTest(grid, [...this.#selected], this.#fail);
    const actions = element('div', { className: 'grid-actions' });
    actions.append(element('strong', { translate: false }, gridName(grid)));
    actions.append(this.#status, this.#bar, this.#stop, this.#resume, this.#blindTest);
    actions.append(this.#downloads);
    this.#buttons.clear();
    this.#ready.clear();
    const sheets = gridSize(grid.axes)[2];
    this.#tables.replaceChildren(...Array.from({ length: sheets }, (_, z) => this.#sheet(z)));
    this.#downloads.replaceChildren(
      ...Array.from({ length: sheets }, (_, z) => this.#downloadLink(z)),
    );
    this.#countSelected();
    this.replaceChildren(actions, this.#error, this.#tables);
    const current = this.#buttons.get(this.#current);
    if (current) current.tabIndex = 0;
  }

  /** @param {number} z number of the sheet */
  #downloadLink(z) {
    const value = this.#axes[2]?.values[z];
    const text =
      value === undefined ? t('page.grid.download') : t('page.grid.download_sheet', { value });
    return element('a', { href: `${this.#url}/sheets/${z}.png`, download: '' }, text);
  }

  /** @param {number} z number of the sheet */
  #sheet(z) {
    const [x, y, sheet] = this.#axes;
    const corner = element('th', { scope: 'col', className: 'corner' });
    corner.append(untranslated(y ? `${y.label} \\ ${x.label}` : x.label));
    const head = x.values.map((value) => element('th', { scope: 'col' }, untranslated(`${value}`)));
    const rows = (y?.values ?? ['']).map((value, row) => {
      const header = element('th', { scope: 'row' }, untranslated(`${value}`));
      const cells = x.values.map((_, column) =>
        this.#cell(cellIndex(this.#axes, [column, row, z])),
      );
      return element('tr', {}, header, ...cells);
    });
    const table = element(
      'table',
      { className: 'grid-table' },
      element('thead', {}, element('tr', {}, corner, ...head)),
      element('tbody', {}, ...rows),
    );
    const caption = sheet ? `${sheet.label} ${sheet.values[z]}` : t('page.tasks.grid');
    table.prepend(element('caption', { className: sheet ? '' : 'visually-hidden' }, caption));
    return table;
  }

  /** @param {number} index */
  #cell(index) {
    const name = cellName(this.#axes, index);
    const button = element('button', { type: 'button', className: 'cell', tabIndex: -1 });
    button.dataset.index = String(index);
    button.ariaLabel = t('page.grid.waiting', { values: name });
    const box = element('input', { type: 'checkbox', tabIndex: -1, value: String(index) });
    box.checked = this.#selected.has(index);
    box.ariaLabel = t('page.grid.select', { values: name });
    this.#buttons.set(index, button);
    return element('td', {}, button, box);
  }

  /** @param {AbortSignal} signal */
  async #look(signal) {
    const grid = /** @type {GridSummary} */ (await getJson(`${this.#url}/progress`, { signal }));
    const wasRunning = this.#grid?.state === 'running';
    this.#update(grid);
    if (wasRunning && grid.state !== 'running') this.dispatchEvent(new Event('grid-changed'));
    return grid.state === 'running';
  }

  /** @param {GridSummary} grid */
  #update(grid) {
    this.#grid = grid;
    const isRunning = grid.state === 'running';
    const progress = progressText(grid);
    if (this.#status.textContent !== progress) this.#status.textContent = progress;
    this.#bar.max = grid.images;
    this.#bar.value = grid.done;
    this.#bar.hidden = !isRunning;
    this.#stop.hidden = !isRunning;
    this.#stop.disabled = grid.stopping;
    this.#resume.hidden = isRunning || grid.state === 'done';
    for (const index of readyCells(this.#cells, grid.done)) {
      if (!this.#ready.has(index)) this.#showImage(index);
    }
  }

  /** @param {number} index of a cell whose image has come */
  #showImage(index) {
    this.#ready.add(index);
    const button = this.#buttons.get(index);
    if (!button) return;
    const src = `${this.#url}/cells/${index}.webp?size=${THUMBNAIL}`;
    button.ariaLabel = t('page.grid.open_cell', { values: cellName(this.#axes, index) });
    button.classList.add('ready');
    button.replaceChildren(element('img', { src, alt: '', loading: 'lazy', decoding: 'async' }));
  }

  /**
   * @param {number} index
   * @param {boolean} isSelected
   */
  #select(index, isSelected) {
    if (isSelected) this.#selected.add(index);
    else this.#selected.delete(index);
    this.#countSelected();
  }

  #countSelected() {
    const count = this.#selected.size;
    this.#blindTest.disabled = count < 2 || count > 4;
    this.#blindTest.title = t('page.grid.select_cells');
    this.#blindTest.textContent = count
      ? t('page.grid.blind_test_of', { count })
      : t('page.grid.blind_test');
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    const { target, key } = event;
    if (!(target instanceof HTMLButtonElement) || !target.dataset.index) return;
    const index = Number(target.dataset.index);
    const box = target.nextElementSibling;
    if (key === ' ' && box instanceof HTMLInputElement) {
      event.preventDefault(); // A button would open the cell.
      box.click();
    }
    if (!KEYS.includes(key)) return;
    event.preventDefault();
    this.#focusCell(neighbor(this.#axes, index, key));
  }

  /** @param {number} index */
  #focusCell(index) {
    const before = this.#buttons.get(this.#current);
    if (before) before.tabIndex = -1;
    const button = this.#buttons.get(index);
    if (!button) return;
    this.#current = index;
    button.tabIndex = 0;
    button.focus();
  }

  /** @param {number} index */
  #open(index) {
    const grid = this.#grid;
    if (!grid || !this.#ready.has(index)) return;
    const dialog = new CellDialog(grid, this.#ready, this.actions);
    dialog.open(index, (last) => this.#focusCell(last));
  }

  /** @param {'cancel' | 'render'} action */
  async #act(action) {
    this.#error.textContent = '';
    try {
      await postJson(`${this.#url}/${action}`);
      if (this.#grid) await this.show(this.#grid.id);
    } catch (error) {
      this.#fail(error);
    }
  }
}

customElements.define('grid-view', GridView);
