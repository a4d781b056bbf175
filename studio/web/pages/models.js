/**
 * Models: what is installed, where each is and which themes use it; which files cannot be used; downloads.
 *
 * @import { Model, ModelKind, ThemeUse } from '../components/model-card.js'
 * @typedef {{ kind: ModelKind, name: string, themes: ThemeUse[] }} Usage
 * @typedef {object} Download
 * @property {string} name
 * @property {ModelKind} kind
 * @property {number} bytes
 * @property {number} downloaded_bytes
 * @property {'running' | 'done' | 'failed'} state
 * @property {string} message why it failed, empty otherwise
 * @typedef {{ name: string, files: number, bytes: number, disk_free: number }} Estimate
 */
import { confirmAction, paragraph } from '../components/dialogs.js';
import { filterModels, KIND_NAMES, KINDS, modelSections } from '../components/model-card.js';
import { element, find, formQuery, part, untranslated } from '../lib/dom.js';
import { onPress, onSend, showError, showErrorText, withErrorDisplay } from '../lib/errors.js';
import { fileSize } from '../lib/format.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';
import { markReady } from '../lib/ready.js';

const MODELS = `${API}/models`;
const POLL_MS = 1000;

class ModelsPage {
  #form = find(document, '#download', HTMLFormElement);
  #search = find(document, '#search', HTMLInputElement);
  #error = part('#download-error');
  /** @type {Model[]} */
  #models = [];
  /** @type {Map<string, ThemeUse[]> | null} by kind and name, null while it is not known */
  #usage = null;
  /** @type {ModelKind | ''} */
  #kind = '';
  /** What is shown, so that polling changes nothing that is the same. */
  #shown = '';
  #isDownloading = false;

  async start() {
    this.#search.addEventListener('input', () => this.#draw());
    onSend(this.#form, () => this.#download(), this.#error);
    onPress(part('#scan'), () => this.#scan());
    markReady();
    await withErrorDisplay(() => this.#load());
    await withErrorDisplay(() => this.#loadUsage());
    poll(() => this.#load(), {
      every: POLL_MS,
      onError: showError,
      paused: () => document.hidden || (!this.#isHashing && !this.#isDownloading),
    });
  }

  get #isHashing() {
    return this.#models.some(({ sha256 }) => sha256 === null);
  }

  async #load() {
    // Before the models: what is downloaded then is listed.
    const downloads = /** @type {Download[]} */ (await getJson(`${MODELS}/downloads`));
    this.#models = /** @type {Model[]} */ (await getJson(MODELS));
    this.#isDownloading = downloads.some(({ state }) => state === 'running');
    part('#downloads').replaceChildren(...downloads.reverse().map(downloadItem));
    this.#draw();
  }

  async #loadUsage() {
    const usage = /** @type {Usage[]} */ (await getJson(`${MODELS}/usage`));
    this.#usage = new Map(usage.map(({ kind, name, themes }) => [`${kind} ${name}`, themes]));
    this.#draw();
  }

  #draw() {
    const state = JSON.stringify([this.#models, this.#usage?.size, this.#kind, this.#search.value]);
    if (state === this.#shown) return;
    this.#shown = state;
    this.#drawKinds();
    const models = filterModels(this.#models, this.#search.value, this.#kind);
    const sections = modelSections(models, (model) =>
      this.#usage ? (this.#usage.get(`${model.kind} ${model.name}`) ?? []) : undefined,
    );
    const empty = this.#search.value ? t('page.no_matches') : t('page.models.empty');
    const shown = sections.length ? sections : [paragraph(empty)];
    part('#models').replaceChildren(...shown);
    part('#count').textContent = t('page.models.count', { count: models.length });
  }

  /** A radio button for all models and for each kind, with how many there are. */
  #drawKinds() {
    const fieldset = part('#kinds');
    const present = KINDS.filter((kind) => filterModels(this.#models, '', kind).length > 0);
    const chips = /** @type {(ModelKind | '')[]} */ (['', ...present]).map((kind) => {
      const count = filterModels(this.#models, '', kind).length;
      const label = kind
        ? t('page.models.filter_kind', { kind: KIND_NAMES[kind], count })
        : t('page.models.filter_all', { count });
      const checked = kind === this.#kind;
      const input = element('input', { type: 'radio', name: 'kind-filter', value: kind, checked });
      input.addEventListener('change', () => {
        this.#kind = kind;
        this.#draw();
        find(fieldset, ':checked', HTMLElement).focus();
      });
      return element('label', { className: 'chip' }, input, label);
    });
    fieldset.replaceChildren(find(fieldset, 'legend', HTMLElement), ...chips);
  }

  async #scan() {
    this.#error.textContent = '';
    const problems = /** @type {string[]} */ (await getJson(`${MODELS}/problems`));
    const lines = problems.length ? problems : [t('page.models.all_usable')];
    part('#problems').replaceChildren(...lines.map((line) => element('li', {}, line)));
    await this.#load();
  }

  /** Asks for the size, then whether it is wanted. */
  async #download() {
    const body = Object.fromEntries(formQuery(this.#form));
    showErrorText('');
    part('#problems').replaceChildren();
    const estimate = /** @type {Estimate} */ (await postJson(`${MODELS}/downloads/estimate`, body));
    await confirmDownload(estimate, async () => {
      await postJson(`${MODELS}/downloads`, body);
      await this.#load();
    });
  }
}

/**
 * @param {Estimate} estimate
 * @param {() => Promise<unknown>} action
 */
function confirmDownload({ name, files, bytes, disk_free }, action) {
  const size = fileSize(bytes);
  const facts = t('page.models.estimate', { name, files, size, free: fileSize(disk_free) });
  return confirmAction({
    title: t('page.models.confirm_download', { size }),
    content: [paragraph(facts)],
    label: t('page.models.download'),
    action,
  });
}

/** @param {Download} download */
function downloadItem({ kind, name, bytes, downloaded_bytes, state, message }) {
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
    running: t('page.models.percent_of', { percent, size: fileSize(bytes) }),
    done: t('page.models.downloaded'),
    failed: message,
  };
  const label = element('span', {}, KIND_NAMES[kind], ' ', untranslated(name));
  return element('li', { className: state }, label, bar, element('span', {}, states[state]));
}

await new ModelsPage().start();
