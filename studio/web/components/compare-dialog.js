/**
 * A dialog that compares two images of a run, or its doodle and base image, under a slider; and the
 * buttons of the cards of a run.
 *
 * A `gr.HTML` component mounts it on the markup of `viewer.html`.
 *
 * @typedef {'left' | 'right'} Side
 * @typedef {{ base: string, doodle: string, left: string, right: string }} Messages names of the base
 *   image and the doodle, and what each side shows, with the placeholder {picture}
 * @typedef {{ element: HTMLElement, props: { messages: Messages } }} Host what Gradio hands to a
 *   component's script
 */
import { closest, element, find, findAll } from '../lib/dom.js';
import { translate } from '../lib/translate.js';

/**
 * A point's distance from the left edge of a box, in percent of its width.
 *
 * @param {number} x
 * @param {{ left: number, width: number }} box
 */
export function splitPercent(x, { left, width }) {
  return Math.round((100 * (x - left)) / width);
}

class CompareDialog {
  #messages;
  #dialog;
  #split;
  #stage;
  #strip;
  /** @type {Record<Side, HTMLSelectElement>} */
  #selects;
  /** @type {Record<Side, HTMLImageElement>} */
  #images;
  /** @type {Map<string, string>} addresses of the images by name */
  #sources = new Map();

  /** @param {Host} host */
  constructor({ element: root, props }) {
    this.#messages = props.messages;
    this.#dialog = find(root, 'dialog', HTMLDialogElement);
    this.#split = find(this.#dialog, 'input', HTMLInputElement);
    this.#stage = find(this.#dialog, '.viewer-stage', HTMLElement);
    this.#strip = find(this.#dialog, '.viewer-strip', HTMLElement);
    this.#selects = {
      left: find(this.#dialog, '[data-side=left]', HTMLSelectElement),
      right: find(this.#dialog, '[data-side=right]', HTMLSelectElement),
    };
    this.#images = {
      left: find(this.#dialog, '[data-shown=left]', HTMLImageElement),
      right: find(this.#dialog, '[data-shown=right]', HTMLImageElement),
    };
    this.#listen();
  }

  #listen() {
    for (const select of Object.values(this.#selects)) {
      select.addEventListener('change', () => this.#show());
    }
    this.#split.addEventListener('input', () => this.#show());
    const close = find(this.#dialog, '[data-action=close]', HTMLElement);
    close.addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#stage.addEventListener('pointermove', (event) => this.#moveSplit(event));
    // Cards are rendered anew with every event, so the page listens for their buttons.
    document.addEventListener('click', (event) => {
      const action = closest(event, '.card [data-action]')?.dataset.action;
      const card = closest(event, '.card');
      if (action && card) this.#runAction(action, card);
    });
  }

  /**
   * @param {string} action as a card's button names it
   * @param {HTMLElement} card
   */
  #runAction(action, card) {
    if (action === 'compare') this.#open(card.dataset.slot ?? '');
    else if (action === 'use-as-doodle') drawOver(find(card, 'img', HTMLImageElement).src);
    else if (action === 'use-seed') setSeed(card.dataset.seed ?? '');
  }

  /** @param {string} left the name of the image on the left */
  #open(left) {
    this.#sources = this.#collect();
    const names = [...this.#sources.keys()];
    for (const select of Object.values(this.#selects)) {
      select.replaceChildren(...names.map((name) => new Option(name, name)));
    }
    this.#strip.replaceChildren(...names.map((name) => this.#thumbnail(name)));
    const { doodle } = this.#messages;
    this.#selects.left.value = left;
    this.#selects.right.value = names.includes(doodle) ? doodle : names[0];
    this.#split.value = '50';
    this.#dialog.showModal();
    this.#show();
  }

  /** @returns {Map<string, string>} the images that there are now, by name */
  #collect() {
    /** @type {Map<string, string>} */
    const sources = new Map();
    for (const card of findAll(document, '#grid .card-done', HTMLElement)) {
      sources.set(card.dataset.slot ?? '', find(card, 'img', HTMLImageElement).src);
    }
    const layer = document.querySelector('.sketch canvas');
    const base = document.querySelector('.sketch-base');
    if (!(layer instanceof HTMLCanvasElement) || !(base instanceof HTMLImageElement))
      return sources;
    if (!base.complete) return sources;
    const { width, height } = layer;
    const composite = element('canvas', { width, height });
    const context = composite.getContext('2d');
    context?.drawImage(base, 0, 0, width, height);
    sources.set(this.#messages.base, composite.toDataURL('image/png'));
    context?.drawImage(layer, 0, 0);
    sources.set(this.#messages.doodle, composite.toDataURL('image/png'));
    return sources;
  }

  #show() {
    this.#showSide('left');
    this.#showSide('right');
    this.#stage.style.setProperty('--split', `${this.#split.value}%`);
    for (const button of findAll(this.#strip, 'button', HTMLElement)) {
      const isPressed = button.dataset.name === this.#selects.right.value;
      button.setAttribute('aria-pressed', String(isPressed));
    }
  }

  /** @param {Side} side */
  #showSide(side) {
    const name = this.#selects[side].value;
    this.#images[side].src = this.#sources.get(name) ?? '';
    this.#images[side].alt = translate({}, this.#messages[side], { picture: name });
  }

  /** @param {string} name */
  #thumbnail(name) {
    const image = element('img', { src: this.#sources.get(name) ?? '', alt: '' });
    const button = element('button', { type: 'button' }, image, name);
    button.dataset.name = name;
    button.addEventListener('click', () => {
      this.#selects.right.value = name;
      this.#show();
    });
    return button;
  }

  /** @param {PointerEvent} event */
  #moveSplit(event) {
    if (event.pointerType !== 'mouse' && !event.buttons) return;
    const percent = splitPercent(event.clientX, this.#stage.getBoundingClientRect());
    this.#split.value = String(percent);
    this.#show();
  }
}

/**
 * Mounts the dialog of a page.
 *
 * @param {Host} host
 */
export function mountCompareDialog(host) {
  new CompareDialog(host);
}

/** @param {string} src of an image that becomes the drawing on the canvas */
function drawOver(src) {
  find(document, '.sketch', HTMLElement).dispatchEvent(
    new CustomEvent('import-url', { detail: src }),
  );
}

/** @param {string} seed */
function setSeed(seed) {
  const input = find(document, '#seed input', HTMLInputElement);
  input.value = seed;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}
