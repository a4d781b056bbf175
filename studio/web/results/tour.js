/** Three marks that say what to do on the studio page: draw, say what it is, generate. */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { STORAGE_KEYS } from '../lib/storage.js';

/** @returns {[target: string, text: string][]} */
const marks = () => [
  ['doodle-canvas, .sketch-page', t('studio.tour_draw')],
  ['#user-prompt', t('studio.tour_prompt')],
  ['#generate', t('studio.tour_generate')],
];
const GAP = 10;

/** @returns {boolean} whether it was never dismissed in this browser */
function isNew() {
  try {
    return localStorage.getItem(STORAGE_KEYS.tour) === null;
  } catch {
    return false;
  }
}

function dismiss() {
  try {
    localStorage.setItem(STORAGE_KEYS.tour, 'seen');
  } catch {
    // It comes back with the next visit.
  }
}

/** Starts the tour where this browser has not seen it. */
export function offerTour() {
  if (isNew()) startTour();
}

/** Shows the marks one after another. They take no focus, and Escape ends them. */
export function startTour() {
  document.querySelector('.coach')?.remove();
  const steps = marks();
  let step = 0;
  const text = element('p');
  const count = element('small');
  const next = element('button', { type: 'button', className: 'primary' });
  const skip = element('button', { type: 'button' }, t('studio.tour_skip'));
  const mark = element('aside', { className: 'coach', role: 'note' });
  mark.append(count, text, element('div', {}, skip, next));
  const listening = new AbortController();
  const { signal } = listening;

  function end() {
    dismiss();
    listening.abort();
    mark.remove();
  }

  function show() {
    const [selector, words] = steps[step];
    const target = document.querySelector(selector);
    text.textContent = words;
    count.textContent = t('page.position', { number: step + 1, total: steps.length });
    next.textContent = step + 1 < steps.length ? t('page.next') : t('studio.tour_done');
    if (target) place(mark, target.getBoundingClientRect());
  }

  next.addEventListener('click', () => {
    step += 1;
    if (step < steps.length) show();
    else end();
  });
  skip.addEventListener('click', end);
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && end(), { signal });
  window.addEventListener('resize', show, { signal });
  document.addEventListener(
    'click',
    ({ target }) => target instanceof Element && target.closest('#generate') && end(),
    { signal, capture: true },
  );
  document.body.append(mark);
  show();
}

/**
 * Below the target where there is room, else over its lower edge.
 *
 * @param {HTMLElement} mark
 * @param {DOMRect} target
 */
function place(mark, target) {
  const { width, height } = mark.getBoundingClientRect();
  const left = target.left + Math.min(target.width / 2, 40);
  const below = target.bottom + GAP;
  const top =
    below + height < innerHeight ? below : Math.min(target.bottom, innerHeight) - height - GAP;
  mark.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`;
  mark.style.top = `${Math.max(GAP, top)}px`;
}
