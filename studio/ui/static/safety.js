// Safety: words and pictures tried, own words, a theme's policy, the record and its reviews.
import { answer, ask, element, fill, row, said, send, t, time, tried } from './pages.js';

const found = (id) => document.querySelector(id);
const [words, list, policy, pictures, filter] = ['#words', '#list-form', '#policy', '#pictures', '#filter'].map(found);
const OWN = { 'X-Studio': 'page' };
const STAGES = {
  words: t('page.safety.stage_words'), upload: t('page.safety.stage_upload'), doodle: t('page.safety.stage_doodle'),
  picture: t('page.safety.stage_image'),
};
const VERDICTS = {
  block: t('page.safety.verdict_block'), mask: t('page.safety.verdict_mask'), flag: t('page.safety.verdict_flag'),
  pass: t('page.safety.verdict_pass'), withheld: t('page.safety.verdict_withheld'), released: t('page.safety.verdict_released'),
};
let scored = [];
let next = null;

function onSubmit(form, act) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    tried(act);
  });
}

onSubmit(words, async () => {
  const text = words.text.value;
  const verdict = await send('/safety/words', { text });
  const matches = verdict.matches.map((each) => element('li', {}, element('b', {}, VERDICTS[each.severity]), ' ', said(`${each.entry} ← ${[...text].slice(each.start, each.end).join('')}`)));
  found('#verdict').replaceChildren(
    element('b', {}, VERDICTS[verdict.severity ?? 'pass']),
    element('ul', {}, ...matches),
    ...(verdict.severity === 'mask' ? [t('page.safety.what_is_drawn', { prompt: verdict.masked })] : []),
  );
});

onSubmit(list, async () => {
  const body = JSON.stringify({ text: list.text.value });
  const kept = await answer(await fetch('/safety/list', { method: 'PUT', body, headers: { ...OWN, 'Content-Type': 'application/json' } }));
  found('#list-told').textContent = t('page.safety.entries_count', { count: kept.entries });
});

// Nothing can be changed until what it would be changed from is there.
async function showPolicy() {
  const slug = policy.slug.value;
  for (const field of policy.elements) field.disabled = field !== policy.slug;
  const shown = await ask(`/safety/policy/${slug}`);
  if (slug !== policy.slug.value) return;
  for (const field of policy.elements) field.disabled = false;
  policy.dataset.number = shown.number;
  for (const [name, value] of Object.entries(shown.policy)) {
    const field = policy.elements[name];
    if (field.type === 'checkbox') field.checked = value;
    else field.value = value;
  }
  pictures.threshold.value = shown.policy.threshold;
  drawScores();
  found('#policy-told').textContent = '';
}

onSubmit(policy, async () => {
  const wish = Object.fromEntries(['words', 'doodles', 'pictures', 'refill', 'uploads', 'keep_words'].map((name) => [name, policy.elements[name].checked]));
  wish.threshold = Number(policy.threshold.value);
  wish.margin = Number(policy.margin.value);
  wish.moderation = policy.moderation.value;
  wish.negative_prompt = policy.negative_prompt.value;
  const saved = await send(`/safety/policy/${policy.slug.value}?number=${policy.dataset.number}`, wish);
  policy.dataset.number = saved.number;
  found('#policy-told').textContent = t('page.safety.saved_as_version', { number: saved.number });
});
policy.slug.addEventListener('change', () => tried(showPolicy));

// One after another: the judge is one, and a folder may be long.
pictures.files.addEventListener('change', () => tried(async () => {
  for (const each of scored) URL.revokeObjectURL(each.address);
  scored = [];
  for (const file of pictures.files.files) {
    const told = await answer(await fetch('/safety/picture', { method: 'POST', body: file, headers: OWN }));
    if (told.error) throw new Error(told.error);
    scored.push({ name: file.name, score: told.scores.nsfw, address: URL.createObjectURL(file) });
    drawScores();
  }
}));
pictures.threshold.addEventListener('input', drawScores);

