/** Buttons of which one is checked. */

/**
 * Fills a group with a button for each item.
 *
 * @template Item
 * @param {HTMLElement} group with the role `radiogroup`
 * @param {readonly Item[]} items
 * @param {(item: Item) => HTMLButtonElement} render
 * @param {(item: Item) => void} onSelect is called when a button is pressed; it checks the item
 * @returns {(item: Item) => void} checks an item's button, and no other
 */
export function radioGroup(group, items, render, onSelect) {
  const buttons = new Map(items.map((item) => [item, render(item)]));
  for (const [item, button] of buttons) {
    button.type = 'button';
    button.setAttribute('role', 'radio');
    button.setAttribute('aria-checked', 'false');
    button.addEventListener('click', () => onSelect(item));
  }
  group.replaceChildren(...buttons.values());
  return (selected) => {
    for (const [item, button] of buttons) {
      button.setAttribute('aria-checked', String(item === selected));
    }
  };
}
