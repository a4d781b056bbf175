/**
 * A pane of the lightbox: one image, or two of which a slider shows parts, or their difference.
 *
 * @import { Size, View } from './geometry.js'
 * @typedef {{ src: string, name: string, under?: string }} Shown an image, over another one where it has `under`
 */
import { element } from '../lib/dom.js';
import { drawDifference } from './difference.js';
import { placement } from './geometry.js';

const UNKNOWN = { width: 1, height: 1 };

export class Pane {
  #layers = [element('img'), element('img')];
  /** What lies beneath each layer's image: drawn by it as its background, loaded here for differences. */
  #under = [element('img'), element('img')];
  #canvas = element('canvas');
  #caption = element('figcaption');
  #divider = element('i', { className: 'divider' });
  #onReady;

  /** @param {() => void} onReady an image has been loaded */
  constructor(onReady) {
    this.#onReady = onReady;
    for (const under of this.#under) under.addEventListener('load', onReady);
    const boxes = this.#layers.map((image) => {
      image.draggable = false;
      image.addEventListener('load', onReady);
      return element('div', { className: 'layer' }, image);
    });
    boxes.push(element('div', { className: 'layer' }, this.#canvas));
    this.element = element('figure', { className: 'pane' });
    this.element.append(...boxes, this.#divider, this.#caption);
  }

  /** @returns {Size} of the image, 1 × 1 until it is loaded */
  get image() {
    const { naturalWidth: width, naturalHeight: height } = this.#layers[0];
    return width && height ? { width, height } : UNKNOWN;
  }

  /** @returns {Size} of the pane on the screen */
  get size() {
    const { clientWidth: width, clientHeight: height } = this.element;
    return { width: width || 1, height: height || 1 };
  }

  /**
   * @param {object} content
   * @param {Shown} content.image
   * @param {Shown | null} [content.over] right of the divider, or compared
   * @param {'' | 'slider' | 'difference'} [content.compare]
   * @param {string} [content.caption] empty for the image's name
   */
  show({ image, over = null, compare = '', caption = '' }) {
    setImage(this.#layers[0], this.#under[0], image);
    setImage(this.#layers[1], this.#under[1], over);
    this.element.dataset.compare = compare;
    this.#caption.textContent = caption || image.name;
  }

  /** @returns {number | null} the part of the pixels that differ; null until both are loaded */
  drawDifference() {
    const [one, other] = this.#layers.map((image, index) => [this.#under[index], image]);
    if (![...one, ...other].every(({ complete }) => complete)) return null;
    const loaded = [one, other].map((images) => images.filter(({ naturalWidth }) => naturalWidth));
    if (!loaded[0].includes(one[1]) || !loaded[1].includes(other[1])) return null;
    return drawDifference(this.#canvas, loaded[0], loaded[1]);
  }

  /** @param {string} text below the image */
  set caption(text) {
    this.#caption.textContent = text;
  }

  /**
   * @param {View} view
   * @param {number} split percent of the pane that is left of the divider
   */
  place(view, split) {
    const { size } = this;
    for (const drawn of [...this.#layers, this.#canvas]) {
      const own =
        drawn instanceof HTMLImageElement
          ? { width: drawn.naturalWidth || 1, height: drawn.naturalHeight || 1 }
          : this.image;
      const { scale, left, top } = placement(view, size, own);
      drawn.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    }
    this.element.style.setProperty('--split', `${split}%`);
  }

  /** Calls back once more where an image was there already. */
  refresh() {
    if (this.#layers[0].complete) this.#onReady();
  }
}

/**
 * @param {HTMLImageElement} image
 * @param {HTMLImageElement} under
 * @param {Shown | null} shown
 */
function setImage(image, under, shown) {
  image.alt = shown?.name ?? '';
  setSource(image, shown?.src ?? '');
  setSource(under, shown?.under ?? '');
  image.style.backgroundImage = shown?.under ? `url(${JSON.stringify(shown.under)})` : '';
}

/**
 * @param {HTMLImageElement} image
 * @param {string} source empty for none
 */
function setSource(image, source) {
  if (!source) image.removeAttribute('src');
  else if (image.getAttribute('src') !== source) image.src = source;
}
