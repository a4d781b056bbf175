/**
 * The shell of every page: the activity tray, the account menu, keys and the command palette, and whether
 * the server still answers.
 */
import { find, findAll } from '../lib/dom.js';
import { hintKey } from '../lib/keys.js';
import { markReady } from '../lib/ready.js';
import { mountActivityTray } from './activity-tray.js';
import { mountColorSchemeMenu } from './color-scheme-menu.js';
import { watchConnection } from './connection.js';
import { mountKeyCommands } from './key-commands.js';

/** Dialogs are loaded when they are opened. */
async function openPalette() {
  (await import('./palette.js')).openPalette();
}

async function showShortcuts() {
  (await import('./shortcuts.js')).showShortcuts();
}

mountActivityTray(find(document, '.activity', HTMLElement));
mountColorSchemeMenu(find(document, '#color-scheme', HTMLElement));
for (const button of findAll(document, '#palette-open, #more-palette', HTMLElement)) {
  button.addEventListener('click', openPalette);
}
hintKey(find(document, '#palette-open', HTMLElement), 'palette');
find(document, '#shortcuts-open', HTMLElement).addEventListener('click', showShortcuts);
mountKeyCommands();
watchConnection();
markReady('.topbar > button, .menu');
