/** Places a popover below the element that opens it, or above where there is no room. */

const GAP = 4;

/**
 * @param {HTMLElement} popover
 * @param {HTMLElement} anchor
 */
export function openBelow(popover, anchor) {
  popover.showPopover();
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const isBelow = box.bottom + GAP + height <= innerHeight || box.top < innerHeight - box.bottom;
  const top = isBelow ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height);
  const left = Math.max(GAP, Math.min(box.left, innerWidth - width - GAP));
  Object.assign(popover.style, { top: `${top}px`, left: `${left}px` });
}
