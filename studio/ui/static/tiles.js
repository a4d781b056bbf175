// A row of pictures of which one is chosen; the value is the chosen one's id.
function show() {
  for (const button of element.querySelectorAll('[data-id]')) {
    button.setAttribute('aria-checked', String(button.dataset.id === props.value));
  }
}

// The row may be drawn anew with other pictures, so it listens for its buttons.
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-id]');
  if (!button) return;
  props.value = button.dataset.id;
  show();
  trigger('input');
});

watch('value', show);
watch('tiles', show);
show();
