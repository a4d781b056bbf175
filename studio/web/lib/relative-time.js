/** Times as a reader says them: "5 minutes ago", with the exact time as the title. */
import { element } from './dom.js';
import { formatTime, language } from './i18n.js';

/** @type {[Intl.RelativeTimeFormatUnit, number][]} a unit and its seconds */
const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/**
 * @param {string} timestamp in ISO 8601
 * @param {Date} [now]
 * @param {string} [locale]
 */
export function relativeTime(timestamp, now = new Date(), locale = language) {
  const seconds = (new Date(timestamp).getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale || undefined, { numeric: 'auto' });
  for (const [unit, size] of UNITS) {
    const count = Math.round(seconds / size);
    if (count !== 0) return format.format(count, unit);
  }
  return format.format(0, 'minute');
}

/** @param {string} timestamp in ISO 8601 */
export function relativeTimeElement(timestamp) {
  const title = formatTime(timestamp);
  return element('time', { dateTime: timestamp, title }, relativeTime(timestamp));
}
