/** Keys that run commands: those of the registry that have one, wherever the focus is. */
import { closest } from '../lib/dom.js';
import { isPressed, KEYS, TEXT_FIELDS } from '../lib/keys.js';
import { COMMANDS, offered, press } from './commands.js';

const isWithControl = (/** @type {string} */ key) => key.startsWith('Ctrl+');

/**
 * @param {KeyboardEvent} event
 * @param {(key: string) => boolean} counts whether a key of the registry is looked at
 */
function runCommand(event, counts) {
  if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
  for (const { keys, command } of KEYS) {
    if (!command || !keys.some((key) => counts(key) && isPressed(event, key))) continue;
    const selector = COMMANDS.find(({ id }) => id === command)?.selector;
    const control = selector && offered(selector);
    if (!control) continue;
    event.preventDefault();
    event.stopPropagation();
    press(control);
    return;
  }
}

/** Listens for as long as the page is open. */
export function mountKeyCommands() {
  // Before a field takes the key: Gradio's prompt takes Ctrl+Enter like Enter.
  document.addEventListener('keydown', (event) => runCommand(event, isWithControl), {
    capture: true,
  });
  document.addEventListener('keydown', (event) => {
    if (!closest(event, TEXT_FIELDS)) runCommand(event, (key) => !isWithControl(key));
  });
}