const BINS = 20;
function drawScores() {
  const limit = Number(pictures.threshold.value);
  const counts = Array(BINS).fill(0);
  for (const each of scored) counts[Math.min(BINS - 1, Math.floor(each.score * BINS))] += 1;
  const most = Math.max(1, ...counts);
  found('#bars').replaceChildren(...counts.map((count, index) => {
    const bar = element('i', { className: (index + 0.5) / BINS > limit ? 'over' : '', title: `${(index / BINS).toFixed(2)}: ${count}` });
    bar.style.height = `${(100 * count) / most}%`;
    return bar;
  }));
  const over = scored.filter((each) => each.score > limit).length;
  found('#withheld').textContent = scored.length ? t('page.safety.withheld_at', { count: over, total: scored.length, threshold: limit.toFixed(2) }) : '';
  found('#scored').replaceChildren(...[...scored].sort((a, b) => b.score - a.score).map((each) => element('figure', { className: each.score > limit ? 'over' : '' },
    element('img', { src: each.address, alt: each.name }), element('figcaption', { translate: false }, each.score.toFixed(3)))));
}

async function showRecord(anew) {
  const fields = [...new FormData(filter)].filter(([, value]) => value);
  const asked = new URLSearchParams(fields);
  if (!anew && next !== null) asked.set('before', next);
  const page = await ask(`/safety/record?${asked}`);
  next = page.next;
  found('#export').href = `/safety/record.jsonl?${new URLSearchParams(fields)}`;
  found('#more').hidden = next === null;
  const rows = page.rows.map(recorded);
  if (anew) fill(found('#rows'), rows, t('page.nothing_fits'));
  else found('#rows').append(...rows);
}

function recorded({ id, judged, review }) {
  const cell = element('span', {}, ...(review ? reviewed(review) : [reviewButton(id, judged)]));
  return row(time(judged.created, { dateStyle: 'short', timeStyle: 'medium' }), said(judged.client), said(`${judged.theme} ${judged.version ?? ''}${judged.letter}`),
    STAGES[judged.stage], VERDICTS[judged.verdict], said(judged.reason), said(judged.said), cell);
}

const reviewed = (review) => [element('b', {}, review.wrong ? t('page.safety.wrong') : t('page.safety.right')), ' ', said(`${review.note}${review.reviewer ? ` (${review.reviewer})` : ''}`)];

// A client's withheld picture can be shown all the same, now or after it is drawn once more.
function reviewButton(id, judged) {
  const open = element('button', { type: 'button' }, t('page.safety.review'));
  open.addEventListener('click', () => {
    const note = element('input', { maxLength: 500, required: true, ariaLabel: t('page.safety.why') });
    const choices = [[t('page.safety.right'), false, false], [t('page.safety.wrong'), true, false]];
    if (judged.verdict === 'withheld' && judged.client !== 'studio') choices.push([t('page.safety.wrong_show_it'), true, true]);
    const acts = choices.map(([name, wrong, release]) => {
      const button = element('button', { type: 'button' }, name);
      button.addEventListener('click', () => note.reportValidity() && tried(async () => {
        const kept = await send(`/safety/record/${id}/review`, { wrong, note: note.value, release });
        form.replaceWith(...reviewed({ wrong, note: note.value, reviewer: kept.reviewer }));
      }));
      return button;
    });
    const form = element('span', { className: 'acts' }, note, ...acts);
    open.replaceWith(form);
    note.focus();
  });
  return open;
}

filter.addEventListener('input', () => tried(() => showRecord(true)));
onSubmit(filter, () => showRecord(true));
found('#more').addEventListener('click', () => tried(() => showRecord(false)));

tried(async () => {
  const themes = await ask('/themes/list');
  policy.slug.replaceChildren(...themes.map((each) => element('option', { value: each.slug, translate: false }, each.name)));
  await showPolicy();
  list.text.value = (await ask('/safety/list')).text;
  await showRecord(true);
});
