/**
 * Where the cells of a grid are. Pure functions.
 *
 * @typedef {object} GridAxis
 * @property {string} field its path in a recipe
 * @property {string} label
 * @property {(string | number)[]} values
 * @typedef {object} GridSummary a grid as the API lists it
 * @property {number} id
 * @property {string} slug of the theme
 * @property {string} theme_name
 * @property {number | null} version
 * @property {string} slot
 * @property {GridAxis[]} axes
 * @property {'running' | 'done' | 'failed' | 'stopped'} state
 * @property {boolean} stopping
 * @property {number} done
 * @property {number} images
 * @property {number | null} remaining_seconds
 * @property {string} message why it failed, empty otherwise
 * @typedef {{ index: number, coordinates: number[], ready: boolean }} Cell
 */

/**
 * @param {readonly GridAxis[]} axes one to three
 * @returns {number[]} columns, rows and sheets
 */
export function gridSize(axes) {
  return [0, 1, 2].map((axis) => axes[axis]?.values.length ?? 1);
}

/**
 * The number of the cell at a place; the first axis counts slowest, as on the server.
 *
 * @param {readonly GridAxis[]} axes
 * @param {readonly number[]} place column, row and sheet
 */
export function cellIndex(axes, place) {
  return axes.reduce((index, axis, number) => index * axis.values.length + place[number], 0);
}

/**
 * @param {readonly GridAxis[]} axes
 * @param {number} index of a cell
 * @returns {number[]} column, row and sheet
 */
export function cellPlace(axes, index) {
  const place = [0, 0, 0];
  for (let axis = axes.length - 1; axis >= 0; axis -= 1) {
    const count = axes[axis].values.length;
    place[axis] = index % count;
    index = Math.floor(index / count);
  }
  return place;
}

/**
 * The cell beside another one; at an edge it is that one itself.
 *
 * @param {readonly GridAxis[]} axes
 * @param {number} index
 * @param {string} key such as ArrowLeft; Page Up and Page Down turn to the next sheet
 */
export function neighbor(axes, index, key) {
  /** @type {Record<string, [axis: number, change: number]>} */
  const moves = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [1, -1],
    ArrowDown: [1, 1],
    PageUp: [2, -1],
    PageDown: [2, 1],
  };
  const [axis, change] = moves[key] ?? [0, 0];
  const size = gridSize(axes);
  const place = cellPlace(axes, index);
  place[axis] = Math.min(size[axis] - 1, Math.max(0, place[axis] + change));
  return cellIndex(axes, place);
}

/**
 * @param {readonly GridAxis[]} axes
 * @param {number} index of a cell
 * @returns {string} its values, such as "Steps 8, Sampling method Euler"
 */
export function cellName(axes, index) {
  const place = cellPlace(axes, index);
  return axes.map(({ label, values }, axis) => `${label} ${values[place[axis]]}`).join(', ');
}

/**
 * The cells that are ready: those that were, and the first of the others in the order of rendering.
 *
 * @param {readonly Cell[]} cells in the order of rendering
 * @param {number} done how many of them are done, from the first
 */
export function readyCells(cells, done) {
  return new Set(
    cells.filter(({ ready }, number) => ready || number < done).map(({ index }) => index),
  );
}
