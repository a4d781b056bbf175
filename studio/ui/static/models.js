// Models: where each is, what cannot be used, and how far downloads are.
import { answer, element, megabytes, row } from './pages.js';

const WHERE = { device: 'on the device', ram: 'in RAM', disk: 'on disk' };
const form = document.querySelector('#pull');
const told = document.querySelector('#told');

async function show() {
  const { models, pulls } = await answer(await fetch('/models/list'));
  document.querySelector('#count').textContent = `${models.length} models can be used`;
  document.querySelector('#models').replaceChildren(...models.map((each) => row(
    each.kind, each.picture ? element('img', { src: pictureOf(each), alt: '', loading: 'lazy' }) : '',
    element('span', { translate: false }, each.name), each.family, megabytes(each.bytes), WHERE[each.where],
    element('span', { translate: false }, each.triggers.join(', ')),
    element('code', { translate: false }, each.sha256.slice(0, 10)),
  )));
  document.querySelector('#pulls').replaceChildren(...pulls.reverse().map(pullRow));
}

function pictureOf(model) {
  return `/models/picture/${model.kind}/${encodeURIComponent(model.name)}`;
}

function pullRow(pull) {
  const share = pull.bytes ? Math.round((100 * pull.fetched) / pull.bytes) : 100;
  const bar = element('div', { className: 'bytes', role: 'progressbar', ariaValueNow: share, ariaLabel: pull.name }, element('i'));
  bar.firstChild.style.width = `${share}%`;
  const state = { running: `${share} % of ${megabytes(pull.bytes)}`, done: 'here', failed: pull.message }[pull.state];
  return row(pull.kind, pull.name, bar, state);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const wish = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
  form.lastElementChild.disabled = true;
  try {
    await answer(await fetch('/models/pull', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Studio': 'models' },
      body: JSON.stringify(wish),
    }));
    await show();
  } catch (error) {
    told.textContent = error.message;
  }
  form.lastElementChild.disabled = false;
});

document.querySelector('#scan').addEventListener('click', async () => {
  const problems = await answer(await fetch('/models/problems'));
  const lines = problems.length ? problems : ['Every model in the folders can be used.'];
  document.querySelector('#problems').replaceChildren(...lines.map((line) => element('li', {}, line)));
  await show();
});

await show();
setInterval(() => {
  if (!document.hidden && document.querySelector('#pulls').children.length) show();
}, 1000);
