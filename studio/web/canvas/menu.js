/** The menu "⋯" of the canvas: a popover below its button. */

/**
 * @param {HTMLElement} root of the canvas
 * @param {boolean} isOpen
 */
export function showMenu(root, isOpen) {
  const menu = root.querySelector('.sketch-menu');
  const button = root.querySelector('.sketch-more');
  if (!(menu instanceof HTMLElement) || !button || typeof menu.showPopover !== 'function') return;
  if (menu.matches(':popover-open') === isOpen) return;
  if (!isOpen) {
    menu.hidePopover();
    return;
  }
  menu.showPopover();
  const { right, bottom } = button.getBoundingClientRect();
  const left = Math.max(8, right - menu.offsetWidth);
  Object.assign(menu.style, { left: `${left}px`, top: `${bottom + 4}px` });
}
