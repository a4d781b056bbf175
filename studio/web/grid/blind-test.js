/**
 * A blind test between cells of a grid.
 *
 * @import { Cost } from '../components/dialogs.js'
 * @import { GridSummary } from './layout.js'
 */
import { confirmCost } from '../components/dialogs.js';
import { API, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';

/**
 * Asks by what it costs, creates the blind test and goes to its page.
 *
 * @param {GridSummary} grid
 * @param {readonly number[]} cells two to four numbers of cells
 * @param {(error: unknown) => void} onError
 */
export async function createBlindTest(grid, cells, onError) {
  const url = `${API}/grids/${grid.id}/blind-test`;
  const title = t('page.grid.blind_test_title', { theme: grid.theme_name, number: grid.id });
  const body = { title, cells };
  try {
    const cost = /** @type {Cost} */ (await postJson(`${url}/cost`, body));
    await confirmCost(t('page.blind_tests.start_title', { title }), cost, async () => {
      const { id } = /** @type {{ id: number }} */ (await postJson(url, body));
      location.assign(`/tests/blind-tests?test=${id}`);
    });
  } catch (error) {
    onError(error);
  }
}
