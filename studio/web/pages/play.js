/**
 * A theme on a phone, by the API alone: draw, request four images, watch them render, select one.
 *
 * The texts are in the page, as JSON in `#texts`.
 *
 * @typedef {object} BaseImage
 * @property {string} id
 * @property {string} name
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {string} image its address
 * @property {string} thumbnail the address of a small copy
 * @typedef {{ name: string, base_images: BaseImage[] }} Theme
 * @import { Texts } from '../canvas/doodle-canvas.js'
 * @import { Color } from '../canvas/markup.js'
 * @typedef {object} JobEvent
 * @property {string} slot of the recipe
 * @property {string} type
 * @property {number} done steps
 * @property {number} total steps
 * @property {string} preview a data address
 * @property {string} image the address of the finished image
 * @property {string} [error]
 */
import { DoodleCanvas } from '../canvas/doodle-canvas.js';
import { radioGroup } from '../components/radio-group.js';
import { ApiClient } from '../lib/api-client.js';
import { element, find, onSubmit } from '../lib/dom.js';
import { getJson, RequestError } from '../lib/http.js';
import { roveFocus } from '../lib/roving-focus.js';
import { STORAGE_KEYS } from '../lib/storage.js';
import { translate } from '../lib/translate.js';

const SLOTS = ['A', 'B', 'C', 'D'];
const FAILED = ['failed', 'withheld', 'cancelled', 'expired'];

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);
/** @type {{ image: string, stopped: string, no_base_image: string }} */
const texts = JSON.parse(part('#texts').textContent ?? '');

/** The four images of a request as they are rendered. */
class ResultCards {
  #root = part('#four');
  /** @type {Map<string, HTMLButtonElement>} by recipe slot */
  #cards = new Map();

  /** @param {(slot: string) => Promise<void>} onSelect is called with an image that is pressed */
  reset(onSelect) {
    this.#cards = new Map(SLOTS.map((slot) => [slot, element('button', { type: 'button' }, '…')]));
    for (const [slot, card] of this.#cards) {
      card.disabled = true;
      card.dataset.slot = slot;
      card.ariaLabel = translate({}, texts.image, { slot });
      card.addEventListener('click', () => onSelect(slot));
    }
    this.#root.replaceChildren(...this.#cards.values());
    part('#pick').hidden = true;
  }

  /** @param {string} slot */
  press(slot) {
    for (const [each, card] of this.#cards) {
      card.setAttribute('aria-pressed', String(each === slot));
    }
  }

  /**
   * @param {JobEvent} event
   * @param {(url: string) => Promise<string>} load gives an address that the page can show
   */
  async update(event, load) {
    const { slot, type, done, total } = event;
    const card = this.#cards.get(slot);
    if (!card) return;
    if (type === 'step' && !card.querySelector('img')) {
      card.textContent = `${Math.round((100 * done) / total)}%`;
    } else if (type === 'preview') {
      card.replaceChildren(element('img', { src: event.preview, alt: '' }));
    } else if (type === 'done') {
      card.replaceChildren(element('img', { src: await load(event.image), alt: '' }));
      card.disabled = false;
      part('#pick').hidden = false;
    } else if (FAILED.includes(type)) {
      card.textContent = event.error ?? texts.stopped;
    }
  }
}

class PlayPage {
  #slug = location.pathname.split('/').at(-1) ?? '';
  #api = new ApiClient(sessionStorage.getItem(STORAGE_KEYS.apiKey) ?? '');
  #keyForm = find(document, '#key-form', HTMLFormElement);
  #key = find(document, '#key', HTMLInputElement);
  #go = find(document, '#go', HTMLButtonElement);
  #stop = part('#stop');
  #canvas = find(document, 'doodle-canvas', DoodleCanvas);
  #cards = new ResultCards();
  #baseId = '';
  /** The id of the request whose images are shown. */
  #request = '';

