/** Finding by a few letters. */

/** Of a word that is somewhere in the text, at the start of one of its words, and of the text. */
const [WITHIN, WORD, START] = [60, 80, 100];
/** Of a word whose letters are there in order, less what lies between them. */
const SPREAD = 40;

/**
 * How well a text fits what somebody types: each word of it is in the text, or its letters are there in
 * order and close together.
 *
 * @param {string} query
 * @param {string} text
 * @returns {number} above 0, higher for what fits better; 0 for a text that does not fit
 */
export function fuzzyScore(query, text) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const scores = words.map((word) => wordScore(word, text.toLowerCase()));
  if (scores.includes(0)) return 0;
  return scores.reduce((sum, score) => sum + score, 1) / (scores.length || 1) + 1 / text.length;
}

/**
 * @param {string} word
 * @param {string} text
 */
function wordScore(word, text) {
  const at = text.indexOf(word);
  if (at === 0) return START;
  if (at > 0) return /[\s/._-]/.test(text[at - 1]) ? WORD : WITHIN;
  return spreadScore(word, text);
}

/**
 * @param {string} word
 * @param {string} text
 */
function spreadScore(word, text) {
  const first = text.indexOf(word[0]);
  let [at, gaps] = [first, 0];
  if (first < 0) return 0;
  for (const letter of word.slice(1)) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    gaps += next - at - 1;
    at = next;
  }
  return gaps > 2 * word.length ? 0 : SPREAD - gaps;
}
