/**
 * Two to four images side by side, at one scale: scrolling one scrolls all.
 *
 * @import { Variant } from './variant-facts.js'
 */
import { element, find, untranslated } from '../lib/dom.js';
import { formatNumber, t } from '../lib/i18n.js';

export const MOST_COMPARED = 4;

/** @param {readonly Variant[]} variants two to four */
export function compareVariants(variants) {
  const dialog = find(document, '#comparison', HTMLDialogElement);
  const close = find(dialog, 'button', HTMLButtonElement);
  const figures = variants.map((variant) => {
    const { slot, theme, version, seed, recipe, image } = variant;
    const strength = formatNumber(recipe.denoising_strength, 2);
    const caption = element(
      'figcaption',
      {},
      element('b', {}, slot),
      ' ',
      untranslated(version ? `${theme} v${version}` : theme),
      ` · ${t('page.history.seed')} ${seed} · ${t('page.history.strength')} ${strength}`,
    );
    return element('figure', {}, element('img', { src: image, alt: variant.prompt }), caption);
  });
  find(dialog, '.images', HTMLElement).replaceChildren(...figures);
  close.onclick = () => dialog.close();
  dialog.showModal();
}
