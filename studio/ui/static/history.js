// The history: asks for pages of variants as one scrolls, newest first.
import { answer, element, said, t, time } from './pages.js';

const form = document.querySelector('#filter');
const list = document.querySelector('#list');
const told = document.querySelector('#told');
const count = document.querySelector('#count');
const end = document.querySelector('#end');
const remove = document.querySelector('#delete');
const detail = document.querySelector('#detail');
const rows = new Map();
// Milliseconds until a page that could not be had is asked for again.
const RETRY = 3000;
let next = null;
let asking = false;
let turn = 0;

function wanted() {
  const fields = [...new FormData(form)].filter(([, value]) => value);
  return new URLSearchParams(fields);
}

// Asks for one more page; what was asked for before the list began anew is thrown away.
async function more() {
  if (asking) return;
  asking = true;
  const mine = turn;
  const asked = wanted();
  if (next !== null) asked.set('before', next);
  try {
    const page = await answer(await fetch(`/history/variants?${asked}`));
    if (mine !== turn) return;
    list.append(...page.rows.map(figure));
    next = page.next;
    end.textContent = next !== null ? '' : rows.size ? t('page.history.that_is_all') : t('page.nothing_fits');
    count.textContent = t('page.history.count', { count: `${rows.size}${next === null ? '' : '+'}` });
    told.textContent = '';
  } catch (error) {
    if (mine !== turn) return;
    told.textContent = error.message;
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
  if (mine !== turn) return;
  asking = false;
  if (next !== null) look();
}

// An observer tells of changes only; observed anew it says where the end stands now.
function look() {
  observer.unobserve(end);
  observer.observe(end);
}

function anew() {
  turn += 1;
  asking = false;
  next = null;
  rows.clear();
  list.replaceChildren();
  chosen();
  document.querySelector('#export').href = `/history/export?${wanted()}`;
  more();
}

function figure(row) {
  rows.set(row.id, row);
  const title = t('page.history.made_by', { preset: row.preset, slot: row.letter, seed: row.seed });
  const picture = element('img', { src: row.picture, alt: title, loading: 'lazy', decoding: 'async' });
  const open = element('button', { type: 'button', title: t('page.history.look_closer') }, picture);
  open.addEventListener('click', () => show(row));
  const box = element('input', { type: 'checkbox', value: row.id, ariaLabel: t('page.history.choose', { variant: title }) });
  box.addEventListener('change', chosen);
  const caption = element('figcaption', {}, element('b', {}, row.letter), element('span', { translate: false }, row.preset), box);
  return element('figure', {}, open, caption);
}

function chosenIds() {
  return [...list.querySelectorAll(':checked')].map((box) => Number(box.value));
}

function chosen() {
  const number = chosenIds().length;
  remove.disabled = number === 0;
  remove.textContent = number ? t('page.history.delete_count', { count: number }) : t('page.history.delete_chosen');
}

function show(row) {
  const version = row.version ? t('page.version_number', { number: row.version }) : t('page.history.not_saved');
  detail.querySelector('img').src = row.picture;
  detail.querySelector('img').alt = row.prompt;
  detail.querySelector('h2').textContent = t('page.history.recipe_of', { preset: row.preset, slot: row.letter });
  const facts = [
    [t('page.history.preset'), version],
    [t('page.history.prompt'), said(row.prompt)],
    [t('page.history.negative_prompt'), row.negative ? said(row.negative) : t('page.none')],
    [t('page.history.seed'), row.seed],
    [t('page.history.models'), said(row.models.join(', '))],
    [t('page.history.sampler'), t('page.history.sampler_steps', { sampler: row.recipe.sampler, steps: row.recipe.steps })],
    [t('page.history.guidance_scale'), row.recipe.guidance_scale],
    [t('page.history.strength'), row.recipe.strength],
    [t('page.history.made'), time(row.created, { dateStyle: 'medium', timeStyle: 'medium' })],
    [t('page.history.took'), t('page.duration_seconds', { count: row.seconds })],
  ];
  detail.querySelector('dl').replaceChildren(...facts.flatMap(([name, fact]) => [element('dt', {}, name), element('dd', {}, fact)]));
  const links = { restore: `/?variant=${row.id}`, run: `/?run=${row.run}`, picture: row.picture };
  for (const link of detail.querySelectorAll('[data-link]')) link.href = links[link.dataset.link];
  detail.showModal();
}

detail.querySelector('[data-act=close]').addEventListener('click', () => detail.close());

remove.addEventListener('click', async () => {
  const ids = chosenIds();
  if (!confirm(t('page.history.delete_for_good', { count: ids.length }))) return;
  try {
    await answer(await fetch('/history/delete', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Studio': 'history' },
      body: JSON.stringify({ ids }),
    }));
    anew();
  } catch (error) {
    told.textContent = error.message;
  }
});

form.addEventListener('input', anew);
form.addEventListener('submit', (event) => event.preventDefault());
// A busy page gets several entries at once: the last is the newest.
const observer = new IntersectionObserver((entries) => {
  if (entries.at(-1).isIntersecting && next !== null) more();
}, { rootMargin: '600px' });

// Names are not translated.
function verbatim(name, value) {
  return element('option', { value, translate: false }, name);
}

const choices = await answer(await fetch('/history/choices'));
for (const [slug, name] of choices.presets) form.preset.append(verbatim(name, slug));
for (const name of choices.models) form.model.append(verbatim(name, name));
for (const [name, value] of new URLSearchParams(location.search)) if (form[name]) form[name].value = value;
anew();
