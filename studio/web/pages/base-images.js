/**
 * Base images: the gallery, and the keypoints of the selected one.
 *
 * @import { Keypoint } from '../components/pose-editor.js'
 * @typedef {object} BaseImage
 * @property {string} id
 * @property {string} name
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {(Keypoint | null)[] | null} keypoints
 * @property {boolean} retired
 * @property {string} image its address
 * @property {string} pose_map its address
 * @typedef {object} Listing
 * @property {BaseImage[]} base_images
 * @property {string[]} keypoint_names
 * @property {[number, number][]} limbs pairs of keypoints
 * @property {string[]} detectors
 */
import { PoseEditor } from '../components/pose-editor.js';
import { radioGroup } from '../components/radio-group.js';
import { element, field, find, onSubmit, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postFile, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { slugify } from '../lib/slug.js';

const BASE_IMAGES = `${API}/base-images`;

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

class BaseImagesPage {
  #status = part('#status');
  #detection = part('#detection');
  #detectors = find(this.#detection, 'select', HTMLSelectElement);
  #form = find(document, '#add', HTMLFormElement);
  #editor = new PoseEditor(part('.pose-stage'), part('#keypoints'));
  /** @type {BaseImage | null} */
  #selected = null;

  start() {
    this.#onClick(part('#hide-keypoint'), () => this.#editor.hide());
    this.#onClick(part('#save'), () => this.#saveKeypoints());
    this.#onClick(part('#retire'), () => this.#toggleRetired());
    this.#onClick(find(this.#detection, 'button', HTMLElement), () => this.#detect());
    onSubmit(this.#form, () => withErrorDisplay(() => this.#add()));
    return withErrorDisplay(() => this.#load());
  }

  /**
   * @param {HTMLElement} button
   * @param {() => unknown} action
   */
  #onClick(button, action) {
    button.addEventListener('click', () => withErrorDisplay(action));
  }

  /** @param {string} [id] of the base image to select; by default the first */
  async #load(id) {
    const listing = /** @type {Listing} */ (await getJson(BASE_IMAGES));
    /** @param {BaseImage} base */
    const select = (base) => {
      check(base);
      this.#select(base, listing);
    };
    const check = radioGroup(part('#gallery'), listing.base_images, galleryButton, select);
    this.#detectors.replaceChildren(...listing.detectors.map((name) => new Option(name, name)));
    this.#detection.hidden = listing.detectors.length === 0;
    select(listing.base_images.find((base) => base.id === id) ?? listing.base_images[0]);
  }

  /**
   * @param {BaseImage} base
   * @param {Listing} listing
   */
  #select(base, listing) {
    this.#selected = base;
    part('#editor').hidden = false;
    this.#status.textContent = '';
    part('#chosen').textContent = `${base.name}, ${base.width} × ${base.height}`;
    find(document, '#pose-map', HTMLImageElement).src = `${base.pose_map}?${Date.now()}`;
    const retire = base.retired ? t('page.base_images.unarchive') : t('page.base_images.archive');
    part('#retire').textContent = retire;
    this.#editor.show(base, { names: listing.keypoint_names, limbs: listing.limbs });
  }

  async #saveKeypoints() {
    await this.#change('keypoints', 'PUT', this.#editor.keypoints);
    this.#status.textContent = t('page.base_images.keypoints_saved');
  }

  async #toggleRetired() {
    await this.#change(`retired?retired=${!this.#selected?.retired}`, 'PUT');
  }

  async #detect() {
    const query = new URLSearchParams({ detector: this.#detectors.value });
    await this.#change(`detect-keypoints?${query}`, 'POST');
  }

  /**
   * Changes the selected base image, and shows it as the server has it then.
   *
   * @param {string} path below the image's address
   * @param {'POST' | 'PUT'} method
   * @param {unknown} [body]
   */
  async #change(path, method, body) {
    const id = this.#selected?.id;
    await postJson(`${BASE_IMAGES}/${id}/${path}`, body, { method });
    await this.#load(id);
  }

  async #add() {
    const name = field(this.#form, 'name', HTMLInputElement).value.trim();
    const [file] = field(this.#form, 'file', HTMLInputElement).files ?? [];
    const url = `${BASE_IMAGES}/${slugify(name) || 'base'}?${new URLSearchParams({ name })}`;
    const added = /** @type {BaseImage} */ (await postFile(url, file));
    this.#form.reset();
    await this.#load(added.id);
  }
}

/** @param {BaseImage} base */
function galleryButton({ id, name, image, retired }) {
  const button = element('button', { className: retired ? 'retired' : '' });
  button.append(element('img', { src: image, alt: '' }), untranslated(name));
  button.dataset.base = id;
  if (retired) button.append(' ', element('small', {}, t('page.base_images.archived')));
  return button;
}

await new BaseImagesPage().start();
