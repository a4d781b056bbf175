/**
 * Base images: the gallery, and the keypoints and zones of the selected one.
 *
 * @import { Keypoint } from '../components/pose-editor.js'
 * @import { EncodedMasks } from '../components/zone-editor.js'
 * @typedef {object} BaseImage
 * @property {string} id
 * @property {string} name
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {(Keypoint | null)[] | null} keypoints
 * @property {boolean} retired
 * @property {string} image its address
 * @property {string} thumbnail the address of a small copy
 * @property {string} pose_map its address
 * @property {string | null} clothes_zone the address of the mask; likewise `protected_zone`
 * @property {string | null} protected_zone
 * @typedef {object} Listing
 * @property {BaseImage[]} base_images
 * @property {string[]} keypoint_names
 * @property {[number, number][]} limbs pairs of keypoints
 * @property {string[]} detectors
 * @property {string[]} segmenters
 */
import { confirmAction, paragraph } from '../components/dialogs.js';
import { ImageDrop } from '../components/image-drop.js';
import { PoseEditor } from '../components/pose-editor.js';
import { radioGroup } from '../components/radio-group.js';
import { showUndo } from '../components/undo-notice.js';
import { masksOf, ZoneEditor } from '../components/zone-editor.js';
import { element, field, find, findAll, part, untranslated } from '../lib/dom.js';
import { onPress, onSend, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postFile, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';
import { roveFocus } from '../lib/roving-focus.js';
import { slugify } from '../lib/slug.js';

const BASE_IMAGES = `${API}/base-images`;
const ZONES_HASH = '#zones';

class BaseImagesPage {
  #status = part('#status');
  #detection = part('#detection');
  #detectors = find(this.#detection, 'select', HTMLSelectElement);
  #form = find(document, '#add', HTMLFormElement);
  #error = part('#add-error');
  #undo = find(document, '#undo', HTMLButtonElement);
  #save = find(document, '#save', HTMLButtonElement);
  #editor = new PoseEditor(part('.pose-stage'), part('#keypoints'), (isChanged) => {
    this.#undo.disabled = !isChanged;
    this.#save.disabled = !isChanged;
  });
  #zoneStatus = part('#zone-status');
  #segmentation = part('#segmentation');
  #segmenters = find(this.#segmentation, 'select', HTMLSelectElement);
  #saveZones = find(document, '#save-zones', HTMLButtonElement);
  #zones = new ZoneEditor(part('.zone-stage'), (isChanged) => {
    this.#saveZones.disabled = !isChanged;
  });
  /** The base image whose zones are shown. @type {BaseImage | null} */
  #zoned = null;
  #drop = new ImageDrop(
    find(this.#form, '.drop', HTMLElement),
    (name) => this.#propose(name),
    (text) => {
      this.#error.textContent = text;
    },
  );
  #gallery = part('#gallery');
  #resetFocus = roveFocus(this.#gallery, '[role=radio]');
  /** @type {BaseImage | null} */
  #selected = null;

  start() {
    onPress(part('#hide-keypoint'), () => this.#editor.hide());
    onPress(this.#save, () => this.#saveKeypoints());
    onPress(this.#undo, () => this.#editor.undo());
    onPress(part('#retire'), () => this.#toggleRetired());
    onPress(find(this.#detection, 'button', HTMLElement), () => this.#detect());
    onSend(this.#form, () => this.#add(), this.#error);
    document.addEventListener('keydown', (event) => this.#undoKey(event), { capture: true });
    this.#startZones();
    markReady();
    return withErrorDisplay(() => this.#load());
  }

  #startZones() {
    const tabs = findAll(document, '.editor-tabs [role=tab]', HTMLButtonElement);
    roveFocus(part('.editor-tabs'), '[role=tab]');
    for (const tab of tabs) tab.addEventListener('click', () => this.#openTab(tab.id));
    this.#openTab(location.hash === ZONES_HASH ? 'tab-zones' : 'tab-keypoints');
    part('#zone').addEventListener('change', ({ target }) => {
      const zone = target instanceof HTMLInputElement && target.value;
      this.#zones.paint(zone === 'protected' ? 'protected' : 'clothes');
    });
    onPress(part('#propose-zones'), () => this.#proposeZones());
    onPress(part('#clear-zones'), () => this.#zones.clear());
    onPress(this.#saveZones, () => this.#storeZones());
  }

  /** @param {string} id of the tab */
  #openTab(id) {
    for (const tab of findAll(document, '.editor-tabs [role=tab]', HTMLButtonElement)) {
      tab.setAttribute('aria-selected', String(tab.id === id));
      part(`#${tab.getAttribute('aria-controls')}`).hidden = tab.id !== id;
    }
    withErrorDisplay(() => this.#showZones());
  }

  /** Shows the zones of the selected base image once they are looked at. */
  async #showZones() {
    const base = this.#selected;
    if (part('#pane-zones').hidden || !base || base === this.#zoned) return;
    const shown = this.#zoned;
    this.#zoned = base;
    // What is painted outlives a reload of the list.
    if (shown?.id === base.id && shown.clothes_zone === base.clothes_zone) {
      if (shown.protected_zone === base.protected_zone) return;
    }
    this.#zoneStatus.textContent = '';
    await this.#zones.show(base);
  }

  /** @param {KeyboardEvent} event */
  #undoKey(event) {
    const isHistory = (event.ctrlKey || event.metaKey) && /^[zy]$/i.test(event.key);
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === 'text';
    if (!isHistory || isTyping || part('#pane-keypoints').hidden) return;
    event.stopPropagation(); // The canvas of the zones has the same keys.
    if (this.#undo.disabled || event.shiftKey || event.key !== 'z') return;
    event.preventDefault();
    this.#editor.undo();
  }

  /** @param {string} [id] of the base image to select; by default the first */
  async #load(id) {
    const listing = /** @type {Listing} */ (await getJson(BASE_IMAGES));
    /** @param {BaseImage} base */
    const select = (base) => {
      check(base);
      this.#resetFocus();
      this.#select(base, listing);
    };
    const check = radioGroup(this.#gallery, listing.base_images, galleryButton, async (base) => {
      if (base !== this.#selected && (await this.#mayDiscard())) select(base);
    });
    this.#detectors.replaceChildren(...listing.detectors.map((name) => new Option(name, name)));
    this.#detection.hidden = listing.detectors.length === 0;
    const [byKeypoints] = this.#segmenters.options;
    const segmenters = listing.segmenters.map((name) => new Option(name, name));
    this.#segmenters.replaceChildren(byKeypoints, ...segmenters);
    this.#segmentation.hidden = listing.segmenters.length === 0;
    const selected = listing.base_images.find((base) => base.id === id) ?? listing.base_images[0];
    if (selected) select(selected);
    else this.#gallery.replaceChildren(paragraph(t('page.base_images.empty')));
    part('#editor').hidden = !selected;
  }

  /**
   * @param {BaseImage} base
   * @param {Listing} listing
   */
  #select(base, listing) {
    this.#selected = base;
    if (this.#zoned?.id !== base.id) {
      this.#zones.close();
      this.#zoned = null;
    }
    part('#editor').inert = false;
    this.#status.textContent = '';
    part('#chosen').textContent = `${base.name}, ${base.width} × ${base.height}`;
    find(document, '#pose-map', HTMLImageElement).src = `${base.pose_map}?${Date.now()}`;
    const retire = base.retired ? t('page.base_images.unarchive') : t('page.base_images.archive');
    part('#retire').textContent = retire;
    this.#editor.show(base, { names: listing.keypoint_names, limbs: listing.limbs });
    withErrorDisplay(() => this.#showZones());
  }

  /** @returns {Promise<boolean>} whether changes that are not saved may be lost; without any, true */
  async #mayDiscard() {
    if (this.#save.disabled && !this.#zones.isChanged) return true;
    return confirmAction({
      title: t('page.base_images.discard_title', { name: this.#selected?.name }),
      content: [paragraph(t('page.base_images.discard_help'))],
      label: t('page.base_images.discard'),
      danger: true,
      action: async () => {},
    });
  }

  async #saveKeypoints() {
    await this.#change('keypoints', 'PUT', this.#editor.keypoints);
    this.#status.textContent = t('page.base_images.keypoints_saved');
  }

  async #toggleRetired() {
    if (!(await this.#mayDiscard())) return;
    await this.#change(`retired?retired=${!this.#selected?.retired}`, 'PUT');
  }

  async #detect() {
    if (!(await this.#mayDiscard())) return;
    const query = new URLSearchParams({ detector: this.#detectors.value });
    await this.#change(`detect-keypoints?${query}`, 'POST');
  }

  async #proposeZones() {
    const segmenter = this.#segmenters.value;
    const query = segmenter ? `?${new URLSearchParams({ segmenter })}` : '';
    const id = this.#selected?.id;
    const masks = await postJson(`${BASE_IMAGES}/${id}/propose-zones${query}`);
    if (id !== this.#selected?.id) return;
    await this.#zones.replace(/** @type {EncodedMasks} */ (masks));
    this.#zoneStatus.textContent = t('page.base_images.proposed');
  }

  async #storeZones() {
    const base = this.#selected;
    if (!base) return;
    const { drawing, saved } = this.#zones;
    const before = await masksOf(saved);
    await this.#putZones(base, await masksOf(drawing));
    if (base.id === this.#zoned?.id) this.#zones.markSaved(drawing);
    this.#zoneStatus.textContent = '';
    showUndo(t('page.base_images.zones_saved'), async () => {
      await this.#putZones(base, before);
      if (base.id === this.#zoned?.id) await this.#zones.show(base);
    });
  }

  /**
   * @param {BaseImage} base
   * @param {EncodedMasks} masks
   */
  async #putZones(base, masks) {
    const stored = await postJson(`${BASE_IMAGES}/${base.id}/zones`, masks, { method: 'PUT' });
    const { clothes_zone, protected_zone } = /** @type {BaseImage} */ (stored);
    // The list may have been loaded anew meanwhile.
    const same = [base, this.#selected, this.#zoned].filter((one) => one?.id === base.id);
    for (const one of same) Object.assign(one ?? {}, { clothes_zone, protected_zone });
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

  /** @param {string} name of the file, where none was typed */
  #propose(name) {
    const input = field(this.#form, 'name', HTMLInputElement);
    input.value ||= name.slice(0, 80);
    input.focus();
  }

  async #add() {
    if (!this.#drop.hasImage) return;
    const name = field(this.#form, 'name', HTMLInputElement).value.trim();
    const id = slugify(name) || `base-${Date.now().toString(36)}`; // Such as for a Chinese name.
    const url = `${BASE_IMAGES}/${id}?${new URLSearchParams({ name })}`;
    const added = /** @type {BaseImage} */ (await postFile(url, await this.#drop.png()));
    this.#form.reset();
    this.#drop.clear();
    await this.#load(added.id);
  }
}

/** @param {BaseImage} base */
function galleryButton({ id, name, thumbnail, retired }) {
  const button = element('button', { className: retired ? 'retired' : '' });
  button.append(
    element('img', { src: thumbnail, alt: '', width: 128, height: 128 }),
    untranslated(name),
  );
  button.dataset.base = id;
  if (retired) button.append(' ', element('small', {}, t('page.base_images.archived')));
  return button;
}

await new BaseImagesPage().start();
