/**
 * The mask of the recipe whose tab is open, shown on the canvas while that is switched on. It follows the recipe, the
 * drawing and the base image.
 *
 * @import { Recipe, Slot } from './types.js'
 * @typedef {{ slot: Slot, recipe: Recipe, baseImage: string | null }} Shown `baseImage` is its id
 */
import { DoodleCanvas } from '../canvas/doodle-canvas.js';
import { showMask } from '../canvas/mask-overlay.js';
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, postForFile } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { valueAt } from './document.js';

/** Milliseconds after the last change, when the mask is asked for. */
const SETTLED_MS = 300;

export class MaskPreview {
  #read;
  #isOn = false;
  /** Counts the masks that were asked for: only the last one is shown. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What the mask that is shown was made of, as JSON. */
  #made = '';
  /** Address of the mask that is shown. */
  #src = '';
  /** @type {{ button: HTMLButtonElement, problem: HTMLElement }[]} */
  #controls = [];

  /** @param {() => Shown | null} read what is to be shown; null where no recipe's tab is open */
  constructor(read) {
    this.#read = read;
    document.addEventListener('doodle-change', () => this.update());
  }

  /** @returns {HTMLElement} the switch, for one more panel */
  control() {
    const button = element('button', { type: 'button', className: 'quiet show-mask' });
    button.append(t('studio.show_mask'));
    button.title = t('studio.show_mask_help');
    const problem = element('p', { className: 'problem', role: 'status' });
    button.addEventListener('click', () => this.#toggle());
    this.#controls.push({ button, problem });
    this.#tell('');
    return element('div', { className: 'mask-preview' }, button, problem);
  }

  /** Follows a change, where the mask is shown. */
  update() {
    clearTimeout(this.#timer);
    if (!this.#isOn) return;
    this.#timer = setTimeout(() => this.#refresh(), SETTLED_MS);
  }

  #toggle() {
    this.#isOn = !this.#isOn;
    this.#tell('');
    this.#refresh();
  }

  async #refresh() {
    const [shown, canvas] = [
      this.#isOn ? this.#read() : null,
      document.querySelector('doodle-canvas'),
    ];
    if (!(canvas instanceof DoodleCanvas)) return;
    const body = shown?.baseImage &&
      valueAt(shown.recipe, 'mask.area') !== 'off' && {
        recipe: shown.recipe,
        slot: shown.slot,
        base_image: shown.baseImage,
        doodle: canvas.getPng()?.split(',')[1] ?? null,
      };
    const made = JSON.stringify(body);
    if (made === this.#made) return;
    this.#made = made;
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const mask = body ? await postForFile(`${API}/mask-previews`, body) : null;
      if (turn === this.#turn) this.#show(canvas, mask, '');
    } catch (error) {
      if (turn === this.#turn) this.#show(canvas, null, errorText(error));
    }
  }

  /**
   * @param {DoodleCanvas} canvas
   * @param {Blob | null} mask
   * @param {string} problem why there is none
   */
  #show(canvas, mask, problem) {
    if (this.#src) URL.revokeObjectURL(this.#src);
    this.#src = mask ? URL.createObjectURL(mask) : '';
    showMask(canvas, this.#src);
    this.#tell(problem);
  }

  /** @param {string} text why no mask can be shown */
  #tell(text) {
    for (const { button, problem } of this.#controls) {
      button.setAttribute('aria-pressed', String(this.#isOn));
      problem.textContent = text;
    }
  }
}
