/**
 * The results on the studio page. A `gr.HTML` component mounts them (`studio/ui/result_grid.py`).
 *
 * @import { Run } from './run-state.js'
 *
 * @typedef {object} Host what Gradio hands to a component's script
 * @property {HTMLElement} element
 * @property {{ value: Run | null }} props
 * @property {(prop: string, callback: () => void) => void} watch calls back when Python sets a prop
 */
import { find } from '../lib/dom.js';
import { mountPromptBar } from './prompt-bar.js';
import { ResultGrid } from './result-grid.js';
import { offerTour } from './tour.js';
import { watchWarmUp } from './warm-up.js';

customElements.define('result-grid', ResultGrid);

/** @param {Host} host */
export function mountResults({ element, props, watch }) {
  customElements.upgrade(element);
  const grid = find(element, 'result-grid', ResultGrid);
  const update = () => {
    if (props.value && typeof props.value === 'object') grid.run = props.value;
  };
  watch('value', update);
  update();
  whenOpened(() => {
    mountPromptBar();
    offerTour();
    grid.refresh();
    watchWarmUp((text) => {
      grid.warmUp = text;
    });
  });
}

/**
 * The run that the page continues from: that of the query, which is taken out of it, or the one that is
 * shown. `studio/ui/continue_run.py` calls this by name.
 *
 * @returns {string} its id
 */
export function takeRunToContinue() {
  const named = new URLSearchParams(location.search).get('continue');
  if (named === null) return find(document, 'result-grid', ResultGrid).takeRunToContinue();
  history.replaceState(null, '', location.pathname);
  return named;
}

/**
 * The server could not even read the page's values, of which Gradio tells. `studio/ui/run_panel.py` calls
 * this by name.
 */
export function refuseRun() {
  find(document, 'result-grid', ResultGrid).refuse();
}

/** @param {() => void} callback once the page takes clicks (`studio/url-params.js`) */
function whenOpened(callback) {
  const root = document.documentElement;
  if (root.dataset.opened) {
    callback();
    return;
  }
  const observer = new MutationObserver(() => {
    if (!root.dataset.opened) return;
    observer.disconnect();
    callback();
  });
  observer.observe(root, { attributeFilter: ['data-opened'] });
}
