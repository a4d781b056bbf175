/**
 * A matchup of a blind test: the doodle between two images, and the buttons that vote.
 *
 * @typedef {'left' | 'right' | 'tie'} Choice
 */
import { find, findAll } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

export class MatchupFrames {
  #images = {
    left: find(document, '#left img', HTMLImageElement),
    right: find(document, '#right img', HTMLImageElement),
    doodle: find(document, '#doodle', HTMLImageElement),
  };
  #buttons = {
    left: find(document, '#left', HTMLButtonElement),
    right: find(document, '#right', HTMLButtonElement),
    tie: find(document, '#tie', HTMLButtonElement),
  };

  /** @param {(choice: Choice) => void} onVote */
  constructor(onVote) {
    this.#buttons.left.addEventListener('click', () => onVote('left'));
    this.#buttons.right.addEventListener('click', () => onVote('right'));
    this.#buttons.tie.addEventListener('click', () => onVote('tie'));
  }

  /**
   * Shows a text where there are no images yet.
   *
   * @param {string} text
   */
  showText(text) {
    for (const frame of findAll(document, '.frame', HTMLElement)) {
      find(frame, 'img', HTMLImageElement).hidden = true;
      find(frame, '.wait', HTMLElement).textContent = text;
    }
    this.enable(false);
  }

  /**
   * Shows a matchup; resolves once its images are loaded.
   *
   * @param {(side: 'left' | 'right' | 'doodle') => string} urlOf
   */
  async showImages(urlOf) {
    const { left, right, doodle } = this.#images;
    await Promise.all([
      showImage(left, urlOf('left')),
      showImage(right, urlOf('right')),
      showImage(doodle, urlOf('doodle')),
    ]);
  }

  /** @param {boolean} isEnabled whether one can vote */
  enable(isEnabled) {
    for (const button of Object.values(this.#buttons)) button.disabled = !isEnabled;
  }
}

/**
 * Shows an image once it is loaded.
 *
 * @param {HTMLImageElement} image
 * @param {string} url
 */
async function showImage(image, url) {
  const loaded = new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new Error(t('page.blind_tests.image_not_loaded')));
  });
  image.src = url;
  await loaded;
  image.hidden = false;
  const text = image.parentElement?.querySelector('.wait');
  if (text) text.textContent = '';
}
