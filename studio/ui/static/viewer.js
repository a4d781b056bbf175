// Any two pictures of a run, or its doodle and base, against one another under a slider.
const dialog = element.querySelector('dialog');
const split = dialog.querySelector('input');
const stage = dialog.querySelector('.viewer-stage');
const strip = dialog.querySelector('.viewer-strip');
const sides = Object.fromEntries(
  [...dialog.querySelectorAll('select')].map((select) => [select.dataset.side, select]),
);

const { base: BASE, doodle: DOODLE, ...SIDES } = props.messages;

// Everything there is to look at just now, by name.
function pictures() {
  const found = {};
  for (const card of document.querySelectorAll('#grid .card-done')) {
    found[card.dataset.letter] = card.querySelector('img').src;
  }
  const sheet = document.querySelector('.sketch canvas');
  const base = document.querySelector('.sketch-base');
  if (sheet && base && base.complete) {
    const both = document.createElement('canvas');
    both.width = sheet.width;
    both.height = sheet.height;
    const pen = both.getContext('2d');
    pen.drawImage(base, 0, 0, both.width, both.height);
    found[BASE] = both.toDataURL('image/png');
    pen.drawImage(sheet, 0, 0);
    found[DOODLE] = both.toDataURL('image/png');
  }
  return found;
}

let found = {};

function show() {
  for (const [side, select] of Object.entries(sides)) {
    const picture = dialog.querySelector(`[data-shown=${side}]`);
    picture.src = found[select.value];
    picture.alt = SIDES[side].replace('{picture}', select.value);
  }
  stage.style.setProperty('--split', `${split.value}%`);
  for (const button of strip.children) {
    button.setAttribute('aria-pressed', String(button.dataset.name === sides.right.value));
  }
}

function thumbnail(name) {
  const button = document.createElement('button');
  button.type = 'button';
  button.dataset.name = name;
  const picture = document.createElement('img');
  picture.src = found[name];
  picture.alt = '';
  button.append(picture, name);
  button.addEventListener('click', () => {
    sides.right.value = name;
    show();
  });
  return button;
}

function open(left) {
  found = pictures();
  const names = Object.keys(found);
  for (const select of Object.values(sides)) {
    select.replaceChildren(...names.map((name) => new Option(name, name)));
  }
  strip.replaceChildren(...names.map(thumbnail));
  sides.left.value = left;
  sides.right.value = names.includes(DOODLE) ? DOODLE : names[0];
  split.value = 50;
  dialog.showModal();
  show();
}

for (const select of Object.values(sides)) select.addEventListener('change', show);
split.addEventListener('input', show);
dialog.querySelector('[data-act=close]').addEventListener('click', () => dialog.close());
dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close();
});

stage.addEventListener('pointermove', (event) => {
  if (event.pointerType !== 'mouse' && !event.buttons) return;
  const box = stage.getBoundingClientRect();
  split.value = Math.round((100 * (event.clientX - box.left)) / box.width);
  show();
});

const uses = {
  open: (card) => open(card.dataset.letter),
  start: (card) => {
    const detail = card.querySelector('img').src;
    document.querySelector('.sketch').dispatchEvent(new CustomEvent('lay', { detail }));
  },
  seed: (card) => {
    const box = document.querySelector('#seed input');
    box.value = card.dataset.seed;
    box.dispatchEvent(new Event('input', { bubbles: true }));
  },
};

// Cards are drawn anew with every event, so the page listens for them.
document.addEventListener('click', (event) => {
  const button = event.target.closest('.card [data-use]');
  if (button) uses[button.dataset.use](button.closest('.card'));
});
