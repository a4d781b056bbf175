/**
 * The drift of an image against its base image, in words.
 *
 * @typedef {object} Drift as the API has it; null where a value cannot be told
 * @property {number | null} shift_x pixels
 * @property {number | null} shift_y
 * @property {number | null} zoom
 * @property {number | null} tint in CIEDE2000, likewise the changes
 * @property {number | null} change_median
 * @property {number | null} change_p95
 * @property {number | null} changed_share 0 to 1
 * @property {number | null} face_similarity at most 1
 * @typedef {'shift' | 'zoom' | 'tint'} DriftKind
 */
import { element } from '../lib/dom.js';
import { formatNumber, t } from '../lib/i18n.js';

/**
 * Everything that is known of a drift, in one line.
 *
 * @param {Drift} drift
 */
export function driftText(drift) {
  const { change_median: median, change_p95: p95, changed_share: share } = drift;
  const parts = [partText('shift', drift), partText('zoom', drift), partText('tint', drift)];
  if (median !== null && p95 !== null && share !== null) {
    const changed = formatNumber(100 * share);
    const values = { median: formatNumber(median, 1), p95: formatNumber(p95, 1), share: changed };
    parts.push(t('page.drift.change', values));
  }
  if (drift.face_similarity !== null) {
    parts.push(t('page.drift.face', { value: formatNumber(drift.face_similarity, 2) }));
  }
  return parts.filter(Boolean).join(' · ');
}

/**
 * A chip for each value that is beyond its limit.
 *
 * @param {Drift | null} drift null where it is not measured
 * @param {readonly DriftKind[]} exceeded
 */
export function driftChips(drift, exceeded) {
  if (!drift) return [];
  return exceeded.map((kind) => {
    const chip = element('span', { className: 'chip', title: driftText(drift) });
    chip.textContent = partText(kind, drift);
    chip.dataset.level = 'low';
    return chip;
  });
}

/**
 * @param {DriftKind} kind
 * @param {Drift} drift
 * @returns {string} empty where it is not known
 */
function partText(kind, { shift_x: x, shift_y: y, zoom, tint }) {
  if (kind === 'shift') {
    if (x === null || y === null) return t('page.drift.unknown');
    return t('page.drift.shift', { pixels: formatNumber(Math.hypot(x, y), 1) });
  }
  if (kind === 'zoom') {
    return zoom === null ? '' : t('page.drift.zoom', { percent: formatNumber(100 * zoom, 1) });
  }
  return tint === null ? '' : t('page.drift.tint', { value: formatNumber(tint, 1) });
}
