/**
 * Which images of the lightbox are shown: one, two that are compared, or up to four side by side.
 *
 * @typedef {'single' | 'slider' | 'side' | 'blink' | 'difference'} Mode
 *
 * @typedef {object} LightboxImage
 * @property {string} src
 * @property {string} name
 * @property {string} [under] the address of what lies beneath it, in the same shape: a doodle's base image
 * @property {LightboxImage | null} [doodle] what it was made from, which Space shows
 * @property {string} [download] the name of the file; without it there is nothing to download
 * @property {boolean} [isPicked]
 * @property {() => Promise<boolean>} [pick] picks the image, or takes that back; whether that was stored
 *
 * @typedef {object} LightboxGroup such as a run
 * @property {string} name
 * @property {readonly LightboxImage[]} images
 * @property {readonly LightboxImage[]} [references] further images to compare with
 *
 * @typedef {object} Selection
 * @property {number} group
 * @property {number} image in the group
 * @property {Mode} mode
 * @property {LightboxImage | null} other what the image is compared with
 * @property {readonly LightboxImage[]} side two to four images that are shown together
 */

export const MAX_SIDE = 4;

/**
 * @param {readonly LightboxGroup[]} groups
 * @param {Selection} selection
 * @returns {LightboxImage}
 */
export function current(groups, { group, image }) {
  return groups[group].images[image];
}

/**
 * Turns to the image before or after, over the edges of groups and around at the ends.
 *
 * @param {readonly LightboxGroup[]} groups
 * @param {Selection} selection
 * @param {-1 | 1} by
 * @returns {Selection}
 */
export function turn(groups, selection, by) {
  const all = groups.flatMap(({ images }, group) => images.map((_, image) => ({ group, image })));
  const at = all.findIndex(
    ({ group, image }) => group === selection.group && image === selection.image,
  );
  return moved(groups, selection, all[(at + by + all.length) % all.length]);
}

/**
 * Turns to the same image of the group before or after, and stays at the ends.
 *
 * @param {readonly LightboxGroup[]} groups
 * @param {Selection} selection
 * @param {-1 | 1} by
 * @returns {Selection}
 */
export function turnGroup(groups, selection, by) {
  const group = Math.min(groups.length - 1, Math.max(0, selection.group + by));
  if (group === selection.group) return selection;
  const image = Math.min(selection.image, groups[group].images.length - 1);
  return moved(groups, selection, { group, image });
}

/**
 * What was compared with its doodle still is: that of the image that is shown now.
 *
 * @param {readonly LightboxGroup[]} groups
 * @param {Selection} selection
 * @param {{ group: number, image: number }} to
 * @returns {Selection}
 */
function moved(groups, selection, to) {
  const next = { ...selection, ...to };
  const { doodle = null } = current(groups, selection);
  if (doodle !== null && selection.other === doodle) {
    next.other = current(groups, next).doodle ?? doodle;
  }
  if (to.group !== selection.group) next.side = groups[to.group].images.slice(0, MAX_SIDE);
  return next;
}

/**
 * What a click on an image of the strip does: it is shown, compared with, or put beside the others.
 *
 * @param {readonly LightboxGroup[]} groups
 * @param {Selection} selection
 * @param {LightboxImage} chosen
 * @returns {Selection}
 */
export function choose(groups, selection, chosen) {
  const { mode, side } = selection;
  if (mode === 'side') {
    const isIn = side.includes(chosen);
    if (!isIn) return { ...selection, side: [...side, chosen].slice(-MAX_SIDE) };
    return side.length > 1 ? { ...selection, side: side.filter((it) => it !== chosen) } : selection;
  }
  if (mode !== 'single') return { ...selection, other: chosen };
  const image = groups[selection.group].images.indexOf(chosen);
  return image < 0 ? { ...selection, mode: 'slider', other: chosen } : { ...selection, image };
}
