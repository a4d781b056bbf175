// The bar of unsaved changes: its button presses the page's own, and each field that does not hold
// tells why, in the page's language. The server writes both: `data-press` and `data-for` are ids.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-press]');
  if (button) document.getElementById(button.dataset.press)?.click();
});

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

// A tab's fields are built when it is opened; the reasons are there by then.
new MutationObserver(showReasons).observe(document.body, { childList: true, subtree: true, characterData: true });
