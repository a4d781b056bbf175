/** The studio page: sweeps are confirmed in a dialog before they are rendered. */
import { confirmAction, paragraph } from '../components/dialogs.js';
import { find } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/**
 * Asks before a sweep; `studio/ui/sweep_panel.py` calls this by name. Returns at once, since Gradio waits.
 *
 * @param {string} cost what the sweep renders, in a sentence; empty where there is no valid sweep
 */
export function confirmSweep(cost) {
  if (!cost) return;
  confirmAction({
    title: t('studio.sweep_run'),
    content: [paragraph(cost)],
    label: t('page.start'),
    action: async () => find(document, '#sweep-run', HTMLElement).click(),
  });
}
