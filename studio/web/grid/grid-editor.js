/**
 * `<grid-editor>`: which recipe is varied over which axes, what that costs, and the button that starts it.
 *
 * It sends `grid-created` with the grid's id once a grid was started.
 *
 * @import { Axis, GridField } from './values.js'
 * @typedef {object} GridSource what is varied
 * @property {{ theme?: { slug: string, version: number }, preset?: unknown, base_image: string,
 *   doodle?: string | null, prompt?: string, seed?: number }} body of the request, without slot and axes
 * @property {{ name: string, recipes: Record<string, { name?: string }> }} preset
 * @property {number | null} version of the theme, null with unsaved changes
 * @property {string} [slot] whose recipe is varied at first
 * @typedef {{ images: number, cached: number, seconds: number | null, model_switches: number }} GridCost
 */
import { element, find, untranslated } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { duration } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { AxisRow } from './axis-row.js';
import { availableFields } from './values.js';

const GRIDS = `${API}/grids`;
const SLOTS = ['A', 'B', 'C', 'D'];
const DEBOUNCE_MS = 400;
const FIRST_FIELD = 'denoising_strength';

/** @param {GridCost} cost */
export function costText({ images, cached, seconds, model_switches }) {
  const counts = t('page.grid.cost', { images, kept: cached, switches: model_switches });
  if (cached === images) return counts;
  const time =
    seconds === null
      ? t('page.dialogs.duration_unknown')
      : t('page.dialogs.takes_about', { duration: duration(seconds) });
  return `${counts} ${time}`;
}

export class GridEditor extends HTMLElement {
  /** @type {GridSource | null} */
  #source = null;
  /** @type {GridField[]} */
  #fields = [];
  /** @type {AxisRow[]} */
  #rows = [];
  #slot = element('select', { ariaLabel: t('page.recipe') });
  #axes = element('div', { className: 'axes' });
  #cost = element('p', { className: 'grid-cost', role: 'status' });
  #error = element('p', { className: 'grid-error', role: 'alert' });
  #start = element('button', { type: 'submit', className: 'primary', disabled: true });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #asking = new AbortController();

  /** @param {GridSource} source */
  async open(source) {
    this.#source = source;
    this.#build(source);
    this.#fields = /** @type {GridField[]} */ (await getJson(`${GRIDS}/fields`));
    this.#buildAxes();
  }

  /** @param {GridSource} source */
  #build({ preset, version, slot = 'A' }) {
    const what =
      version === null
        ? t('page.grid.unsaved', { theme: preset.name })
        : t('page.grid.version', { theme: preset.name, number: version });
    const options = SLOTS.map((value) => {
      const name = preset.recipes[value]?.name;
      return element('option', { value }, name ? `${value} · ${name}` : value);
    });
    this.#slot.replaceChildren(...options);
    this.#slot.value = slot;
    this.#slot.addEventListener('input', () => this.#buildAxes());
    const head = element('div', { className: 'grid-source' }, untranslated(what));
    head.append(element('label', {}, t('page.recipe'), this.#slot));
    this.#start.textContent = t('page.grid.start');
    const foot = element('div', { className: 'grid-foot' }, this.#cost, this.#start);
    const form = element('form', {}, head, this.#axes, this.#error, foot);
    form.addEventListener('input', () => this.#estimateSoon());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#create();
    });
    this.replaceChildren(form);
  }

  #buildAxes() {
    const recipe = this.#source?.preset.recipes[this.#slot.value];
    const fields = availableFields(this.#fields, recipe);
    const names = [t('page.grid.axis_x'), t('page.grid.axis_y'), t('page.grid.axis_z')];
    this.#rows = names.map(
      (name, index) => new AxisRow(name, fields, recipe, index ? '' : FIRST_FIELD),
    );
    this.#axes.replaceChildren(...this.#rows.map((row) => row.root));
    find(this.#axes, 'select', HTMLSelectElement).focus();
    this.#estimateSoon();
  }

  get #axesOfRows() {
    return /** @type {Axis[]} */ (this.#rows.map((row) => row.axis).filter((axis) => axis));
  }

  get #body() {
    return { ...this.#source?.body, slot: this.#slot.value, axes: this.#axesOfRows };
  }

  #estimateSoon() {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#start.disabled = true;
    this.#timer = setTimeout(() => this.#estimate(), DEBOUNCE_MS);
  }

  async #estimate() {
    this.#error.textContent = '';
    if (!this.#axesOfRows.length) {
      this.#cost.textContent = t('page.grid.no_axis');
      return;
    }
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const cost = /** @type {GridCost} */ (
        await postJson(`${GRIDS}/cost`, this.#body, { signal })
      );
      this.#cost.textContent = costText(cost);
      this.#start.textContent = t('page.grid.start_images', { count: cost.images });
      this.#start.disabled = false;
    } catch (error) {
      if (signal.aborted) return; // The values have changed meanwhile.
      this.#cost.textContent = '';
      this.#error.textContent = errorText(error);
    }
  }

  async #create() {
    this.#start.disabled = true;
    this.#error.textContent = '';
    try {
      const { id } = /** @type {{ id: number }} */ (await postJson(GRIDS, this.#body));
      this.dispatchEvent(new CustomEvent('grid-created', { detail: id, bubbles: true }));
    } catch (error) {
      this.#error.textContent = errorText(error);
      this.#start.disabled = false;
    }
  }
}

customElements.define('grid-editor', GridEditor);
