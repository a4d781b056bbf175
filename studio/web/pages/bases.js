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
 * @property {string} pose the address of its pose map
 * @typedef {object} Listing of `/bases/list`
 * @property {BaseImage[]} bases
 * @property {string[]} names of the keypoints
 * @property {[number, number][]} limbs pairs of keypoints
 * @property {string[]} detectors
 */
import { PoseEditor } from '../components/pose-editor.js';
import { radioGroup } from '../components/radio-group.js';
import { element, field, find, onSubmit, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { getJson, postFile, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { slugify } from '../lib/slug.js';

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

class BasesPage {
  #status = part('#said');
  #detecting = part('#detecting');
  #detectors = find(this.#detecting, 'select', HTMLSelectElement);
  #form = find(document, '#add', HTMLFormElement);
  #editor = new PoseEditor(part('.pose-stage'), part('#joints'));
  /** @type {BaseImage | null} */
  #selected = null;

  start() {
    this.#onClick(part('#hide-joint'), () => this.#editor.hide());
    this.#onClick(part('#save'), () => this.#saveKeypoints());
    this.#onClick(part('#retire'), () => this.#toggleRetired());
    this.#onClick(find(this.#detecting, 'button', HTMLElement), () => this.#detect());
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
    const listing = /** @type {Listing} */ (await getJson('/bases/list'));
    /** @param {BaseImage} base */
    const select = (base) => {
      check(base);
      this.#select(base, listing);
    };
    const check = radioGroup(part('#gallery'), listing.bases, galleryButton, select);
    this.#detectors.replaceChildren(...listing.detectors.map((name) => new Option(name, name)));
    this.#detecting.hidden = listing.detectors.length === 0;
    select(listing.bases.find((base) => base.id === id) ?? listing.bases[0]);
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
    find(document, '#map', HTMLImageElement).src = `${base.pose}?${Date.now()}`;
    const retire = base.retired ? t('page.bases.offer_again') : t('page.bases.retire');
    part('#retire').textContent = retire;
    this.#editor.show(base, listing);
  }

  async #saveKeypoints() {
    await this.#change('keypoints', this.#editor.keypoints, 'PUT');
    this.#status.textContent = t('page.bases.keypoints_saved');
  }

  async #toggleRetired() {
    await this.#change(`retire?retired=${!this.#selected?.retired}`);
  }

  async #detect() {
    await this.#change(`detect?detector=${encodeURIComponent(this.#detectors.value)}`);
  }

  /**
   * Changes the selected base image, and shows it as the server has it then.
   *
   * @param {string} path below the image's address
   * @param {unknown} [body]
   * @param {'POST' | 'PUT'} [method]
   */
  async #change(path, body, method = 'POST') {
    const id = this.#selected?.id;
    await postJson(`/bases/${id}/${path}`, body, { method });
    await this.#load(id);
  }

  async #add() {
    const name = field(this.#form, 'name', HTMLInputElement).value.trim();
    const [file] = field(this.#form, 'file', HTMLInputElement).files ?? [];
    const url = `/bases/${slugify(name) || 'base'}?${new URLSearchParams({ name })}`;
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
  if (retired) button.append(' ', element('small', {}, t('page.bases.retired')));
  return button;
}

await new BasesPage().start();
