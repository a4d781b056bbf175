/**
 * How many images have which score, and which of them a threshold withholds.
 *
 * @typedef {{ name: string, score: number, url: string }} ScoredImage `score` 0 to 1
 */
import { element } from '../lib/dom.js';

const BINS = 20;

/**
 * @param {readonly number[]} scores 0 to 1
 * @param {number} [bins]
 * @returns {number[]} how many scores are in each bin
 */
export function histogram(scores, bins = BINS) {
  /** @type {number[]} */
  const counts = Array(bins).fill(0);
  for (const score of scores) counts[Math.min(bins - 1, Math.floor(score * bins))] += 1;
  return counts;
}

/**
 * @param {readonly number[]} scores
 * @param {number} threshold bars over it are marked
 * @returns {HTMLElement[]} a bar for each bin
 */
export function histogramBars(scores, threshold) {
  const counts = histogram(scores);
  const highest = Math.max(1, ...counts);
  return counts.map((count, index) => {
    const isOver = (index + 0.5) / BINS > threshold;
    const title = `${(index / BINS).toFixed(2)}: ${count}`;
    const bar = element('i', { className: isOver ? 'over' : '', title });
    bar.style.height = `${(100 * count) / highest}%`;
    return bar;
  });
}

/**
 * @param {readonly ScoredImage[]} images
 * @param {number} threshold images over it are marked
 * @returns {HTMLElement[]} a figure for each, the highest score first
 */
export function scoredFigures(images, threshold) {
  return [...images]
    .sort((a, b) => b.score - a.score)
    .map(({ name, score, url }) => {
      const caption = element('figcaption', { translate: false }, score.toFixed(3));
      const className = score > threshold ? 'over' : '';
      return element('figure', { className }, element('img', { src: url, alt: name }), caption);
    });
}
