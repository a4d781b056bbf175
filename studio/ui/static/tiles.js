// A row of pictures of which one is chosen; the value is the chosen one's id.
const buttons = [...element.querySelectorAll('[data-id]')];

function show() {
  for (const button of buttons) {
    button.setAttribute('aria-checked', String(button.dataset.id === props.value));
  }
}

for (const button of buttons) {
  button.addEventListener('click', () => {
    props.value = button.dataset.id;
    show();
    trigger('input');
  });
}

watch('value', show);
show();
