/**
 * Grids on the studio page; `studio/ui/grid_panel.py` calls these functions by name.
 *
 * @import { GridSource } from '../grid/grid-editor.js'
 */

import { find } from '../lib/dom.js';

/** The cell that is to be applied, until the server has read it. @type {[number, number, string] | null} */
let chosen = null;

/**
 * Opens the editor over what the page shows, once its modules are loaded. Returns at once, since Gradio waits.
 *
 * @param {string} source a GridSource as JSON; empty where the page's values are invalid
 */
export function openGridEditor(source) {
  if (!source) return;
  const apply = (/** @type {[number, number, string]} */ ...cell) => {
    chosen = cell;
    find(document, '#apply-grid-cell', HTMLElement).click();
  };
  import('../grid/sheet.js').then(({ editGrid }) =>
    editGrid(/** @type {GridSource} */ (JSON.parse(source)), { apply }),
  );
}

/**
 * Takes the cell that was chosen here, or that the query names.
 *
 * @returns {[grid: number, cell: number, slot: string]} grid 0 for none
 */
export function takeGridCell() {
  const query = new URLSearchParams(location.search);
  const slot = query.get('slot') ?? 'A';
  const named = /** @type {const} */ ([Number(query.get('grid')), Number(query.get('cell')), slot]);
  if (!chosen && named[0]) history.replaceState(null, '', location.pathname);
  const [grid, cell, target] = chosen ?? named;
  chosen = null;
  return [grid, cell, target];
}
