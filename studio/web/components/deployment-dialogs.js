/**
 * Deploying a version of a theme, rolling back and taking down, each reviewed before it is done: for the
 * page Themes and the studio's deploy panel alike.
 *
 * @typedef {object} ActiveDeployment what a channel serves of a theme now
 * @property {string} channel
 * @property {number} version
 * @property {number | null} previous_version that it served before
 * @typedef {object} Theme as far as it is read here
 * @property {string} name
 * @property {{ version: number }[]} versions
 * @property {ActiveDeployment[]} active
 * @property {{ id: number }[]} deployments the newest first
 */
import { element, find } from '../lib/dom.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { authorField, confirmAction, paragraph } from './dialogs.js';
import { VersionChecks } from './version-checks.js';

/** @param {string} slug */
const themeUrl = (slug) => `${API}/admin/themes/${slug}`;

/**
 * @param {string} label
 * @param {Partial<HTMLInputElement>} properties
 */
function labelled(label, properties, className = '') {
  return element('label', { className }, label, ' ', element('input', properties));
}

/**
 * @param {Theme} theme
 * @param {string} channel
 */
function deploymentFields(theme, channel) {
  const count = String(theme.versions.length);
  return {
    channel: labelled(t('page.deployments.channel'), {
      name: 'channel',
      value: channel,
      required: true,
      maxLength: 63,
      pattern: '[a-z0-9][a-z0-9\\-]*',
    }),
    starts: labelled(t('page.from'), { type: 'datetime-local', name: 'starts' }),
    ends: labelled(t('page.to'), { type: 'datetime-local', name: 'ends' }),
    canary: labelled(t('page.deployments.canary'), {
      type: 'number',
      name: 'canary',
      min: '1',
      max: count,
    }),
    percent: labelled(t('page.deployments.share'), {
      type: 'number',
      name: 'percent',
      min: '0',
      max: '100',
      value: '0',
    }),
    note: labelled(t('page.deployments.note'), { name: 'note', maxLength: 1000 }, 'wide'),
  };
}

/**
 * @param {Theme} theme
 * @returns {number} the id of its latest deployment, 0 where there is none
 */
const latestDeployment = ({ deployments }) => deployments[0]?.id ?? 0;

/**
 * The versions that a deployment serves.
 *
 * @param {number} version
 * @param {number} canary 0 where there is none
 */
export function deployedVersions(version, canary) {
  return canary && canary !== version ? [version, canary] : [version];
}

/**
 * @param {string} local of an input of the type datetime-local, in the browser's time zone
 * @returns {string | null} in ISO 8601, null where it is empty
 */
export function toTimestamp(local) {
  return local ? new Date(local).toISOString() : null;
}

/**
 * Deploys a version: asks where, from when, by whom; only what was checked and ticked is sent.
 *
 * @param {string} slug of the theme
 * @param {number} version
 * @param {string} [channel]
 * @returns {Promise<boolean>} whether it was deployed
 */
export async function deploy(slug, version, channel = 'live') {
  const theme = /** @type {Theme} */ (await getJson(themeUrl(slug)));
  const author = authorField();
  const fields = deploymentFields(theme, channel);
  const fallback = element('input', { type: 'checkbox', name: 'fallback' });
  const root = element('div', { id: 'checks' });
  /** @type {VersionChecks[]} */
  let checks = [];

  /** @param {keyof typeof fields} name */
  const value = (name) => find(fields[name], 'input', HTMLInputElement).value;
  const isForced = () => checks.some((each) => each.hasStop);

  function showChecks() {
    const confirm = root.closest('form')?.querySelector('.actions button');
    if (confirm) {
      confirm.textContent = isForced() ? t('page.deployments.override') : t('page.deploy');
      confirm.className = isForced() ? 'danger' : 'primary';
    }
    root.dispatchEvent(new Event('input', { bubbles: true }));
  }

  function checkVersions() {
    const before = checks;
    checks = deployedVersions(version, Number(value('canary'))).map(
      (wanted) =>
        before.find((each) => each.version === wanted) ??
        new VersionChecks(slug, wanted, showChecks),
    );
    root.replaceChildren(...checks.map((each) => each.root));
    for (const each of checks) if (!each.isLoaded) each.load();
  }

  function send() {
    const spec = {
      slug,
      version,
      channel: value('channel'),
      note: value('note'),
      author: author.name(),
      fallback_to_previous: fallback.checked,
      starts_at: toTimestamp(value('starts')),
      ends_at: toTimestamp(value('ends')),
      canary_version: Number(value('canary')) || null,
      canary_percent: Number(value('percent')),
      bypassed_checks: isForced(),
    };
    const acknowledged = Object.fromEntries(checks.map((each) => [each.version, each.confirmed]));
    const url = `${themeUrl(slug)}/deployments?expected_deployment=${latestDeployment(theme)}`;
    return postJson(url, { ...spec, acknowledged });
  }

  fields.canary.addEventListener('change', checkVersions);
  checkVersions();
  const tick = element('label', { className: 'tick wide' }, fallback, ' ');
  tick.append(t('page.deployments.fallback'));
  return confirmAction({
    title: t('page.deployments.title', { number: version, theme: theme.name }),
    label: t('page.deploy'),
    action: send,
    content: [author.root, ...Object.values(fields), tick, root],
    canConfirm: () => Boolean(author.name()) && checks.every((each) => each.isConfirmed),
  });
}

/**
 * @param {string} slug
 * @param {string} channel
 * @param {'rollback' | 'undeploy'} action the last part of its address
 * @param {(theme: Theme, active: ActiveDeployment | undefined) =>
 *   { title: string, consequence: string, label: string }} describe
 */
async function undeploy(slug, channel, action, describe) {
  const theme = /** @type {Theme} */ (await getJson(themeUrl(slug)));
  const active = theme.active.find((each) => each.channel === channel);
  const { title, consequence, label } = describe(theme, active);
  const author = authorField();
  const now = active
    ? t('page.deployments.live_version', { channel, number: active.version })
    : t('page.deployments.channel_empty', { channel });
  const expected_deployment = latestDeployment(theme);
  return confirmAction({
    title,
    label,
    danger: true,
    content: [paragraph(now), paragraph(consequence), author.root],
    action: () =>
      postJson(`${themeUrl(slug)}/${action}`, {
        channel,
        author: author.name(),
        expected_deployment,
      }),
    canConfirm: () => Boolean(author.name()),
  });
}

/**
 * @param {string} slug of the theme
 * @param {string} channel
 * @returns {Promise<boolean>} whether the version before is served again
 */
export function rollBack(slug, channel) {
  return undeploy(slug, channel, 'rollback', (theme, active) => ({
    title: t('page.deployments.roll_back_title', { theme: theme.name }),
    consequence: active?.previous_version
      ? t('page.deployments.roll_back_result', { number: active.previous_version })
      : t('page.deployments.no_version_before'),
    label: t('page.roll_back'),
  }));
}

/**
 * @param {string} slug of the theme
 * @param {string} channel
 * @returns {Promise<boolean>} whether the channel serves nothing of the theme any more
 */
export function takeDown(slug, channel) {
  return undeploy(slug, channel, 'undeploy', (theme) => ({
    title: t('page.deployments.take_down_title', { theme: theme.name }),
    consequence: t('page.deployments.take_down_result'),
    label: t('page.take_down'),
  }));
}
