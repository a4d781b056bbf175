/**
 * The panel of the layers: which are shown and locked, which is drawn on, and what can be done to that one.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @import { Layer } from './layer-order.js'
 * @import { Params } from '../lib/translate.js'
 */
import { closest, element, find, findAll } from '../lib/dom.js';
import { roveFocus } from '../lib/roving-focus.js';
import { whenIdle } from './idle.js';
import { toPng } from './images.js';
import { MAX_LAYERS } from './layers.js';
import { blankPixels, toWords } from './pixels.js';

/** The longer side of a layer's small picture, in pixels. */
const THUMBNAIL = 48;
const SHOW_AFTER_MS = 100;
const EYE = 'M2 12c4-7 16-7 20 0-4 7-16 7-20 0zM12 9.5a2.5 2.5 0 1 0 .01 0z';
const LOCK = 'M6 11h12v9H6zM9 11V7a3 3 0 0 1 6 0v4';

export class LayersPanel {
  #canvas;
  #text;
  #panel;
  #slider;
  #resetFocus;
  #resetActs;
  #cancel = () => {};

  /**
   * @param {DoodleCanvas} canvas
   * @param {(id: string, params?: Params) => string} text
   * @param {AbortSignal} signal ends listening
   */
  constructor(canvas, text, signal) {
    this.#canvas = canvas;
    this.#text = text;
    this.#panel = find(canvas, '.sketch-layers', HTMLElement);
    this.#slider = find(this.#panel, 'input', HTMLInputElement);
    const acts = find(this.#panel, '.sketch-layer-acts', HTMLElement);
    this.#resetActs = roveFocus(acts, 'button', signal);
    this.#resetFocus = roveFocus(this.#list, 'button', signal);
    this.#list.addEventListener('click', (event) => this.#press(event), { signal });
    this.#slider.addEventListener('input', () => this.#fade(false), { signal });
    this.#slider.addEventListener('change', () => this.#fade(true), { signal });
  }

  /** What can be done to the active layer, by command. @type {Readonly<Record<string, () => void>>} */
  acts = {
    layers: () => this.#toggle(),
    'layer-add': () => this.#arrange((layers) => layers.add()),
    'layer-up': () => this.#arrange((layers) => layers.move(1)),
    'layer-down': () => this.#arrange((layers) => layers.move(-1)),
    'layer-merge': () => this.#arrange((layers) => layers.mergeDown()),
    'layer-delete': () => this.#arrange((layers) => layers.remove()),
  };

  /** The drawing has changed: it is shown once the hand rests. */
  changed() {
    this.#cancel();
    if (!this.#panel.hidden) this.#cancel = whenIdle(() => this.show(), SHOW_AFTER_MS);
  }

  show() {
    this.#cancel();
    if (this.#panel.hidden) return;
    this.#showList();
    this.#showActs();
  }

  get #list() {
    return find(this.#panel, '.sketch-layer-list', HTMLElement);
  }

  #toggle() {
    this.#panel.hidden = !this.#panel.hidden;
    const button = find(this.#canvas, '[data-action=layers]', HTMLElement);
    button.setAttribute('aria-expanded', String(!this.#panel.hidden));
    this.show();
  }

  /** @param {(layers: DoodleCanvas['layers']) => void} act one step of undo */
  #arrange(act) {
    this.#canvas.commitSelection();
    act(this.#canvas.layers);
    this.#canvas.changed();
    this.show();
  }

  /** @param {Event} event */
  #press(event) {
    const { layer, act } = closest(event, '[data-layer]')?.dataset ?? {};
    const id = Number(layer);
    if (act === 'isVisible' || act === 'isLocked') {
      this.#arrange((layers) => layers.toggle(id, act));
    } else if (act === 'choose') {
      this.#canvas.commitSelection();
      this.#canvas.layers.activate(id);
      this.show();
    }
  }

  /** @param {boolean} isLast whether the slider was let go */
  #fade(isLast) {
    this.#canvas.commitSelection();
    this.#canvas.layers.fade(Number(this.#slider.value) / 100, isLast);
    this.#showActs();
    if (isLast) this.#canvas.changed();
  }

  #showList() {
    const { active, all } = this.#canvas.layers;
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && this.#list.contains(activeElement);
    const { layer, act } = isInside ? activeElement.dataset : {};
    this.#list.replaceChildren(...all.toReversed().map((each) => this.#row(each, active)));
    this.#resetFocus();
    const same = findAll(this.#list, `[data-layer="${layer}"]`, HTMLElement);
    same.find((button) => button.dataset.act === act)?.focus();
  }

  #showActs() {
    const { active, all, canMerge } = this.#canvas.layers;
    const at = all.indexOf(active);
    const enabled = {
      'layer-add': all.length < MAX_LAYERS,
      'layer-up': at < all.length - 1,
      'layer-down': at > 0,
      'layer-merge': canMerge,
      'layer-delete': all.length > 1,
    };
    for (const [action, isEnabled] of Object.entries(enabled)) {
      find(this.#panel, `[data-action=${action}]`, HTMLButtonElement).disabled = !isEnabled;
    }
    if (this.#panel.querySelector('[tabindex="0"]:disabled')) this.#resetActs();
    this.#slider.value = String(Math.round(100 * active.opacity));
    find(this.#panel, 'output', HTMLElement).textContent = this.#slider.value;
  }

  /**
   * @param {Layer} layer
   * @param {Layer} active
   */
  #row(layer, active) {
    const name = this.#text('studio.canvas_layer', { number: layer.id });
    const choose = toggleButton(layer, 'choose', layer === active, name);
    choose.append(element('img', { src: thumbnail(layer), alt: '' }), name);
    const showing = this.#text('studio.canvas_layer_show', { layer: name });
    const locking = this.#text('studio.canvas_layer_lock', { layer: name });
    const show = toggleButton(layer, 'isVisible', layer.isVisible, showing, EYE);
    const lock = toggleButton(layer, 'isLocked', layer.isLocked, locking, LOCK);
    return element('li', { className: layer === active ? 'active' : '' }, show, choose, lock);
  }
}

/**
 * @param {Layer} layer
 * @param {'choose' | 'isVisible' | 'isLocked'} act
 * @param {boolean} isPressed
 * @param {string} label
 * @param {string} [icon]
 */
function toggleButton({ id }, act, isPressed, label, icon) {
  const button = element('button', { type: 'button', title: label, ariaLabel: label });
  Object.assign(button.dataset, { layer: String(id), act });
  button.setAttribute('aria-pressed', String(isPressed));
  if (icon) {
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icon}"/></svg>`;
  }
  return button;
}

/** @param {Layer} layer */
function thumbnail({ image }) {
  const step = Math.max(image.width, image.height) / THUMBNAIL;
  const width = Math.max(1, Math.floor(image.width / step));
  const height = Math.max(1, Math.floor(image.height / step));
  const small = blankPixels(width, height);
  const [from, to] = [toWords(image), toWords(small)];
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y + 0.5) * step) * image.width;
    for (let x = 0; x < width; x++) to[y * width + x] = from[row + Math.floor((x + 0.5) * step)];
  }
  return toPng(small);
}
