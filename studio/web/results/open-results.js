/**
 * Opens the lightbox on the results of runs; it is loaded when it is opened first.
 *
 * @import { LightboxImage, Mode } from '../lightbox/selection.js'
 * @import { Run, Slot } from './run-state.js'
 * @import { Drawing, FinishedRun } from './stored-runs.js'
 */
import { t } from '../lib/i18n.js';
import { cardName, SLOTS } from './run-state.js';
import { runName } from './run-strip.js';

/** @typedef {(run: Run, slot: Slot) => Promise<boolean>} Pick picks a card of a run, or takes that back */

/**
 * @param {readonly FinishedRun[]} runs oldest first, with the one that is shown
 * @param {string} shown its id
 * @param {string} slot of the run that is shown
 * @param {Mode} mode
 * @param {Pick} pick
 */
export async function openResults(runs, shown, slot, mode, pick) {
  const groups = runs.map((each) => {
    const slots = SLOTS.filter((of) => each.run.cards[of].state === 'done');
    const doodle = doodleImage(each.drawing);
    const images = slots.map((of) => resultImage(each.run, of, doodle, pick));
    const base = each.drawing?.under;
    const references = base ? [{ src: base, name: t('studio.base_image') }] : [];
    return { id: each.run.id, slots, images, references, name: runName(each.ended_at) };
  });
  const filled = groups.filter(({ images }) => images.length > 0);
  const group = filled.findIndex(({ id }) => id === shown);
  if (group < 0) return;
  const { openLightbox } = await import('../lightbox/index.js');
  openLightbox({
    groups: filled,
    group,
    image: Math.max(0, filled[group].slots.indexOf(/** @type {Slot} */ (slot))),
    mode,
  });
}

/**
 * @param {Drawing | null} drawing
 * @returns {LightboxImage | null} the doodle over its base image
 */
function doodleImage(drawing) {
  if (!drawing?.src) return null;
  return { ...drawing, name: t('page.doodle') };
}

/**
 * @param {Run} run
 * @param {Slot} slot
 * @param {LightboxImage | null} doodle
 * @param {Pick} pick
 * @returns {LightboxImage}
 */
function resultImage(run, slot, doodle, pick) {
  const { image, seed } = run.cards[slot];
  const isPicked = run.selected_slot === slot;
  /** @type {LightboxImage} */
  const shown = { src: image, name: cardName(run, slot), isPicked, doodle };
  shown.download = `variant-${slot}-${seed}.png`;
  shown.pick = () => pick({ ...run, selected_slot: shown.isPicked ? slot : '' }, slot);
  return shown;
}
