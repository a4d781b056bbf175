/** The studio page: deployments are confirmed in a dialog before they are done. */
import { deploy, rollBack, takeDown } from '../components/deployment-dialogs.js';
import { closest, element, find } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';

/** @returns {string} as it is typed in the deploy panel */
function channel() {
  const input = document.querySelector('#channel input, #channel textarea');
  const isText = input instanceof HTMLInputElement || input instanceof HTMLTextAreaElement;
  return (isText && input.value.trim()) || 'live';
}

/** @type {Readonly<Record<string, (slug: string, number: number) => Promise<boolean>>>} */
const ACTIONS = {
  deploy: (slug, number) => deploy(slug, number, channel()),
  rollback: (slug) => rollBack(slug, channel()),
  'take-down': (slug) => takeDown(slug, channel()),
};

/** @param {string} id of the button that was pressed */
async function changeDeployment(id) {
  document.querySelector('#deploy-error')?.remove();
  const served = document.querySelector('#deployments [data-slug]');
  if (!(served instanceof HTMLElement)) return;
  const { slug = '', number } = served.dataset;
  try {
    const isDone = await ACTIONS[id](slug, Number(number));
    if (isDone) find(document, '#show-deployed', HTMLElement).click();
  } catch (error) {
    // Beside what Gradio shows, not in it.
    const alert = element('p', { className: 'notice notice-error', role: 'alert' });
    alert.id = 'deploy-error';
    alert.textContent = errorText(error);
    find(document, '#findings', HTMLElement).after(alert);
  }
}

document.addEventListener('click', (event) => {
  const button = closest(event, '#deploy, #rollback, #take-down');
  if (button) changeDeployment(button.id);
});
