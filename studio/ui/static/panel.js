// The studio's own page: deploying, and what costs many pictures, asked about before it is done.
import { asked, line } from './dialogs.js';
import { deploy, rollBack, takeDown } from './deploying.js';
import { t } from './i18n.js';
import { element } from './parts.js';

const channel = () => document.querySelector('#channel input, #channel textarea').value.trim() || 'live';
const ACTS = {
  deploy: ({ slug, number }) => deploy(slug, Number(number), channel()),
  rollback: ({ slug }) => rollBack(slug, channel()),
  'take-down': ({ slug }) => takeDown(slug, channel()),
};

async function act(id) {
  const theme = document.querySelector('#served [data-slug]');
  const told = document.querySelector('#deploy-refused') ?? element('p', { id: 'deploy-refused', className: 'notice notice-error', role: 'alert' });
  told.remove();
  if (!theme) return;
  try {
    if (await ACTS[id](theme.dataset)) document.querySelector('#deploy-shown').click();
  } catch (error) {
    // Beside what Gradio shows, not in it.
    told.textContent = error.message;
    document.querySelector('#findings').after(told);
  }
}

document.addEventListener('click', (event) => {
  const pressed = event.target.closest('#deploy, #rollback, #take-down');
  if (pressed) act(pressed.id);
});

// A sweep says what it takes, and is begun when that is confirmed.
document.addEventListener('studio-sweep', ({ detail }) => asked({
  title: [t('studio.sweep_run')], content: [line(detail)], label: t('page.begin'),
  act: async () => document.querySelector('#sweep-run').click(),
}));
