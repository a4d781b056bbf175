/**
 * API keys: clients with their limits. A key is shown once, when it is made.
 *
 * @typedef {'generate' | 'admin' | 'metrics'} Scope
 * @typedef {object} Client
 * @property {string} name
 * @property {string} channel
 * @property {number} requests_per_minute
 * @property {number} max_concurrent_requests
 * @property {number | null} requests_per_day null for no limit
 * @property {Scope[]} scopes
 * @typedef {{ client: Client, created_at: string, used_at: string | null }} ApiKey
 */
import { button, labelled, switchRow } from '../components/admin-rows.js';
import { confirmAction, paragraph } from '../components/dialogs.js';
import { element, find, part, untranslated } from '../lib/dom.js';
import { onPress, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { formatNumber, t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';
import { timeAgo } from '../lib/relative-time.js';
import { row, setRows, timeElement } from '../lib/table.js';

const API_KEYS = `${API}/api-keys`;
/** @type {Record<Scope, [name: string, help: string]>} */
const SCOPES = {
  generate: [t('page.api_keys.scope_generate'), t('page.api_keys.scope_generate_help')],
  admin: [t('page.api_keys.scope_admin'), t('page.api_keys.scope_admin_help')],
  metrics: [t('page.api_keys.scope_metrics'), t('page.api_keys.scope_metrics_help')],
};
const SCOPE_NAMES = /** @type {Scope[]} */ (Object.keys(SCOPES));
/** @type {Client} what a new client may do unless that is changed */
const NEW_CLIENT = {
  name: '',
  channel: 'live',
  requests_per_minute: 60,
  max_concurrent_requests: 10,
  requests_per_day: null,
  scopes: ['generate'],
};

/**
 * @param {number | null} value
 * @param {boolean} [required]
 */
function numberInput(value, required = true) {
  return element('input', {
    type: 'number',
    min: '1',
    step: '1',
    value: String(value ?? ''),
    required,
  });
}

/** The fields of a client. */
class ClientForm {
  #name;
  #channel;
  #perMinute;
  #concurrent;
  #perDay;
  /** @type {Map<Scope, HTMLInputElement>} */
  #scopes;

  /** @param {Client} client */
  constructor(client) {
    const { name, channel, scopes } = client;
    const pattern = '[a-z0-9][a-z0-9-]{0,62}';
    const isNew = name === '';
    this.#name = element('input', { value: name, required: true, maxLength: 63, pattern });
    this.#name.readOnly = !isNew;
    this.#channel = element('input', { value: channel, required: true, maxLength: 63, pattern });
    this.#perMinute = numberInput(client.requests_per_minute);
    this.#concurrent = numberInput(client.max_concurrent_requests);
    this.#perDay = numberInput(client.requests_per_day, false);
    this.#scopes = new Map(
      SCOPE_NAMES.map((scope) => [
        scope,
        element('input', { type: 'checkbox', checked: scopes.includes(scope) }),
      ]),
    );
    const switches = SCOPE_NAMES.map((scope) =>
      switchRow(/** @type {HTMLInputElement} */ (this.#scopes.get(scope)), ...SCOPES[scope]),
    );
    const legend = element('legend', {}, t('page.api_keys.scopes'));
    const numbers = element(
      'div',
      { className: 'three' },
      labelled(t('page.api_keys.per_minute'), this.#perMinute),
      labelled(t('page.api_keys.concurrent'), this.#concurrent),
      labelled(t('page.api_keys.per_day'), this.#perDay, t('page.api_keys.per_day_help')),
    );
    this.content = [
      labelled(t('page.name'), this.#name, isNew ? t('page.api_keys.name_help') : ''),
      element('fieldset', {}, legend, ...switches),
      labelled(t('page.api_keys.channel'), this.#channel, t('page.api_keys.channel_help')),
      numbers,
    ];
  }

  /** @returns {Client} */
  get client() {
    return {
      name: this.#name.value.trim(),
      channel: this.#channel.value.trim(),
      requests_per_minute: Number(this.#perMinute.value),
      max_concurrent_requests: Number(this.#concurrent.value),
      requests_per_day: this.#perDay.value ? Number(this.#perDay.value) : null,
      scopes: SCOPE_NAMES.filter((scope) => this.#scopes.get(scope)?.checked),
    };
  }

  get isComplete() {
    const { name, scopes } = this.client;
    return name !== '' && scopes.length > 0;
  }
}

/** @param {Client} client */
function limitsText({ requests_per_minute, max_concurrent_requests, requests_per_day }) {
  return [
    t('page.api_keys.limit_minute', { count: formatNumber(requests_per_minute) }),
    t('page.api_keys.limit_concurrent', { count: formatNumber(max_concurrent_requests) }),
    requests_per_day === null
      ? t('page.api_keys.limit_day_none')
      : t('page.api_keys.limit_day', { count: formatNumber(requests_per_day) }),
  ].join(' · ');
}

class ApiKeysPage {
  start() {
    onPress(part('#add'), () => this.#create());
    markReady();
    return withErrorDisplay(() => this.#load());
  }

  async #load() {
    const keys = /** @type {ApiKey[]} */ (await getJson(API_KEYS));
    setRows(
      part('#rows'),
      keys.map((key) => this.#row(key)),
      t('page.api_keys.empty'),
    );
    part('#count').textContent = t('page.api_keys.count', { count: keys.length });
  }

  /** @param {ApiKey} key */
  #row({ client, created_at, used_at }) {
    const scopes = SCOPE_NAMES.filter((scope) => client.scopes.includes(scope)).map((scope) =>
      element('span', { className: 'chip', title: SCOPES[scope][1] }, SCOPES[scope][0]),
    );
    const buttons = [
      button(t('page.api_keys.edit'), () => this.#edit(client)),
      button(t('page.api_keys.rotate'), () => this.#rotate(client)),
      button(t('page.api_keys.revoke'), () => this.#revoke(client), 'danger'),
    ];
    return row(
      element('b', {}, untranslated(client.name)),
      element('div', { className: 'chips' }, ...scopes),
      untranslated(client.channel),
      limitsText(client),
      used_at ? timeAgo(used_at) : t('page.people.never'),
      timeElement(created_at, { dateStyle: 'medium' }),
      element('div', { className: 'row-actions' }, ...buttons),
    );
  }

  async #create() {
    const form = new ClientForm(NEW_CLIENT);
    await this.#withNewKey({
      title: t('page.api_keys.create'),
      content: form.content,
      label: t('page.api_keys.create'),
      canConfirm: () => form.isComplete,
      action: () => postJson(API_KEYS, form.client),
    });
  }

  /** @param {Client} client */
  async #edit(client) {
    const form = new ClientForm(client);
    const url = `${API_KEYS}/${client.name}`;
    await this.#change({
      title: t('page.api_keys.edit_title', { name: client.name }),
      content: form.content,
      label: t('page.api_keys.save'),
      canConfirm: () => form.isComplete,
      action: () => postJson(url, form.client, { method: 'PUT' }),
    });
  }

  /** @param {Client} client */
  async #rotate({ name }) {
    await this.#withNewKey({
      title: t('page.api_keys.rotate_title', { name }),
      content: [paragraph(t('page.api_keys.rotate_help'))],
      label: t('page.api_keys.rotate'),
      danger: true,
      action: () => postJson(`${API_KEYS}/${name}/rotate`),
    });
  }

  /** @param {Client} client */
  async #revoke({ name }) {
    await this.#change({
      title: t('page.api_keys.revoke_title', { name }),
      content: [paragraph(t('page.api_keys.revoke_help'))],
      label: t('page.api_keys.revoke'),
      danger: true,
      action: () => postJson(`${API_KEYS}/${name}`, {}, { method: 'DELETE' }),
    });
  }

  /** @param {import('../components/dialogs.js').Confirmation} confirmation whose answer has a key */
  async #withNewKey(confirmation) {
    /** @type {{ client: Client, key: string } | null} */
    let made = null;
    await this.#change({
      ...confirmation,
      action: async () => {
        made = /** @type {{ client: Client, key: string }} */ (await confirmation.action());
      },
    });
    if (made) showKey(made);
  }

  /** @param {import('../components/dialogs.js').Confirmation} confirmation */
  async #change(confirmation) {
    if (await confirmAction(confirmation)) await withErrorDisplay(() => this.#load());
  }
}

/**
 * The only time that a key can be read.
 *
 * @param {{ client: Client, key: string }} made
 */
function showKey({ client, key }) {
  const dialog = find(document, '#new-key', HTMLDialogElement);
  const input = find(dialog, 'input', HTMLInputElement);
  const status = find(dialog, '[role=status]', HTMLElement);
  const title = t('page.api_keys.new_key', { name: client.name });
  find(dialog, 'h2', HTMLElement).textContent = title;
  input.value = key;
  status.textContent = '';
  find(dialog, '[data-action=copy]', HTMLButtonElement).onclick = async () => {
    input.select();
    // Browsers give pages without HTTPS no clipboard: the key is selected then.
    const isCopied = await navigator.clipboard?.writeText(key).then(
      () => true,
      () => false,
    );
    status.textContent = isCopied ? t('page.api_keys.copied') : t('page.api_keys.copy_yourself');
  };
  find(dialog, '[data-action=close]', HTMLButtonElement).onclick = () => dialog.close();
  dialog.onclose = () => {
    input.value = '';
  };
  dialog.showModal();
  input.select();
}

await new ApiKeysPage().start();
