/**
 * The zones of a base image, painted by hand: a `<doodle-canvas>` over the image, with one color for each zone.
 *
 * @import { Pixels } from '../canvas/pixels.js'
 * @import { Zone } from './zone-masks.js'
 * @typedef {Record<Zone, string | null>} EncodedMasks PNGs as base64
 * @typedef {object} ZonedImage
 * @property {string} id
 * @property {string} name
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {string} image its address
 * @property {string | null} clothes_zone the address of its mask; likewise `protected_zone`
 * @property {string | null} protected_zone
 */
import { DoodleCanvas } from '../canvas/doodle-canvas.js';
import { loadImage, toPng } from '../canvas/images.js';
import { t, texts } from '../lib/i18n.js';
import { paintZones, readZones, ZONE_COLORS } from './zone-masks.js';

const DATA_URL = 'data:image/png;base64,';

export class ZoneEditor {
  #stage;
  #onChange;
  /** @type {DoodleCanvas | null} a new one for each base image */
  #canvas = null;
  /** The drawing as it was loaded or saved; null where there are no zones. @type {string | null} */
  #saved = null;
  /** @type {Zone} */
  #zone = 'clothes';

  /**
   * @param {HTMLElement} stage
   * @param {(isChanged: boolean) => void} onChange is called after each change
   */
  constructor(stage, onChange) {
    this.#stage = stage;
    this.#onChange = onChange;
    stage.addEventListener('doodle-change', () => this.#onChange(this.isChanged));
  }

  /** Whether anything was changed since it was loaded or saved. */
  get isChanged() {
    return this.#canvas !== null && this.drawing !== this.#saved;
  }

  /** @param {Zone} zone that is painted from now on */
  paint(zone) {
    this.#zone = zone;
    this.#canvas?.toolbar.paintWith(ZONE_COLORS[zone]);
  }

  /**
   * Shows a base image with its zones; what was painted before is gone.
   *
   * @param {ZonedImage} base
   */
  async show(base) {
    const canvas = document.createElement('doodle-canvas');
    if (!(canvas instanceof DoodleCanvas)) throw new Error('The canvas is not defined.');
    canvas.setAttribute('mask', '');
    canvas.inert = true; // Until the zones are there, which would replace what is painted.
    this.#canvas = null;
    this.#stage.replaceChildren(canvas);
    const { name, width, height, image } = base;
    Object.assign(canvas, { texts, palette: palette(), base: { src: image, name, width, height } });
    canvas.toolbar.paintWith(ZONE_COLORS[this.#zone]);
    const masks = { clothes: base.clothes_zone, protected: base.protected_zone };
    const drawing = await draw(masks, base);
    if (!this.#stage.contains(canvas)) return;
    await canvas.setPng(drawing);
    // Undo ends at what was loaded.
    canvas.layers.resume({ ...canvas.layers.keep(), past: [], future: [] });
    this.#canvas = canvas;
    canvas.inert = false;
    this.markSaved(this.drawing);
  }

  /** The drawing as it is; null where nothing is painted. */
  get drawing() {
    return this.#canvas?.getPng() ?? null;
  }

  /** @param {string | null} drawing what is stored now */
  markSaved(drawing) {
    this.#saved = drawing;
    this.#canvas?.changed();
  }

  /** Nothing is painted any more; that can be undone. */
  clear() {
    this.#canvas?.clear();
  }

  /**
   * Replaces what is painted; that can be undone.
   *
   * @param {EncodedMasks} masks
   */
  async replace({ clothes, protected: kept }) {
    const canvas = this.#canvas;
    if (!canvas) return;
    const { width, height } = canvas.layers;
    const urls = {
      clothes: clothes && DATA_URL + clothes,
      protected: kept && DATA_URL + kept,
    };
    await canvas.setPng(await draw(urls, { width, height }));
  }

  /** Shows nothing; what was painted is gone. */
  close() {
    this.#canvas = null;
    this.#stage.replaceChildren();
    this.#onChange(false);
  }

  /** The drawing as it was loaded or saved. */
  get saved() {
    return this.#saved;
  }
}

/**
 * @param {string | null} drawing a data: URL
 * @returns {Promise<EncodedMasks>}
 */
export async function masksOf(drawing) {
  if (!drawing) return { clothes: null, protected: null };
  const masks = readZones(await pixelsOf(drawing));
  return { clothes: encode(masks.clothes), protected: encode(masks.protected) };
}

/** The colors of the canvas; the page chooses between them. */
function palette() {
  return [
    { name: t('page.base_images.zone_clothes'), hex: ZONE_COLORS.clothes },
    { name: t('page.base_images.zone_protected'), hex: ZONE_COLORS.protected },
  ];
}

/**
 * @param {EncodedMasks} addresses of the masks
 * @param {{ width: number, height: number }} size
 * @returns {Promise<string>} the drawing as a data: URL
 */
async function draw({ clothes, protected: kept }, size) {
  const [first, second] = await Promise.all([clothes, kept].map((url) => url && pixelsOf(url)));
  return toPng(paintZones({ clothes: first || null, protected: second || null }, size));
}

/**
 * @param {string} address of an image
 * @returns {Promise<Pixels>}
 */
async function pixelsOf(address) {
  const image = await loadImage(address);
  const { width, height } = image;
  const sheet = document.createElement('canvas');
  Object.assign(sheet, { width, height });
  const context = sheet.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser does not support canvas.');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height);
}

/** @param {Pixels | null} mask */
function encode(mask) {
  return mask && toPng(mask).slice(DATA_URL.length);
}
