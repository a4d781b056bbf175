/** Times as a reader says them: "12 min ago", "yesterday". */
import { element } from './dom.js';
import { formatTime, language } from './i18n.js';

/** @type {readonly [Intl.RelativeTimeFormatUnit, number][]} unit, and its seconds */
const UNITS = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];
const MAX_DAYS = 28;

/**
 * @param {string} timestamp in ISO 8601
 * @param {number} [now] milliseconds since 1970
 * @returns {string} the date itself, where that is more than four weeks away
 */
export function relativeTime(timestamp, now = Date.now()) {
  const seconds = (new Date(timestamp).getTime() - now) / 1000;
  if (Math.abs(seconds) > MAX_DAYS * 86400) return formatTime(timestamp, { dateStyle: 'medium' });
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return format.format(unit === 'second' ? 0 : Math.round(seconds / length), unit);
}

/**
 * A relative time, with the whole one as its title.
 *
 * @param {string} timestamp in ISO 8601
 * @returns {HTMLTimeElement}
 */
export function timeAgo(timestamp) {
  return element(
    'time',
    { dateTime: timestamp, title: formatTime(timestamp) },
    relativeTime(timestamp),
  );
}
