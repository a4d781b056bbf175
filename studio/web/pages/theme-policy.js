/** The moderation policy of a theme. */
import { PolicyForm } from '../components/policy-form.js';
import { detailsStates, loadTheme } from '../components/theme-details.js';
import { stateChips } from '../components/theme-states.js';
import { part } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { markReady } from '../lib/ready.js';

const slug = part('#main').dataset.slug ?? '';
const form = new PolicyForm(slug);
markReady();
await withErrorDisplay(async () => {
  await form.load();
  part('#theme-states').replaceChildren(stateChips(detailsStates(await loadTheme(slug))));
});
