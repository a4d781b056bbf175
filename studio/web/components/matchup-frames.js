/**
 * A matchup of a blind test: the doodle between two images, and the buttons that vote and zoom.
 *
 * @typedef {'left' | 'right' | 'tie'} Choice
 */
import { find } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

export class MatchupFrames {
  #ballot = find(document, '.ballot', HTMLElement);
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
  #zoom = find(document, '#zoom', HTMLButtonElement);

  /** @param {(choice: Choice) => void} onVote */
  constructor(onVote) {
    this.#buttons.left.addEventListener('click', () => onVote('left'));
    this.#buttons.right.addEventListener('click', () => onVote('right'));
    this.#buttons.tie.addEventListener('click', () => onVote('tie'));
    this.#zoom.addEventListener('click', () => this.toggleZoom());
    this.#ballot.addEventListener('pointermove', (event) => this.#follow(event));
  }

  /** Hides the ballot: there is nothing to vote on. */
  hide() {
    this.#ballot.hidden = true;
    this.enable(false);
  }

  /**
   * Shows a matchup; resolves once its images are loaded. Until then the one before stays.
   *
   * @param {(side: 'left' | 'right' | 'doodle') => string} urlOf
   */
  async showImages(urlOf) {
    const { left, right, doodle } = this.#images;
    const urls = [urlOf('left'), urlOf('right'), urlOf('doodle')];
    await Promise.all(urls.map(loadImage));
    left.src = urls[0];
    right.src = urls[1];
    doodle.src = urls[2];
    this.#ballot.hidden = false;
  }

  /** @param {boolean} isEnabled whether one can vote */
  enable(isEnabled) {
    for (const button of Object.values(this.#buttons)) button.disabled = !isEnabled;
  }

  /** Magnifies both images around the same point, that of the pointer, or takes it back. */
  toggleZoom() {
    const isZoomed = this.#ballot.toggleAttribute('data-zoomed');
    this.#zoom.ariaPressed = String(isZoomed);
  }

  /** @param {PointerEvent} event */
  #follow({ target, clientX, clientY }) {
    const frame = target instanceof Element ? target.closest('.frame') : null;
    if (!frame) return;
    const { left, top, width, height } = frame.getBoundingClientRect();
    this.#ballot.style.setProperty('--x', `${(100 * (clientX - left)) / width}%`);
    this.#ballot.style.setProperty('--y', `${(100 * (clientY - top)) / height}%`);
  }
}

/**
 * Loads an image, so that showing it takes no time.
 *
 * @param {string} url
 */
async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode().catch(() => {
    throw new Error(t('page.blind_tests.image_not_loaded'));
  });
}
