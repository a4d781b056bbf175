/**
 * System: runs in progress, the queue, device, disk, the engine's caches, versions.
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
 */
import { watchTasks } from '../components/task-list.js';
import { element, part, untranslated } from '../lib/dom.js';
import { showError, showErrorText } from '../lib/errors.js';
import { duration, fileSize } from '../lib/format.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';
import { markReady } from '../lib/ready.js';
import { row } from '../lib/table.js';

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
function tierItem(name, { residents, device_hits, ram_hits, misses }) {
  const models = residents.map(({ key, tier, pinned, bytes }) => {
    const facts = [
      LOCATION_NAMES[tier],
      fileSize(bytes),
      ...(pinned ? [t('page.system.in_use')] : []),
    ];
    return element('li', {}, untranslated(key), ` · ${facts.join(' · ')}`);
  });
  const bytes = residents.reduce((sum, each) => sum + each.bytes, 0);
  const summary = residents.length
    ? t('page.system.models_loaded', { count: residents.length, size: fileSize(bytes) })
    : t('page.system.nothing_loaded');
  const item = cacheItem(name, summary, device_hits + ram_hits, misses);
  if (models.length) item.append(element('ul', {}, ...models));
  return item;
}

/**
 * @param {string} name
 * @param {string} summary what is cached
 * @param {number} hits
 * @param {number} misses
 */
function cacheItem(name, summary, hits, misses) {
  const use = hits + misses ? ` ${t('page.system.hit_rate', { hits, total: hits + misses })}` : '';
  return element('li', {}, element('b', {}, name), `: ${summary}${use}`);
}

/** @param {Queue} queue */
function showQueue({ waiting, running, ended, mean_durations }) {
  const counts = entries(ended).map(([state, count]) => t(ENDED_IDS[state], { count }));
  part('#queue').textContent = t('page.system.queue', {
    running,
    ended: counts.length ? counts : t('page.no_value'),
  });
  const items = waiting.map(({ model, fair_share_tier, count, oldest_wait_seconds }) => {
    const seconds = duration(oldest_wait_seconds);
    const text = t('page.system.waiting_jobs', { count, tier: fair_share_tier, duration: seconds });
    return element('li', {}, untranslated(model), `: ${text}`);
  });
  const empty = element('li', { className: 'nothing' }, t('page.system.queue_empty'));
  part('#waiting').replaceChildren(...(items.length ? items : [empty]));
  const meanRows = Object.entries(mean_durations).map(([model, { wait, render, load }]) =>
    row(untranslated(model), wait?.toFixed(2), render?.toFixed(2), load?.toFixed(2)),
  );
  part('#durations-table').hidden = meanRows.length === 0;
  part('#durations').replaceChildren(...meanRows);
}

/** @param {Engine | null} engine */
function showEngine(engine) {
  const items = engine
    ? [
        ...entries(TIER_NAMES).map(([key, name]) => tierItem(name, engine[key])),
        ...entries(CACHE_NAMES).map(([key, name]) => {
          const { entries: count, bytes, limit, hits, misses } = engine[key];
          const sizes = { count, bytes: fileSize(bytes), limit: fileSize(limit) };
          return cacheItem(name, t('page.system.cache_entries', sizes), hits, misses);
        }),
      ]
    : [element('li', { className: 'nothing' }, t('page.system.engine_unused'))];
  part('#engine').replaceChildren(...items);
}

/**
 * @param {readonly (readonly [name: string, value: Node | string])[]} facts
 * @returns {HTMLElement[]}
 */
function definitions(facts) {
  return facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
}

/**
 * @param {Device | null} device
 * @returns {[string, Node | string][]}
 */
function deviceFacts(device) {
  if (!device) return [[t('page.system.device'), t('page.system.device_loading')]];
  const { name, memory_bytes, precision, attention, problem } = device;
  const names = [device.device, name && `(${name})`].filter(Boolean).join(' ');
  /** @type {[string, Node | string][]} */
  const facts = [[t('page.system.device'), untranslated(names)]];
  if (memory_bytes) facts.push([t('page.system.device_memory'), fileSize(memory_bytes)]);
  if (precision) facts.push([t('page.system.precision'), untranslated(precision)]);
  if (attention) facts.push([t('page.system.attention_kernel'), untranslated(attention)]);
  if (problem) facts.push([t('page.system.card_problem'), problem]);
  return facts;
}

/** @param {Pick<Status, 'versions' | 'device' | 'data_dir' | 'disk_free' | 'disk_total'>} status */
function showMachine({ versions, device, data_dir, disk_free, disk_total }) {
  const disk = { free: fileSize(disk_free), total: fileSize(disk_total) };
  const facts = [
    ...deviceFacts(device),
    /** @type {const} */ ([t('page.system.disk'), t('page.system.disk_free', disk)]),
    /** @type {const} */ ([t('page.system.data_directory'), untranslated(data_dir)]),
  ];
  part('#facts').replaceChildren(...definitions(facts));
  const named = Object.entries(versions).map(
    ([name, version]) => /** @type {const} */ ([name, untranslated(version)]),
  );
  part('#versions').replaceChildren(...definitions(named));
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

/** What each part shows. @type {Map<string, string>} */
const shown = new Map();

/**
 * Shows a part where it is another than before: else a link in it would lose the focus at each look.
 *
 * @template Value
 * @param {string} name of the part
 * @param {Value} value
 * @param {(value: Value) => void} draw
 */
function update(name, value, draw) {
  const state = JSON.stringify(value);
  if (shown.get(name) === state) return;
  draw(value);
  shown.set(name, state);
}

async function show() {
  const status = /** @type {Status} */ (await getJson(`${API}/system`));
  const { versions, device, data_dir, disk_free, disk_total } = status;
  update('runs', status.active_runs, showRuns);
  update('queue', status.queue, showQueue);
  update('engine', status.engine, showEngine);
  update('machine', { versions, device, data_dir, disk_free, disk_total }, showMachine);
}

markReady();
// Runs have a list of their own.
watchTasks(part('#tasks'), { filter: ({ kind }) => kind !== 'run' });
poll(show, { every: POLL_MS, onError: showError, onSuccess: () => showErrorText('') });
