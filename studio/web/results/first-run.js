/**
 * The first visit: examples of the theme in the cards, and three ways to begin.
 *
 * @import { Slot } from './run-state.js'
 */
import { element, find } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { startTour } from './tour.js';

/** The shipped themes of which `studio/web/examples` has what the star dress became. */
const WITH_EXAMPLES = new Set([
  'first-light',
  'neon-night',
  'picnic',
  'quick-sketch',
  'spring-pastel',
  'storybook',
]);
export const SAMPLE = 'star-dress';

/**
 * @param {string} theme a slug
 * @param {Slot} slot
 * @returns {string} URL of an example, or empty
 */
export function exampleUrl(theme, slot) {
  return WITH_EXAMPLES.has(theme) ? `/web/examples/${theme}-${slot}.webp` : '';
}

/** Puts the sample doodle on the canvas. */
export function trySample() {
  find(document, `#sample-doodles [data-id='${SAMPLE}']`, HTMLElement).click();
}

/** Moves to the canvas, with its focus. */
export function showCanvas() {
  const canvas = find(document, 'doodle-canvas canvas, .sketch canvas', HTMLElement);
  canvas.scrollIntoView({ block: 'nearest' });
  canvas.focus();
}

/** The acts over the examples. */
export class FirstRun {
  constructor() {
    /** @type {[string, () => void][]} */
    const acts = [
      [t('studio.first_sample'), trySample],
      [t('studio.first_draw'), showCanvas],
      [t('studio.first_import'), importImage],
      [t('studio.first_tour'), startTour],
    ];
    const buttons = acts.map(([label, act]) => {
      const button = element('button', { type: 'button' }, label);
      button.addEventListener('click', act);
      return button;
    });
    const title = element('p', {}, t('studio.first_title'));
    this.element = element('div', { className: 'first-run', hidden: true }, title);
    this.element.append(element('div', { className: 'first-acts' }, ...buttons));
  }

  /** @param {boolean} isFirst whether there is no run of the theme yet */
  show(isFirst) {
    this.element.hidden = !isFirst;
  }
}

/** Asks for an image that becomes the drawing. */
function importImage() {
  const input = document.querySelector('doodle-canvas input[type=file], .sketch input[type=file]');
  if (input instanceof HTMLInputElement) input.click();
  else showCanvas();
}
