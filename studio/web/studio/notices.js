/**
 * Notices of the server. A notice about the last click is hidden by the next one; fields with invalid values
 * show the reason; buttons in a notice click a button of the page.
 *
 * The server writes `data-clicks` and `data-for`, which are ids, and marks each notice as new.
 */
import { closest, find, findAll } from '../lib/dom.js';

const CONTROLS = 'button, [role=option], [role=radio], #user-prompt';

/** @returns {HTMLElement | null} */
const notice = () => document.querySelector('#notice');

/** @param {Event} event */
function hideLast(event) {
  if (!closest(event, CONTROLS) || closest(event, '.sketch, dialog')) return;
  const shown = notice();
  if (shown?.querySelector('.notice')) shown.dataset.dismissed = 'yes';
}

/** @param {Event} event */
function pressTarget(event) {
  const id = closest(event, '[data-clicks]')?.dataset.clicks;
  if (id) document.getElementById(id)?.click();
}

function showFieldErrors() {
  const errors = findAll(document, '#unsaved [data-for]', HTMLElement);
  const reasons = new Map(
    errors.map((error) => [error.dataset.for ?? '', error.textContent ?? '']),
  );
  for (const field of findAll(document, '[data-error]', HTMLElement)) {
    if (!reasons.has(field.id)) delete field.dataset.error;
  }
  for (const [id, reason] of reasons) {
    const field = document.getElementById(id);
    if (field && field.dataset.error !== reason) field.dataset.error = reason;
  }
}

/** @returns {() => void} shows a notice again once it is a new one */
function newNotices() {
  let lastMark = '';
  return () => {
    const shown = notice();
    const marked = shown?.querySelector('[data-mark]');
    const mark = (marked instanceof HTMLElement && marked.dataset.mark) || '';
    if (mark === lastMark) return;
    lastMark = mark;
    delete shown?.dataset.dismissed;
  };
}

function watch() {
  const showNew = newNotices();
  const onClick = (/** @type {Event} */ event) => {
    hideLast(event);
    pressTarget(event);
  };
  document.addEventListener('click', onClick, { capture: true });
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'Enter') hideLast(event);
    },
    { capture: true },
  );
  const observer = new MutationObserver(() => {
    showFieldErrors();
    showNew();
  });
  observer.observe(find(document, 'body', HTMLElement), {
    childList: true,
    subtree: true,
    characterData: true,
    attributeFilter: ['data-mark'],
  });
}

watch();
