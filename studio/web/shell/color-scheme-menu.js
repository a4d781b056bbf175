/** The choice between light, dark and the system's color scheme, in the account menu. */
import { findAll } from '../lib/dom.js';
import { STORAGE_KEYS } from '../lib/storage.js';

const SYSTEM = 'system';

/**
 * Shows the stored choice, and stores another one; `pages/color-scheme.js` applies it.
 *
 * @param {ParentNode} root holds a radio button for each of system, light and dark
 */
export function mountColorSchemeMenu(root) {
  const stored = localStorage.getItem(STORAGE_KEYS.colorScheme) ?? SYSTEM;
  for (const radio of findAll(root, 'input[type=radio]', HTMLInputElement)) {
    radio.checked = radio.value === stored;
    radio.addEventListener('change', () => {
      if (radio.value === SYSTEM) localStorage.removeItem(STORAGE_KEYS.colorScheme);
      else localStorage.setItem(STORAGE_KEYS.colorScheme, radio.value);
      document.dispatchEvent(new Event('color-scheme'));
    });
  }
}
