// What the page tells. What was said of the last click goes with the next one, whatever comes of it;
// each field that does not hold tells why, in the page's language; buttons in what the server writes
// press the page's own. The server writes `data-press` and `data-for`, which are ids.
const notice = () => document.querySelector('#notice');

function forgetLast(event) {
  if (!event.target.closest?.('button, [role=option], [role=radio], #words') || event.target.closest('.sketch, dialog')) return;
  if (notice()?.querySelector('.notice')) notice().dataset.past = 'yes';
}

document.addEventListener('click', (event) => {
  forgetLast(event);
  const button = event.target.closest('[data-press]');
  if (button) document.getElementById(button.dataset.press)?.click();
}, { capture: true });
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') forgetLast(event);
}, { capture: true });

// A slider moves what was typed into its range when it is left, and tells nobody.
document.addEventListener('blur', ({ target }) => {
  if (!target.matches?.('.block input[type=number][max]') || !(target.validity.rangeOverflow || target.validity.rangeUnderflow)) return;
  setTimeout(() => target.dispatchEvent(new Event('input', { bubbles: true })), 50);
}, { capture: true });

function showReasons() {
  const reasons = new Map([...document.querySelectorAll('#unsaved [data-for]')].map((each) => [each.dataset.for, each.textContent]));
  for (const field of document.querySelectorAll('[data-why]')) {
    if (!reasons.has(field.id)) delete field.dataset.why;
  }
  for (const [id, reason] of reasons) {
    const field = document.getElementById(id);
    if (field && field.dataset.why !== reason) field.dataset.why = reason;
  }
}

let mark = '';
function showNew() {
  const now = notice()?.querySelector('[data-mark]')?.dataset.mark ?? '';
  if (now === mark) return;
  mark = now;
  delete notice()?.dataset.past;
}

// A tab's fields are built when it is opened; the reasons are there by then.
new MutationObserver(() => {
  showReasons();
  showNew();
}).observe(document.body, { childList: true, subtree: true, characterData: true, attributeFilter: ['data-mark'] });
