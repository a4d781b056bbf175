/**
 * Models: where each is, which cannot be used and why, and downloads.
 *
 * @typedef {keyof typeof KIND_NAMES} ModelKind
 * @typedef {object} Model
 * @property {ModelKind} kind
 * @property {string} name
 * @property {string} family
 * @property {number} size_bytes
 * @property {string | null} sha256 null while it is being computed
 * @property {string[]} trigger_words
 * @property {keyof typeof TIER_NAMES} tier
 * @property {string | null} preview the address of the preview image, where there is one
 * @typedef {object} Download
 * @property {string} name
 * @property {ModelKind} kind
 * @property {number} bytes
 * @property {number} downloaded_bytes
 * @property {'running' | 'done' | 'failed'} state
 * @property {string} message why it failed, empty otherwise
 */
import { element, find, formQuery, onSubmit, untranslated } from '../lib/dom.js';
import { showError, withErrorDisplay } from '../lib/errors.js';
import { megabytes } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';
import { row } from '../lib/table.js';

const TIER_NAMES = {
  device: t('page.models.location_device'),
  ram: t('page.models.location_ram'),
  disk: t('page.models.location_disk'),
};
const KIND_NAMES = {
  checkpoint: t('page.models.kind_checkpoint'),
  controlnet: t('page.models.kind_controlnet'),
  lora: t('page.models.kind_lora'),
  vae: t('page.models.kind_vae'),
  detector: t('page.models.kind_detector'),
};
const MODELS = `${API}/models`;
const POLL_MS = 1000;
let isHashing = false;
const form = find(document, '#download', HTMLFormElement);
const downloadRows = find(document, '#downloads', HTMLElement);

async function show() {
  const models = /** @type {Model[]} */ (await getJson(MODELS));
  const downloads = /** @type {Download[]} */ (await getJson(`${MODELS}/downloads`));
  isHashing = models.some(({ sha256 }) => sha256 === null);
  const count = t('page.models.count', { count: models.length });
  find(document, '#count', HTMLElement).textContent = count;
  find(document, '#models', HTMLElement).replaceChildren(...models.map(modelRow));
  downloadRows.replaceChildren(...downloads.reverse().map(downloadRow));
}

/** @param {Model} model */
function modelRow(model) {
  const { kind, name, family, size_bytes, sha256, trigger_words, tier, preview } = model;
  return row(
    KIND_NAMES[kind],
    preview ? element('img', { src: preview, alt: '', loading: 'lazy' }) : '',
    untranslated(name),
    family === 'unknown' ? t('page.models.family_unknown') : untranslated(family),
    megabytes(size_bytes),
    TIER_NAMES[tier],
    untranslated(trigger_words.join(', ')),
    sha256
      ? element('code', { translate: false }, sha256.slice(0, 10))
      : t('page.models.hash_pending'),
  );
}

/** @param {Download} download */
function downloadRow({ kind, name, bytes, downloaded_bytes, state, message }) {
  const percent = bytes ? Math.round((100 * downloaded_bytes) / bytes) : 100;
  const fill = element('i');
  fill.style.width = `${percent}%`;
  const bar = element(
    'div',
    {
      className: 'bytes',
      role: 'progressbar',
      ariaValueNow: String(percent),
      ariaLabel: name,
    },
    fill,
  );
  const states = {
    running: t('page.models.percent_of', { percent, size: megabytes(bytes) }),
    done: t('page.models.downloaded'),
    failed: message,
  };
  return row(KIND_NAMES[kind], untranslated(name), bar, states[state]);
}

async function startDownload() {
  const button = find(form, 'button', HTMLButtonElement);
  button.disabled = true;
  await withErrorDisplay(async () => {
    await postJson(`${MODELS}/downloads`, Object.fromEntries(formQuery(form)));
    await show();
  });
  button.disabled = false;
}

async function scan() {
  const problems = /** @type {string[]} */ (await getJson(`${MODELS}/problems`));
  const lines = problems.length ? problems : [t('page.models.all_usable')];
  const items = lines.map((line) => element('li', {}, line));
  find(document, '#problems', HTMLElement).replaceChildren(...items);
  await show();
}

onSubmit(form, startDownload);
find(document, '#scan', HTMLElement).addEventListener('click', () => withErrorDisplay(scan));
await withErrorDisplay(show);
poll(show, {
  every: POLL_MS,
  onError: showError,
  paused: () => document.hidden || (!isHashing && !downloadRows.children.length),
});
