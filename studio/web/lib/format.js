/** Quantities as a reader wants them, in the page's language. */
import { formatNumber, t } from './i18n.js';

/**
 * A size in MB or GB, whichever fits.
 *
 * @param {number} bytes
 */
export function fileSize(bytes) {
  if (bytes < 1e9)
    return t('page.megabytes', { count: formatNumber(bytes / 1e6, bytes < 1e7 ? 1 : 0) });
  return t('page.gigabytes', { count: formatNumber(bytes / 1e9, bytes < 1e10 ? 1 : 0) });
}

/**
 * How long something takes, in the unit that fits.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 90) {
    return t('page.duration_seconds', { count: Math.max(1, Math.round(seconds)) });
  }
  if (seconds < 5400) return t('page.duration_minutes', { count: Math.round(seconds / 60) });
  return t('page.duration_hours', { count: Math.round(seconds / 3600) });
}

/** @param {number} fraction 0 to 1 */
export function percent(fraction) {
  return `${Math.round(100 * fraction)}%`;
}

/**
 * A metric with one digit, or a dash where it was not measured.
 *
 * @param {number | null | undefined} value
 */
export function metric(value) {
  return value?.toFixed(1) ?? '–';
}
