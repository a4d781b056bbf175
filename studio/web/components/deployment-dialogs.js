/**
 * Publishing a version, rolling back and taking down: the only place where a channel changes.
 *
 * @import { ThemeDetails } from './theme-details.js'
 * @import { ActiveDeployment } from './theme-states.js'
 * @import { ReviewLog } from './review-log.js'
 */
import { element } from '../lib/dom.js';
import { getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { timeAgo } from '../lib/relative-time.js';
import { authorField, confirmAction, paragraph } from './dialogs.js';
import { checkedVersions, PublishForm } from './publish-form.js';
import { THEMES } from './theme-actions.js';
import { loadTheme } from './theme-details.js';
import { VersionChecks } from './version-checks.js';

/**
 * @param {Pick<ThemeDetails, 'deployments'>} theme
 * @returns {number} the id of its latest deployment, 0 where there is none
 */
const latestDeployment = ({ deployments }) => deployments[0]?.id ?? 0;

/**
 * Publishes a version: asks where, to whom, from when, by whom. Only what was checked and ticked is sent.
 *
 * @param {string} slug of the theme
 * @param {number} version
 * @returns {Promise<boolean>} whether it was published
 */
export async function publish(slug, version) {
  const url = `${THEMES}/${slug}`;
  const [theme, log] = await Promise.all([
    loadTheme(slug),
    getJson(`${url}/versions/${version}/reviews`),
  ]);
  const author = authorField();
  const form = new PublishForm(theme, version);
  const root = element('div', { id: 'checks' });
  /** @type {VersionChecks[]} */
  let checks = [];
  const isForced = () => checks.some((each) => each.hasStop);

  const showChecks = () => root.dispatchEvent(new Event('input', { bubbles: true }));

  function labelConfirm() {
    const confirm = root.closest('form')?.querySelector('.actions button');
    if (!confirm) return;
    confirm.textContent = isForced() ? t('page.deployments.override') : t('page.deploy');
    confirm.className = isForced() ? 'danger' : 'primary';
  }

  function checkVersions() {
    const before = checks;
    const wanted = checkedVersions(form.rollout);
    checks = wanted.map(
      (each) =>
        before.find((known) => known.version === each) ?? new VersionChecks(slug, each, showChecks),
    );
    if (before.length === checks.length && checks.every((each, at) => each === before[at])) return;
    root.replaceChildren(...checks.map((each) => each.root));
    for (const each of checks) if (!each.isLoaded) each.load();
  }

  function send() {
    const acknowledged = Object.fromEntries(checks.map((each) => [each.version, each.confirmed]));
    const query = `expected_deployment=${latestDeployment(theme)}`;
    return postJson(`${url}/deployments?${query}`, {
      ...form.spec,
      author: author.name(),
      bypassed_checks: isForced(),
      acknowledged,
    });
  }

  checkVersions();
  return confirmAction({
    title: t('page.deployments.title', { number: version, theme: theme.name }),
    label: t('page.deploy'),
    action: send,
    content: [approvalLine(/** @type {ReviewLog} */ (log)), author.root, ...form.content, root],
    canConfirm: () => {
      form.update();
      checkVersions();
      labelConfirm();
      const isReady = checks.every((each) => each.isConfirmed);
      return Boolean(author.name()) && form.isValid && isReady;
    },
  });
}

/** @param {ReviewLog} log */
function approvalLine({ approvals, state }) {
  const line = element('p', { className: `approval approval-${state}` });
  if (!approvals.length) {
    line.append(
      state === 'changes_requested'
        ? t('page.deployments.changes_requested')
        : t('page.deployments.not_approved'),
    );
    return line;
  }
  line.append(t('page.deployments.approved_by'), ' ');
  for (const [index, { spec, created_at }] of approvals.entries()) {
    if (index) line.append(', ');
    line.append(element('b', { translate: false }, spec.author), ' (', timeAgo(created_at), ')');
  }
  return line;
}

/**
 * @param {string} slug
 * @param {string} channel
 * @param {'rollback' | 'undeploy'} action the last part of its address
 * @param {(theme: ThemeDetails, active: ActiveDeployment | undefined) =>
 *   { title: string, consequence: string, label: string }} describe
 */
async function changeBack(slug, channel, action, describe) {
  const theme = await loadTheme(slug);
  const active = theme.active.find((each) => each.channel === channel);
  const { title, consequence, label } = describe(theme, active);
  const author = authorField();
  const now = active
    ? t('page.deployments.live_version', { channel, number: active.version })
    : t('page.deployments.channel_empty', { channel });
  const expected_deployment = latestDeployment(theme);
  const typed = element('input', { name: 'confirm', required: true, autocomplete: 'off' });
  const confirmation = element('label', { className: 'wide' });
  confirmation.append(t('page.deployments.type_name', { theme: theme.name }), ' ', typed);
  return confirmAction({
    title,
    label,
    danger: true,
    content: [paragraph(now), paragraph(consequence), author.root, confirmation],
    action: () =>
      postJson(`${THEMES}/${slug}/${action}`, {
        channel,
        author: author.name(),
        expected_deployment,
      }),
    canConfirm: () => Boolean(author.name()) && typed.value.trim() === theme.name.trim(),
  });
}

/**
 * @param {string} slug of the theme
 * @param {string} channel
 * @returns {Promise<boolean>} whether the version before is served again
 */
export function rollBack(slug, channel) {
  return changeBack(slug, channel, 'rollback', (theme, active) => ({
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
  return changeBack(slug, channel, 'undeploy', (theme) => ({
    title: t('page.deployments.take_down_title', { theme: theme.name }),
    consequence: t('page.deployments.take_down_result'),
    label: t('page.take_down'),
  }));
}
