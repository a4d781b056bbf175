/**
 * System: runs in progress, the queue, the engine's caches, versions, the end of the log.
 *
 * @typedef {object} ModelTier models of one kind in memory
 * @property {{ key: string, tier: 'device' | 'ram', pinned: boolean, bytes: number }[]} residents
 * @property {number} device_hits
 * @property {number} ram_hits
 * @property {number} misses
 * @typedef {{ entries: number, bytes: number, limit: number, hits: number, misses: number }} Cache
 * @typedef {Record<keyof typeof TIER_NAMES, ModelTier> & Record<keyof typeof CACHE_NAMES, Cache>} Engine
 * @typedef {object} Queue
 * @property {{ model: string, fair_share_tier: number, count: number, oldest_wait_seconds: number }[]} waiting
 * @property {number} running
 * @property {Record<keyof typeof ENDED_IDS, number>} ended
 * @property {Record<string, { wait?: number, render?: number, load?: number }>} mean_durations seconds by model
 * @typedef {object} Device
 * @property {string} device torch's name of it
 * @property {string} name
 * @property {number | null} memory_bytes
 * @property {string | null} precision
 * @property {string | null} attention
 * @property {string | null} problem of a graphics card that renders nothing
 * @typedef {object} Status
 * @property {{ request_id: string, theme_slug: string, pending_slots: string[] }[]} active_runs
 * @property {Queue} queue
 * @property {Engine | null} engine null until the first image
 * @property {Record<string, string>} versions
 * @property {Device | null} device null until it has been looked at
 * @property {string} data_dir
 * @property {number} disk_free bytes
 * @property {number} disk_total bytes
 * @property {string[]} recent_log
 */
import { watchTasks } from '../components/task-list.js';
import { element, find, untranslated } from '../lib/dom.js';
import { showError, showErrorText } from '../lib/errors.js';
import { megabytes } from '../lib/format.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';
import { row, setRows } from '../lib/table.js';

const TIER_NAMES = {
  base_models: t('page.system.base_models'),
  controlnets: t('page.system.controlnets'),
  vaes: t('page.system.vaes'),
};
const CACHE_NAMES = {
  embeddings: t('page.system.prompt_embeddings'),
  latents: t('page.system.start_latents'),
  control_maps: t('page.system.control_maps'),
  lora_files: t('page.system.lora_files'),
};
const LOCATION_NAMES = {
  device: t('page.models.location_device'),
  ram: t('page.models.location_ram'),
};
const ENDED_IDS = {
  done: 'page.system.finished_done',
  failed: 'page.system.finished_failed',
  withheld: 'page.system.finished_withheld',
  cancelled: 'page.system.finished_cancelled',
  expired: 'page.system.finished_expired',
};
const POLL_MS = 2000;

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

/**
 * @template {string} Key
 * @template Value
 * @param {Record<Key, Value>} record
 */
const entries = (record) => /** @type {[Key, Value][]} */ (Object.entries(record));

/**
 * @param {string} name
 * @param {ModelTier} tier
 */
function tierRow(name, { residents, device_hits, ram_hits, misses }) {
  const models = residents.map(({ key, tier, pinned }) => {
    const place = element('span', {}, LOCATION_NAMES[tier]);
    const state = element('b', {}, pinned ? t('page.system.in_use') : '');
    return element('div', {}, untranslated(key), ' ', place, ' ', state);
  });
  const bytes = residents.reduce((sum, each) => sum + each.bytes, 0);
  return row(
    name,
    models.length ? element('div', {}, ...models) : t('page.no_value'),
    megabytes(bytes),
    device_hits + ram_hits,
    misses,
  );
}

/**
 * @param {string} name
 * @param {Cache} cache
 */
function cacheRow(name, { entries, bytes, limit, hits, misses }) {
  const size = { bytes: megabytes(bytes), limit: megabytes(limit) };
  return row(name, entries, t('page.system.bytes_of_limit', size), hits, misses);
}

/** @param {Queue} queue */
function showQueue({ waiting, running, ended, mean_durations }) {
  const counts = entries(ended).map(([state, count]) => t(ENDED_IDS[state], { count }));
  part('#queue').textContent = t('page.system.queue', {
    running,
    ended: counts.length ? counts : t('page.no_value'),
  });
  const waitingRows = waiting.map(({ model, fair_share_tier, count, oldest_wait_seconds }) =>
    row(untranslated(model), fair_share_tier, count, oldest_wait_seconds.toFixed(1)),
  );
  setRows(part('#waiting'), waitingRows, t('page.system.queue_empty'));
  const meanRows = Object.entries(mean_durations).map(([model, { wait, render, load }]) =>
    row(untranslated(model), wait?.toFixed(2), render?.toFixed(2), load?.toFixed(2)),
  );
  setRows(part('#durations'), meanRows);
}

/** @param {Engine | null} engine */
function showEngine(engine) {
  const rows = engine
    ? [
        ...entries(TIER_NAMES).map(([key, name]) => tierRow(name, engine[key])),
        ...entries(CACHE_NAMES).map(([key, name]) => cacheRow(name, engine[key])),
      ]
    : [];
  setRows(part('#engine'), rows, t('page.system.engine_unused'));
}

/** @param {Device | null} device */
function deviceRows(device) {
  if (!device) return [row(t('page.system.device'), t('page.system.loading'))];
  const { name, memory_bytes, precision, attention, problem } = device;
  const names = [device.device, name && `(${name})`].filter(Boolean).join(' ');
  return [
    row(t('page.system.device'), untranslated(names)),
    ...(memory_bytes ? [row(t('page.system.device_memory'), megabytes(memory_bytes))] : []),
    ...(precision ? [row(t('page.system.precision'), untranslated(precision))] : []),
    ...(attention ? [row(t('page.system.attention_kernel'), untranslated(attention))] : []),
    ...(problem ? [row(t('page.system.card_problem'), problem)] : []),
  ];
}

/** @param {Status} status */
function showMachine({ versions, device, data_dir, disk_free, disk_total }) {
  const disk = { free: megabytes(disk_free), total: megabytes(disk_total) };
  part('#versions').replaceChildren(
    ...Object.entries(versions).map(([name, version]) =>
      row(untranslated(name), untranslated(version)),
    ),
    ...deviceRows(device),
    row(t('page.system.data_directory'), untranslated(data_dir)),
    row(t('page.system.disk'), t('page.system.disk_free', disk)),
  );
}

/** @param {Status['active_runs']} runs */
function showRuns(runs) {
  const items = runs.map(({ request_id, theme_slug, pending_slots }) => {
    const link = element('a', { href: `/?run=${request_id}` }, request_id.slice(0, 8));
    return element(
      'li',
      {},
      link,
      ' ',
      t('page.system.remaining_slots', { preset: theme_slug, slots: pending_slots }),
    );
  });
  const empty = element('li', { className: 'nothing' }, t('page.empty'));
  part('#runs').replaceChildren(...(items.length ? items : [empty]));
}

async function show() {
  const status = /** @type {Status} */ (await getJson(`${API}/system`));
  showRuns(status.active_runs);
  showQueue(status.queue);
  showEngine(status.engine);
  showMachine(status);
  const log = status.recent_log.join('\n');
  part('#log').replaceChildren(log ? untranslated(log) : t('page.system.log_empty'));
}

// Runs have a list of their own.
watchTasks(part('#tasks'), { filter: ({ kind }) => kind !== 'run' });
poll(show, { every: POLL_MS, onError: showError, onSuccess: () => showErrorText('') });
