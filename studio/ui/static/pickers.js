// In the lists where models are chosen, each option shows what its model draws, where a picture is kept.
const KINDS = [[/-base_model-name$/, 'checkpoint'], [/-loras-\d+-model-name$/, 'lora'], [/-control_units-\d+-model-name$/, 'controlnet']];
let pictured;

async function known() {
  const { models } = await (await fetch('/models/list')).json();
  return new Set(models.filter((each) => each.picture).map((each) => `${each.kind}/${each.name}`));
}

async function show(list) {
  const id = list.closest('.block[id$="-name"]')?.id ?? '';
  const kind = KINDS.find(([pattern]) => pattern.test(id))?.[1];
  if (!kind) return;
  pictured ??= known();
  const have = await pictured;
  for (const option of list.querySelectorAll('[role=option]')) {
    const name = option.getAttribute('aria-label');
    if (!have.has(`${kind}/${name}`)) continue;
    option.style.setProperty('--picture', `url("/models/picture/${kind}/${encodeURIComponent(name)}")`);
    option.classList.add('pictured');
  }
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const list = node.closest('[role=listbox]') ?? node.querySelector('[role=listbox]');
      if (list) show(list);
    }
  }
}).observe(document.body, { childList: true, subtree: true });
