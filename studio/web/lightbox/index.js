/**
 * The lightbox: images whole or enlarged, one after another, and compared two to four at once.
 *
 * Any page may open it: `openLightbox({ groups, mode: 'single' })`. The page links
 * `styles/lightbox.css`.
 *
 * @import { LightboxGroup, Mode, Selection } from './selection.js'
 * @import { View } from './geometry.js'
 *
 * @typedef {object} Options
 * @property {readonly LightboxGroup[]} groups each has an image at least
 * @property {number} [group] that is shown first
 * @property {number} [image] of that group
 * @property {Mode} [mode]
 */
import { formatNumber, t } from '../lib/i18n.js';
import { Frame, KEY_ZOOM } from './frame.js';
import { clampView, FIT, panBy, splitPercent, swipe, trueSize, zoomAt } from './geometry.js';
import { listenToGestures } from './gestures.js';
import { Pane } from './pane.js';
import { choose, current, MAX_SIDE, turn, turnGroup } from './selection.js';

/** Milliseconds for which each of two images is shown in turn. */
const BLINK_MS = 700;
/** From which zoom on there is something to pan. */
const ZOOMED = 1.001;

/** @param {Options} options */
export function openLightbox(options) {
  new Lightbox(options);
}

const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

class Lightbox {
  #options;
  /** @type {Selection} */
  #selection;
  /** @type {View} */
  #view = FIT;
  #split = 50;
  #isDoodleHeld = false;
  #isBlinkOn = false;
  /** @type {Pane[]} */
  #panes = [];
  #blinking = 0;
  #frame = new Frame({
    setMode: (mode) => this.#select({ mode }),
    turn: (by) => this.#turn(by),
    zoomBy: (factor) => this.#zoomBy(factor),
    toggleTrueSize: () => this.#toggleTrueSize(),
    fit: () => this.#setView(() => FIT),
    togglePick: () => this.#togglePick(),
    setSplit: (percent) => this.#setSplit(percent),
    choose: (image) => this.#select(choose(this.#options.groups, this.#selection, image)),
  });

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    const { groups, group = 0, image = 0, mode = 'single' } = options;
    const { images } = groups[group];
    const other = images[image].doodle ?? images[(image + 1) % images.length];
    this.#selection = { group, image, mode, other, side: images.slice(0, MAX_SIDE) };
    this.#listen();
    document.body.append(this.#frame.dialog);
    this.#frame.dialog.showModal();
    this.#frame.stage.focus();
    this.#show();
  }

  #listen() {
    const { dialog, stage } = this.#frame;
    const resizing = new ResizeObserver(() => this.#place());
    resizing.observe(stage);
    dialog.addEventListener('close', () => {
      clearInterval(this.#blinking);
      resizing.disconnect();
      dialog.remove();
    });
    dialog.addEventListener('keydown', (event) => this.#key(event));
    dialog.addEventListener('keyup', (event) => {
      if (event.key === ' ') this.#holdDoodle(false);
    });
    // After a click of the mouse Space is for the doodle again, not for the button.
    dialog.addEventListener('pointerup', ({ target }) => {
      if (target instanceof Element && target.closest('button')) setTimeout(() => stage.focus());
    });
    stage.addEventListener('dblclick', () => this.#toggleTrueSize());
    listenToGestures(stage, {
      onZoom: (factor, at) => this.#zoomBy(factor, at),
      onPan: (by) => this.#setView((pane) => panBy(this.#view, by, pane.size, pane.image)),
      onDivider: (event) => this.#moveDivider(event),
      onSwipe: (by) => {
        const step = swipe(by);
        if (step) this.#turn(step);
      },
      isZoomed: () => this.#view.zoom > ZOOMED,
    });
  }

  get #image() {
    return current(this.#options.groups, this.#selection);
  }

  /** @param {Partial<Selection>} change */
  #select(change) {
    this.#selection = { ...this.#selection, ...change };
    this.#show();
  }

  /** @param {-1 | 1} by */
  #turn(by) {
    this.#select(turn(this.#options.groups, this.#selection, by));
  }

  async #togglePick() {
    const image = this.#image;
    const { images } = this.#options.groups[this.#selection.group];
    const before = images.map(({ isPicked }) => isPicked);
    const stored = image.pick?.();
    const isPicked = !image.isPicked;
    for (const each of images) each.isPicked = each === image && isPicked;
    this.#show();
    if (await stored) return;
    images.forEach((each, index) => {
      each.isPicked = before[index];
    });
    this.#show();
  }

  #show() {
    const { groups } = this.#options;
    const { group, mode, other, side, image } = this.#selection;
    const { images, name, references = [] } = groups[group];
    this.#showPanes();
    const place = t('page.position', { number: image + 1, total: images.length });
    if (mode === 'side') this.#frame.showMode(mode, name || t('page.lightbox.side'), '');
    else this.#frame.showMode(mode, this.#image.name, name ? `${place} · ${name}` : place);
    this.#frame.showActs(mode === 'side' ? { src: '', name } : this.#image);
    const shown = new Set(mode === 'side' ? side : [this.#image]);
    if (other && mode !== 'single' && mode !== 'side') shown.add(other);
    const doodles = new Set(images.flatMap(({ doodle }) => doodle ?? []));
    this.#frame.showStrip([...images, ...doodles, ...references], shown);
    this.#setBlinking(mode === 'blink');
    this.#place();
    for (const pane of this.#panes) pane.refresh();
  }

  #showPanes() {
    const { mode, other, side } = this.#selection;
    const contents = mode === 'side' ? side : [this.#image];
    while (this.#panes.length < contents.length) this.#panes.push(new Pane(() => this.#onReady()));
    this.#panes.length = contents.length;
    this.#frame.stage.replaceChildren(...this.#panes.map((pane) => pane.element));
    this.#frame.stage.dataset.panes = String(contents.length);
    this.#panes.forEach((pane, index) => {
      const held = this.#isDoodleHeld ? contents[index].doodle : null;
      const image = held ?? contents[index];
      if (held || mode === 'single' || mode === 'side' || !other) pane.show({ image });
      else if (mode === 'blink') pane.show({ image: this.#isBlinkOn ? other : image });
      else
        pane.show({ image, over: other, compare: mode, caption: `${image.name} | ${other.name}` });
    });
  }

  #onReady() {
    const { mode, other } = this.#selection;
    if (mode === 'difference' && other && !this.#isDoodleHeld) {
      const share = this.#panes[0].drawDifference();
      if (share !== null) {
        const percent = formatNumber(100 * share, 1);
        const between = `${this.#image.name} | ${other.name}`;
        this.#panes[0].caption = `${between} · ${t('page.lightbox.changed', { percent })}`;
      }
    }
    this.#place();
  }

  /** @param {boolean} isOn */
  #setBlinking(isOn) {
    clearInterval(this.#blinking);
    this.#isBlinkOn = false;
    if (isOn && !isStill()) this.#blinking = window.setInterval(() => this.#blink(), BLINK_MS);
  }

  #blink() {
    this.#isBlinkOn = !this.#isBlinkOn;
    this.#showPanes();
    this.#place();
  }

  /** @param {boolean} isHeld */
  #holdDoodle(isHeld) {
    if (isHeld === this.#isDoodleHeld) return;
    this.#isDoodleHeld = isHeld;
    this.#showPanes();
    this.#place();
    for (const pane of this.#panes) pane.refresh();
  }

  #place() {
    const [pane] = this.#panes;
    if (!pane) return;
    this.#view = clampView(this.#view, pane.size, pane.image);
    for (const each of this.#panes) each.place(this.#view, this.#split);
    const ratio = trueSize(pane.size, pane.image, devicePixelRatio);
    this.#frame.zoom.textContent = `${formatNumber((100 * this.#view.zoom) / ratio)}%`;
    this.#frame.stage.classList.toggle('zoomed', this.#view.zoom > ZOOMED);
  }

  /** @param {(pane: Pane) => View} change */
  #setView(change) {
    const [pane] = this.#panes;
    if (!pane) return;
    this.#view = change(pane);
    this.#place();
  }

  /**
   * @param {number} factor
   * @param {{ x: number, y: number }} [at] from the corner of a pane; its middle without
   */
  #zoomBy(factor, at) {
    this.#setView((pane) => {
      const middle = { x: pane.size.width / 2, y: pane.size.height / 2 };
      return zoomAt(this.#view, factor, at ?? middle, pane.size, pane.image);
    });
  }

  #toggleTrueSize() {
    this.#setView((pane) => {
      const zoom = trueSize(pane.size, pane.image, devicePixelRatio);
      const isThere = Math.abs(this.#view.zoom - zoom) < 0.001;
      return isThere ? FIT : { ...this.#view, zoom };
    });
  }

  /** @param {number} percent */
  #setSplit(percent) {
    this.#split = percent;
    this.#frame.showSplit(percent);
    this.#place();
  }

  /**
   * @param {PointerEvent} event
   * @returns {boolean} whether it moves the divider
   */
  #moveDivider(event) {
    if (this.#selection.mode !== 'slider' || this.#view.zoom > ZOOMED) return false;
    this.#setSplit(splitPercent(event.clientX, this.#frame.stage.getBoundingClientRect()));
    return true;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isButton = event.target instanceof Element && event.target.closest('button, a, input');
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => this.#turn(-1),
      ArrowRight: () => this.#turn(1),
      ArrowUp: () => this.#select(turnGroup(this.#options.groups, this.#selection, -1)),
      ArrowDown: () => this.#select(turnGroup(this.#options.groups, this.#selection, 1)),
      z: () => this.#toggleTrueSize(),
      c: () => this.#toggleMode('slider'),
      b: () => this.#toggleBlink(),
      d: () => this.#toggleMode('difference'),
      s: () => this.#selection.mode !== 'side' && this.#image.pick && this.#togglePick(),
      '+': () => this.#zoomBy(KEY_ZOOM),
      '-': () => this.#zoomBy(1 / KEY_ZOOM),
      0: () => this.#setView(() => FIT),
      ' ': () => this.#holdDoodle(true),
    };
    const isTheButtons = isButton && (event.key === ' ' || event.key.startsWith('Arrow'));
    const number = Number(event.key);
    const { images } = this.#options.groups[this.#selection.group];
    if (number >= 1 && number <= images.length) this.#select({ image: number - 1 });
    else if (isTheButtons || !(event.key.toLowerCase() in keys || event.key in keys)) return;
    else (keys[event.key] ?? keys[event.key.toLowerCase()])();
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Mode} mode that is left again by the same key */
  #toggleMode(mode) {
    this.#select({ mode: this.#selection.mode === mode ? 'single' : mode });
  }

  /** Where motion is reduced, each press shows the other image. */
  #toggleBlink() {
    if (this.#selection.mode === 'blink' && isStill()) this.#blink();
    else this.#toggleMode('blink');
  }
}
