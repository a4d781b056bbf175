/** The shell of every page: the activity tray, the account menu, and whether the server still answers. */
import { find } from '../lib/dom.js';
import { mountActivityTray } from './activity-tray.js';
import { mountColorSchemeMenu } from './color-scheme-menu.js';
import { watchConnection } from './connection.js';

mountActivityTray(find(document, '.activity', HTMLElement));
mountColorSchemeMenu(find(document, '#color-scheme', HTMLElement));
watchConnection();
