// Models: where each is, what cannot be used, and how far downloads are.
import { answer, element, megabytes, row, said, t } from './pages.js';

const WHERE = { device: t('page.models.on_the_device'), ram: t('page.models.in_ram'), disk: t('page.models.on_disk') };
const KINDS = {
  checkpoint: t('page.models.kind_checkpoint'), controlnet: t('page.models.kind_controlnet'), lora: t('page.models.kind_lora'),
  vae: t('page.models.kind_vae'), detector: t('page.models.kind_detector'),
};
const form = document.querySelector('#pull');
const told = document.querySelector('#told');

async function show() {
  const { models, pulls } = await answer(await fetch('/models/list'));
  document.querySelector('#count').textContent = t('page.models.count', { count: models.length });
  document.querySelector('#models').replaceChildren(...models.map((each) => row(
    KINDS[each.kind], each.picture ? element('img', { src: pictureOf(each), alt: '', loading: 'lazy' }) : '',
    said(each.name), each.family === 'unknown' ? t('page.models.family_unknown') : said(each.family), megabytes(each.bytes), WHERE[each.where],
    said(each.triggers.join(', ')),
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
  const state = { running: t('page.models.percent_of', { percent: share, size: megabytes(pull.bytes) }), done: t('page.models.here'), failed: pull.message }[pull.state];
  return row(KINDS[pull.kind], said(pull.name), bar, state);
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
  const lines = problems.length ? problems : [t('page.models.all_can_be_used')];
  document.querySelector('#problems').replaceChildren(...lines.map((line) => element('li', {}, line)));
  await show();
});

await show();
setInterval(() => {
  if (!document.hidden && document.querySelector('#pulls').children.length) show();
}, 1000);
