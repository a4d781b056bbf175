/** Lines of the server's log. */

const PROBLEM = /\b(WARNING|ERROR|CRITICAL)\b/;

/**
 * @param {readonly string[]} lines a line may have line ends, as tracebacks do
 * @param {string} text that a line must have, whatever its case
 * @param {boolean} isProblem whether only warnings and errors are wanted
 */
export function filterLog(lines, text, isProblem) {
  const wanted = text.toLowerCase();
  return lines.filter(
    (line) => line.toLowerCase().includes(wanted) && (!isProblem || PROBLEM.test(line)),
  );
}
