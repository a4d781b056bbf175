/**
 * The review of a version: its images beside the live ones, checks, changes, comments, approval, publishing.
 *
 * @import { Comparison } from '../components/review-grid.js'
 * @import { ReviewLog } from '../components/review-log.js'
 */
import { publish } from '../components/deployment-dialogs.js';
import { fieldChanges } from '../components/field-changes.js';
import { ReviewChecks } from '../components/review-checks.js';
import { ReviewGrid } from '../components/review-grid.js';
import { ReviewPanel } from '../components/review-log.js';
import { THEMES } from '../components/theme-actions.js';
import { reviewStates, stateChips } from '../components/theme-states.js';
import { element, find } from '../lib/dom.js';
import { onPress, withErrorDisplay } from '../lib/errors.js';
import { metric } from '../lib/format.js';
import { getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

const main = find(document, '#main', HTMLElement);
const slug = main.dataset.slug ?? '';
const version = Number(main.dataset.version);
const name = main.dataset.name ?? '';
const states = find(document, '#theme-states', HTMLElement);
const images = find(document, '#images', HTMLElement);
const changes = find(document, '#changes', HTMLElement);

const grid = new ReviewGrid(version, (cell) => panel.pin(cell));
const panel = new ReviewPanel(slug, version, showState, (cell) => grid.reveal(cell));
const checks = new ReviewChecks({ slug, name }, version, showImages);

/** @param {ReviewLog} log */
function showState({ state }) {
  states.replaceChildren(stateChips(reviewStates(state, version)));
}

async function showImages() {
  const url = `${THEMES}/${slug}/versions/${version}/comparison`;
  const comparison = /** @type {Comparison} */ (await getJson(url));
  const baseline = comparison.baseline_version;
  find(document, '#compared', HTMLElement).textContent = baseline
    ? t('page.review.compared', { number: version, baseline })
    : t('page.review.not_compared', { number: version });
  find(document, '#metrics', HTMLElement).textContent = metricsLine(comparison);
  const hasImages = comparison.rows.some((row) => row.images.some((each) => each.image));
  images.replaceChildren(
    ...(comparison.complete ? [] : [renderOffer(hasImages)]),
    ...(hasImages ? [grid.root] : []),
  );
  if (hasImages) grid.show(comparison);
  const empty = element('p', { className: 'empty' }, t('page.review.first_version'));
  changes.replaceChildren(baseline ? await fieldChanges(slug, baseline, version) : empty);
}

/** @param {Comparison} comparison */
function metricsLine({ report }) {
  if (!report) return t('page.review.same_inputs');
  const { median_shift = null, p95_shift = null } = report.drift ?? {};
  const line = t('page.review.metrics', {
    change: metric(report.median_delta_e),
    color_error: metric(report.color_error),
    diversity: metric(report.diversity),
    seeds: metric(report.seed_diversity),
  });
  if (median_shift === null) return line;
  const shift = { median: metric(median_shift), p95: metric(p95_shift) };
  return `${line} ${t('page.review.drift', shift)}`;
}

/** @param {boolean} isPartial whether some images are rendered */
function renderOffer(isPartial) {
  const button = element(
    'button',
    { type: 'button', className: 'primary' },
    t('page.review.render'),
  );
  onPress(button, () => checks.run('regression'));
  const text = isPartial ? t('page.review.images_incomplete') : t('page.review.no_images');
  return element('div', { className: 'empty-state' }, element('p', {}, text), button);
}

find(document, '#checks-of-version', HTMLElement).replaceWith(checks.root);
find(document, '#review', HTMLElement).replaceWith(panel.root);
const publishing = find(document, '#publish', HTMLButtonElement);
onPress(publishing, async () => {
  if (await publish(slug, version)) location.assign(`/themes/${slug}/releases`);
});
publishing.disabled = false;
markReady();
await withErrorDisplay(() => Promise.all([showImages(), panel.load(), checks.load()]));
