/**
 * A row of images of which one is selected; the component's value is that one's id.
 *
 * A `gr.HTML` component mounts it on the markup of `tiles.html`.
 *
 * @typedef {object} Host what Gradio hands to a component's script
 * @property {HTMLElement} element
 * @property {{ value: string | null }} props setting `value` tells Python
 * @property {(event: string) => void} trigger
 * @property {(prop: string, callback: () => void) => void} watch calls back when Python sets a prop
 */
import { closest, findAll } from '../lib/dom.js';
import { roveFocus } from '../lib/roving-focus.js';

/** @param {Host} host */
export function mountImageRadio({ element, props, trigger, watch }) {
  function show() {
    for (const button of findAll(element, '[data-id]', HTMLElement)) {
      button.setAttribute('aria-checked', String(button.dataset.id === props.value));
    }
  }

  // Gradio may render the row anew with other images, so it listens for its buttons.
  element.addEventListener('click', (event) => {
    const id = closest(event, '[data-id]')?.dataset.id;
    if (id === undefined) return;
    props.value = id;
    show();
    trigger('input');
  });
  watch('value', show);
  show();
  const resetFocus = roveFocus(element, '[data-id]');
  watch('tiles', () => {
    show();
    resetFocus();
  });
}