  start() {
    this.#go.addEventListener('click', () => this.#try(() => this.#render()));
    this.#stop.addEventListener('click', () =>
      this.#try(() => this.#api.delete(`/requests/${this.#request}`)),
    );
    onSubmit(this.#keyForm, () => this.#useKey());
    if (this.#api.key) this.#try(() => this.#open());
    else this.#askForKey();
  }

  /**
   * Runs an action and shows its error.
   *
   * @param {() => Promise<void>} action
   */
  async #try(action) {
    part('#error').textContent = '';
    try {
      await action();
    } catch (error) {
      if (error instanceof RequestError && error.status === 401) this.#askForKey();
      part('#error').textContent = error instanceof Error ? error.message : String(error);
    }
  }

  #askForKey() {
    this.#keyForm.hidden = false;
    part('#play').hidden = true;
    this.#key.focus();
  }

  #useKey() {
    this.#api.key = this.#key.value.trim();
    sessionStorage.setItem(STORAGE_KEYS.apiKey, this.#api.key);
    this.#try(() => this.#open());
  }

  async #open() {
    await this.#openCanvas();
    const theme = /** @type {Theme} */ (await this.#api.get(`/themes/${this.#slug}`));
    document.title = theme.name;
    part('#theme').textContent = theme.name;
    await this.#showBases(theme.base_images);
    // Shown once there is something to draw on.
    this.#keyForm.hidden = true;
    part('#play').hidden = false;
  }

  /** The studio's own canvas: its texts, and colors that the models know by name. */
  async #openCanvas() {
    const given = await getJson('/play/own/canvas.json');
    Object.assign(this.#canvas, /** @type {{ texts: Texts, palette: Color[] }} */ (given));
  }

  /** @param {BaseImage[]} bases */
  async #showBases(bases) {
    const load = async (/** @type {BaseImage} */ base) => ({
      base,
      src: await this.#api.image(`${base.thumbnail}?size=96`),
    });
    const images = await Promise.all(bases.map(load));
    let latest = '';
    /** @param {(typeof images)[number]} image */
    const select = async (image) => {
      check(image);
      latest = image.base.id;
      const src = await this.#api.image(image.base.image);
      if (latest !== image.base.id) return; // Another one was chosen meanwhile.
      this.#baseId = image.base.id;
      this.#canvas.base = { ...image.base, src };
    };
    const check = radioGroup(
      part('#bases'),
      images,
      ({ base, src }) =>
        element('button', { ariaLabel: base.name }, element('img', { src, alt: '' })),
      (image) => this.#try(() => select(image)),
    );
    if (!images.length) throw new Error(texts.no_base_image);
    await select(images[0]);
    roveFocus(part('#bases'), 'button');
    await this.#canvas.restore();
  }

  /** Requests four images, and shows them as they are rendered. */
  async #render() {
    this.#go.disabled = true;
    try {
      const body = {
        theme: this.#slug,
        base_image: this.#baseId,
        doodle: this.#canvas.getPng()?.split(',')[1] ?? null,
        prompt: find(document, '#words', HTMLInputElement).value,
      };
      const headers = { 'Idempotency-Key': uniqueKey() };
      const request = /** @type {{ id: string }} */ (
        await this.#api.post('/requests', body, headers)
      );
      this.#request = request.id;
      this.#stop.hidden = false;
      this.#cards.reset((slot) => this.#try(() => this.#select(slot)));
      await this.#follow();
    } finally {
      this.#go.disabled = false;
      this.#stop.hidden = true;
    }
  }

  /** Shows the events of the request until its four jobs have ended. */
  async #follow() {
    let unfinished = SLOTS.length;
    for await (const { event, data } of this.#api.events(`/requests/${this.#request}/events`)) {
      await this.#cards.update(JSON.parse(data), (url) => this.#api.image(url));
      if (event === 'done') unfinished -= 1;
      if (unfinished === 0) return;
    }
  }

  /** @param {string} slot */
  async #select(slot) {
    await this.#api.post(`/requests/${this.#request}/selection`, { slot });
    this.#cards.press(slot);
  }
}

/** A key for a request that is sent once. Browsers have no `randomUUID` on pages without https. */
function uniqueKey() {
  return crypto.randomUUID?.() ?? String(Math.random());
}

new PlayPage().start();
