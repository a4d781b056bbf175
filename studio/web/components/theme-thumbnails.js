/** Small images of a theme's four recipes. */
import { element } from '../lib/dom.js';
import { API } from '../lib/http.js';
import { t } from '../lib/i18n.js';

export const SLOTS = /** @type {const} */ (['A', 'B', 'C', 'D']);

/**
 * @param {string} slug
 * @param {string} slot
 * @param {number} width on the page, in CSS pixels
 * @param {number | null} version null: the newest images of any
 */
export function thumbnailUrl(slug, slot, width, version = null) {
  const size = String(Math.round(width * Math.min(2, devicePixelRatio || 1)));
  const query = new URLSearchParams(version ? { size, version: String(version) } : { size });
  return `${API}/admin/themes/${slug}/thumbnails/${slot}.webp?${query}`;
}

/**
 * The four images of a theme, or those of them that were rendered; one line instead, where none was.
 *
 * @param {string} slug
 * @param {number} width of one image, in CSS pixels
 * @param {number | null} [version]
 */
export function themeThumbnails(slug, width, version = null) {
  const root = element('span', { className: 'four-images' });
  for (const slot of SLOTS) {
    const image = element('img', {
      src: thumbnailUrl(slug, slot, width, version),
      alt: t('page.themes.image_alt', { slot }),
      loading: 'lazy',
      decoding: 'async',
      width,
      height: width,
    });
    image.addEventListener('error', () => {
      image.replaceWith(element('span', { className: 'no-image' }));
      if (root.querySelector('img')) return;
      root.replaceChildren(t('page.themes.no_images'));
      root.classList.add('no-images');
    });
    root.append(image);
  }
  return root;
}
