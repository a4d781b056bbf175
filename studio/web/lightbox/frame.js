/**
 * What is around the images of the lightbox: title, modes, tools, strip.
 *
 * @import { LightboxImage, Mode } from './selection.js'
 *
 * @typedef {object} Actions
 * @property {(mode: Mode) => void} setMode
 * @property {(by: -1 | 1) => void} turn
 * @property {(factor: number) => void} zoomBy
 * @property {() => void} toggleTrueSize
 * @property {() => void} fit
 * @property {() => unknown} togglePick
 * @property {(percent: number) => void} setSplit
 * @property {(image: LightboxImage) => void} choose
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { roveFocus } from '../lib/roving-focus.js';

export const KEY_ZOOM = 1.5;

/** @returns {[Mode, string][]} */
const modes = () => [
  ['single', t('page.lightbox.single')],
  ['slider', t('page.lightbox.slider')],
  ['side', t('page.lightbox.side')],
  ['blink', t('page.lightbox.blink')],
  ['difference', t('page.lightbox.difference')],
];

/**
 * @param {Node | string} content
 * @param {string} label
 * @param {() => void} action
 */
function toolButton(content, label, action) {
  const button = element('button', { type: 'button', title: label, ariaLabel: label }, content);
  button.addEventListener('click', action);
  return button;
}

export class Frame {
  #actions;
  dialog = element('dialog', { className: 'lightbox' });
  stage = element('div', { className: 'lightbox-stage', tabIndex: 0, role: 'group' });
  zoom = element('output');
  #title = element('h2');
  #position = element('span', { className: 'lightbox-position' });
  #modes = element('div', { className: 'lightbox-modes', role: 'radiogroup' });
  #strip = element('div', { className: 'lightbox-strip', role: 'toolbar' });
  #slider = element('input', { type: 'range', min: '0', max: '100', className: 'lightbox-split' });
  #pick;
  #download = element('a', {}, icon('download'));

  /** @param {Actions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.dialog.ariaLabel = t('page.lightbox.title');
    this.stage.ariaLabel = t('page.lightbox.stage');
    this.#strip.ariaLabel = t('page.lightbox.strip');
    this.#slider.ariaLabel = t('page.lightbox.split');
    this.#pick = toolButton(icon('pick'), t('studio.card_pick'), actions.togglePick);
    Object.assign(this.#download, { title: t('page.download'), ariaLabel: t('page.download') });
    this.#slider.addEventListener('input', () => actions.setSplit(Number(this.#slider.value)));
    this.#fillModes();
    this.dialog.append(this.#header(), this.#middle(), this.#slider, this.#strip);
    this.dialog.append(element('p', { className: 'lightbox-keys' }, t('page.lightbox.keys')));
    roveFocus(this.#strip, 'button, a');
  }

  #fillModes() {
    this.#modes.ariaLabel = t('page.lightbox.modes');
    for (const [mode, label] of modes()) {
      const button = element('button', { type: 'button', role: 'radio' }, label);
      button.dataset.mode = mode;
      button.addEventListener('click', () => this.#actions.setMode(mode));
      this.#modes.append(button);
    }
    roveFocus(this.#modes, 'button, a');
  }

  #header() {
    const { zoomBy, toggleTrueSize, fit } = this.#actions;
    const tools = element('div', { className: 'lightbox-tools' });
    tools.append(
      toolButton('−', t('page.lightbox.zoom_out'), () => zoomBy(1 / KEY_ZOOM)),
      this.zoom,
      toolButton('+', t('page.lightbox.zoom_in'), () => zoomBy(KEY_ZOOM)),
      toolButton('1:1', t('page.lightbox.true_size'), toggleTrueSize),
      toolButton(t('page.lightbox.fit'), t('page.lightbox.fit_about'), fit),
      this.#pick,
      this.#download,
    );
    const close = toolButton(icon('close'), t('page.close'), () => this.dialog.close());
    close.dataset.action = 'close';
    return element('header', {}, this.#title, this.#position, this.#modes, tools, close);
  }

  #middle() {
    const { turn } = this.#actions;
    const before = toolButton(icon('previous'), t('page.lightbox.previous'), () => turn(-1));
    const after = toolButton(icon('next'), t('page.lightbox.next'), () => turn(1));
    before.className = 'lightbox-turn before';
    after.className = 'lightbox-turn after';
    return element('div', { className: 'lightbox-middle' }, this.stage, before, after);
  }

  /**
   * @param {Mode} mode
   * @param {string} title
   * @param {string} position
   */
  showMode(mode, title, position) {
    this.dialog.dataset.mode = mode;
    this.#title.textContent = title;
    this.#position.textContent = position;
    for (const button of this.#modes.querySelectorAll('button')) {
      button.ariaChecked = String(button.dataset.mode === mode);
      button.tabIndex = button.dataset.mode === mode ? 0 : -1;
    }
    this.#slider.hidden = mode !== 'slider';
  }

  /** @param {number} percent */
  showSplit(percent) {
    this.#slider.value = String(percent);
  }

  /** @param {LightboxImage} image whose acts there are */
  showActs({ pick, isPicked = false, download = '', src }) {
    this.#pick.hidden = !pick;
    this.#pick.ariaPressed = String(isPicked);
    this.#download.hidden = !download;
    Object.assign(this.#download, { href: src, download });
  }

  /**
   * @param {readonly LightboxImage[]} images
   * @param {ReadonlySet<LightboxImage>} shown
   */
  showStrip(images, shown) {
    const buttonsBefore = [...this.#strip.children];
    const index = document.activeElement ? buttonsBefore.indexOf(document.activeElement) : -1;
    const buttons = images.map((image) => {
      const button = element('button', { type: 'button', ariaLabel: image.name, tabIndex: -1 });
      const picture = element('img', { src: image.src, alt: '' });
      if (image.under) picture.style.backgroundImage = `url(${JSON.stringify(image.under)})`;
      button.append(picture, element('span', {}, image.name));
      button.ariaPressed = String(shown.has(image));
      button.classList.toggle('picked', image.isPicked ?? false);
      button.addEventListener('click', () => this.#actions.choose(image));
      return button;
    });
    this.#strip.replaceChildren(...buttons);
    const stop = buttons[Math.max(index, 0)];
    if (stop) stop.tabIndex = 0;
    if (index >= 0) stop?.focus();
  }
}
