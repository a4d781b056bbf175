/**
 * Opens the lightbox on the results of runs; it is loaded when it is opened first.
 *
 * @import { LightboxImage, Mode } from '../lightbox/selection.js'
 * @import { Run, Slot } from './run-state.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { cardName, SLOTS } from './run-state.js';

/**
 * @param {readonly Run[]} runs oldest first; with `shown` or without it
 * @param {Run} shown
 * @param {string} slot of the run that is shown
 * @param {Mode} mode
 * @param {(run: Run, slot: Slot) => void} onPick
 */
export async function openResults(runs, shown, slot, mode, onPick) {
  const others = runs.filter(({ id }) => id !== shown.id);
  const ordered = runs.some(({ id }) => id === shown.id) ? runs : [...others, shown];
  const groups = ordered.map((run) => {
    const slots = SLOTS.filter((each) => run.cards[each].state === 'done');
    return { run, slots, images: slots.map((each) => resultImage(run, each, onPick)) };
  });
  const filled = groups.filter(({ images }) => images.length > 0);
  const group = filled.findIndex(({ run }) => run.id === shown.id);
  if (group < 0) return;
  const { doodle, base } = canvasImages();
  const { openLightbox } = await import('../lightbox/index.js');
  openLightbox({
    groups: filled.map(({ run, images }, index) => ({
      name: filled.length > 1 ? t('studio.run_number', { number: index + 1 }) : run.prompt,
      images,
    })),
    group,
    image: Math.max(0, filled[group].slots.indexOf(/** @type {Slot} */ (slot))),
    mode,
    doodle,
    references: base ? [base] : [],
  });
}

/**
 * @param {Run} run
 * @param {Slot} slot
 * @param {(run: Run, slot: Slot) => void} onPick
 * @returns {LightboxImage}
 */
function resultImage(run, slot, onPick) {
  const { image, seed } = run.cards[slot];
  const isPicked = run.selected_slot === slot;
  /** @type {LightboxImage} */
  const shown = { src: image, name: cardName(run, slot), isPicked };
  shown.download = `variant-${slot}-${seed}.png`;
  shown.pick = () => onPick({ ...run, selected_slot: shown.isPicked ? slot : '' }, slot);
  return shown;
}

/** @returns {{ doodle: LightboxImage | null, base: LightboxImage | null }} what is on the canvas now */
function canvasImages() {
  const root = document.querySelector('doodle-canvas, .sketch');
  const base = root?.querySelector('img');
  const layer = root?.querySelector('canvas');
  if (!layer || !base?.complete || !base.naturalWidth) return { doodle: null, base: null };
  const { width, height } = layer;
  const composite = element('canvas', { width, height });
  const context = composite.getContext('2d');
  context?.drawImage(base, 0, 0, width, height);
  const plain = { src: base.src, name: t('studio.base_image') };
  context?.drawImage(layer, 0, 0);
  return {
    doodle: { src: composite.toDataURL('image/png'), name: t('page.doodle') },
    base: plain,
  };
}
