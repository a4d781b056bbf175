/** What the server does before the first image: it starts the renderer, or loads a model. */
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';

/** @typedef {{ state: 'renderer' | 'model' | 'done', model: string, seconds: number }} WarmUp */

const POLL_MS = 1000;

/**
 * @param {WarmUp} warmUp
 * @returns {string} empty once it is done
 */
export function warmUpText({ state, model, seconds }) {
  if (state === 'done') return '';
  const count = Math.round(seconds);
  if (state === 'renderer') return t('studio.warm_up_renderer', { seconds: count });
  return t('studio.warm_up_model', { model, seconds: count });
}

/**
 * Tells what the server does, until it is done.
 *
 * @param {(text: string) => void} show
 */
export function watchWarmUp(show) {
  const look = async () => {
    const warmUp = /** @type {WarmUp} */ (await getJson(`${API}/warm-up`));
    show(warmUpText(warmUp));
    return warmUp.state !== 'done';
  };
  poll(look, { every: POLL_MS, onError: () => show('') });
}
