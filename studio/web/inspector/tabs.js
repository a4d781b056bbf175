/**
 * The tabs of the inspector: all four recipes, and each by itself. Arrow keys move between them.
 *
 * @import { Change } from './changes.js'
 * @import { Preset } from './types.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { SLOTS } from './types.js';

const TABS = ['All', ...SLOTS];

/**
 * @param {HTMLElement} panel that shows what is chosen
 * @param {(tab: string) => void} onChoose
 */
export function buildTabs(panel, onChoose) {
  let chosen = '';
  const buttons = TABS.map((tab) => {
    const button = element('button', { type: 'button', role: 'tab', id: `tab-${tab}` });
    button.append(tab === 'All' ? t('studio.inspector_all') : tab);
    button.addEventListener('click', () => choose(tab));
    return button;
  });
  const root = element(
    'div',
    { className: 'tabs', role: 'tablist', ariaLabel: t('studio.inspector') },
    ...buttons,
  );
  panel.id = 'recipe-panel';
  panel.setAttribute('role', 'tabpanel');
  root.addEventListener('keydown', (event) => {
    const moves = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 });
    if (!(event.key in moves)) return;
    event.preventDefault();
    const next = (TABS.indexOf(chosen) + moves[event.key] + TABS.length) % TABS.length;
    choose(TABS[next]);
    buttons[next].focus();
  });

  /** @param {string} tab */
  function choose(tab) {
    chosen = tab;
    buttons.forEach((button, index) => {
      const isChosen = TABS[index] === tab;
      button.setAttribute('aria-selected', String(isChosen));
      button.setAttribute('aria-controls', panel.id);
      button.tabIndex = isChosen ? 0 : -1;
    });
    panel.setAttribute('aria-labelledby', `tab-${tab}`);
    onChoose(tab);
  }

  /**
   * Marks the recipes that were changed or are invalid, and names them.
   *
   * @param {Preset} preset
   * @param {readonly Change[]} changes
   * @param {ReadonlyMap<string, string>} errors
   */
  function update(preset, changes, errors) {
    const invalid = [...errors.keys()];
    SLOTS.forEach((slot, index) => {
      const button = buttons[index + 1];
      button.title = String(preset.recipes[slot].name ?? '');
      button.classList.toggle(
        'changed',
        changes.some((change) => change.slot === slot),
      );
      button.classList.toggle(
        'invalid',
        invalid.some((path) => path.startsWith(`recipes.${slot}`)),
      );
    });
  }

  return { root, choose, update, chosen: () => chosen };
}
