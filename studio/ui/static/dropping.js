// A finished picture dropped anywhere on the studio's page restores what made it, as the button does.
for (const name of ['dragover', 'drop']) {
  document.addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    if (name === 'dragover') return;
    const field = document.querySelector('#header input[type=file]');
    if (!field || !event.dataTransfer.files.length) return;
    event.stopPropagation();
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }, { capture: true });
}
