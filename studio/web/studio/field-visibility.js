/**
 * Hides the fields of a recipe that have no effect, such as the weight of a LoRA that is not chosen.
 *
 * @typedef {object} VisibilityRule as `studio/ui/recipe_form.py` writes it
 * @property {string} trigger_id the element of the field that decides, which stays visible
 * @property {string} group what the ids of the elements that are hidden begin with
 * @property {readonly unknown[]} hidden_values of the field at which they are hidden
 */
import { element } from '../lib/dom.js';

/**
 * Applies every rule. Each has a style sheet of its own: elements that Gradio renders later are hidden too.
 *
 * @param {readonly VisibilityRule[]} rules
 * @param {...unknown} values of the rules' fields, in the same order
 */
export function applyVisibility(rules, ...values) {
  rules.forEach(({ trigger_id, group, hidden_values }, index) => {
    const id = `unused-${trigger_id}`;
    const found = document.getElementById(id);
    const sheet = found ?? document.head.appendChild(element('style', { id }));
    const selector = `[id^='${group}']:not([id='${trigger_id}'])`;
    const isHidden = hidden_values.includes(values[index]);
    sheet.textContent = isHidden ? `${selector} { display: none !important; }` : '';
  });
}
