/** A place for an image from anywhere: choose, drop or paste it, crop it, and it becomes a PNG. */
import { find, findAll } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { canvasPng, cropBox, drawPart, MIN_SIDE, storedSize } from '../lib/image-import.js';

/** @type {Readonly<Record<string, number | null>>} width to height */
const ASPECTS = { none: null, square: 1, portrait: 3 / 4, landscape: 4 / 3 };

export class ImageDrop {
  #root;
  #input;
  #canvas;
  #position;
  #onError;
  #onImage;
  /** @type {ImageBitmap | null} */
  #image = null;

  /**
   * @param {HTMLElement} root with a file input, a canvas, radio buttons `crop` and a range `position`
   * @param {(name: string) => void} onImage is called with a file's name once it is read
   * @param {(text: string) => void} onError is called with why a file cannot be used, '' for one that can
   */
  constructor(root, onImage, onError) {
    this.#root = root;
    this.#onError = onError;
    this.#onImage = onImage;
    this.#input = find(root, 'input[type=file]', HTMLInputElement);
    this.#canvas = find(root, 'canvas', HTMLCanvasElement);
    this.#position = find(root, '[name=position]', HTMLInputElement);
    this.#input.addEventListener('change', () => this.#read(this.#input.files?.[0]));
    root.addEventListener('input', (event) => {
      if (event.target !== this.#input) this.#draw();
    });
    root.addEventListener('dragover', (event) => {
      event.preventDefault();
      root.classList.add('over');
    });
    root.addEventListener('dragleave', () => root.classList.remove('over'));
    root.addEventListener('drop', (event) => {
      event.preventDefault();
      root.classList.remove('over');
      this.#read(event.dataTransfer?.files[0]);
    });
    document.addEventListener('paste', (event) => {
      const [file] = event.clipboardData?.files ?? [];
      if (file) this.#read(file);
    });
  }

  /** Whether there is an image. */
  get hasImage() {
    return this.#image !== null;
  }

  /** @returns {Promise<Blob>} the image as PNG, as it is shown */
  png() {
    return canvasPng(this.#canvas);
  }

  clear() {
    this.#image = null;
    this.#input.value = '';
    this.#root.classList.remove('full');
  }

  /** @param {File} [file] */
  async #read(file) {
    if (!file) return;
    this.clear();
    try {
      this.#image = await createImageBitmap(file);
    } catch {
      this.#onError(t('page.base_images.not_an_image', { name: file.name }));
      return;
    }
    this.#root.classList.add('full');
    this.#onError('');
    this.#draw();
    this.#onImage(file.name.replace(/\.[^.]*$/, ''));
  }

  #draw() {
    if (!this.#image) return;
    const [crop] = findAll(this.#root, '[name=crop]:checked', HTMLInputElement);
    const aspect = ASPECTS[crop?.value ?? 'none'];
    this.#position.disabled = aspect === null;
    const box = cropBox(this.#image, aspect, Number(this.#position.value));
    const { width, height } = storedSize(box);
    drawPart(this.#image, box, this.#canvas);
    const isTooSmall = Math.min(width, height) < MIN_SIDE;
    this.#onError(isTooSmall ? t('page.base_images.too_small') : '');
    find(this.#root, 'output', HTMLElement).textContent = t('page.base_images.result_size', {
      width,
      height,
    });
  }
}
