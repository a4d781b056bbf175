// Pointer, buttons and keys: what the hand does becomes strokes, shapes, fills and views.
const sizeInput = root.querySelector('.sketch-brush input');
const hardInput = root.querySelector('.sketch-hardness input');
const ownColour = root.querySelector('.sketch-own input');
const fileInput = root.querySelector('.sketch-file');
const help = root.querySelector('.sketch-help');
const SHAPES = ['line', 'box', 'oval'];
const MAX_IMPORT = 16 * 2 ** 20;
const TYPED = 'textarea:not([readonly]), [contenteditable=true], input:not([readonly], [type=range], [type=checkbox], [type=radio], [type=color], [type=file])';
let last = null;
let corner = null;
let held = null;

function place(event) {
  const box = sheet.getBoundingClientRect();
  const pressure = event.pointerType === 'pen' && event.pressure > 0 ? 0.35 + 1.3 * event.pressure : 1;
  return {
    x: ((event.clientX - box.left) * sheet.width) / box.width,
    y: ((event.clientY - box.top) * sheet.height) / box.height,
    r: (Number(sizeInput.value) / 2) * pressure,
  };
}

// A second finger means the page is to be moved: what the first has drawn goes.
function secondFinger(event) {
  if (event.pointerType !== 'touch') return false;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (fingers.size !== 2) return false;
  if (last || corner) {
    takeBack();
    past.pop();
    showHistory();
  }
  last = corner = null;
  return pinching();
}

sheet.addEventListener('pointerdown', (event) => {
  say('');
  if (secondFinger(event)) return;
  if (event.button !== 0) return;
  event.preventDefault();
  sheet.focus({ preventScroll: true });
  const at = place(event);
  if (tool === 'pick') {
    paintWith(seenColour(at.x, at.y));
    choose('brush');
    return;
  }
  sheet.setPointerCapture(event.pointerId);
  if (tool === 'hand' || held === 'space') {
    held = { x: event.clientX, y: event.clientY };
    return;
  }
  beginStroke();
  if (tool === 'fill') {
    fill(at.x, at.y);
    if (mirrored) fill(sheet.width - 1 - at.x, at.y);
    publish();
  } else if (SHAPES.includes(tool)) {
    corner = at;
  } else {
    last = at;
    stroke(at, at);
  }
});

sheet.addEventListener('pointermove', (event) => {
  if (fingers.has(event.pointerId)) {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pinching()) return;
  }
  if (held && held !== 'space') {
    move(event.clientX - held.x, event.clientY - held.y);
    held = { x: event.clientX, y: event.clientY };
  } else if (corner) {
    takeBack();
    shape(corner, place(event), event.shiftKey);
  } else if (last) {
    const moves = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of moves.length ? moves : [event]) {
      const at = place(each);
      stroke(last, at);
      last = at;
    }
  }
});

for (const end of ['pointerup', 'pointercancel']) {
  sheet.addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    pinch = null;
    if (held !== 'space') held = null;
    if (!last && !corner) return;
    last = corner = null;
    publish();
  });
}

const acts = {
  undo() {
    if (!past.length) return;
    future.push(snapshot());
    pen.putImageData(past.pop(), 0, 0);
    showHistory();
    publish();
  },
  redo() {
    if (!future.length) return;
    past.push(snapshot());
    pen.putImageData(future.pop(), 0, 0);
    showHistory();
    publish();
  },
  clear() {
    if (isEmpty()) return;
    remember();
    pen.clearRect(0, 0, sheet.width, sheet.height);
    publish();
  },
  mirror() {
    mirrored = !mirrored;
    root.querySelector('[data-act=mirror]').setAttribute('aria-pressed', String(mirrored));
    frame.classList.toggle('mirrored', mirrored);
  },
  closer: () => zoomMiddle(1.5),
  farther: () => zoomMiddle(1 / 1.5),
  whole: wholePage,
  open: () => fileInput.click(),
  download() {
    const link = document.createElement('a');
    link.href = sheet.toDataURL('image/png');
    link.download = 'doodle.png';
    link.click();
  },
  help: () => help.showModal(),
  close: () => help.close(),
};

for (const button of root.querySelectorAll('[data-act]')) {
  button.addEventListener('click', () => acts[button.dataset.act]());
}

function take(file) {
  if (file.size > MAX_IMPORT) {
    say(props.messages.too_large);
    return;
  }
  say('');
  lay(URL.createObjectURL(file));
}

fileInput.addEventListener('change', () => {
  const file = fileInput.files[0];
  fileInput.value = '';
  if (file) take(file);
});

// A finished picture can be laid on the canvas, to start from it; others are dropped or pasted.
root.addEventListener('lay', (event) => lay(event.detail));
root.addEventListener('take', (event) => take(event.detail));
root.addEventListener('say', (event) => say(event.detail));

function choose(name) {
  tool = name;
  for (const button of root.querySelectorAll('[data-tool]')) {
    button.setAttribute('aria-pressed', String(button.dataset.tool === name));
  }
  sheet.classList.toggle('moving', name === 'hand');
}

for (const button of root.querySelectorAll('[data-tool]')) {
  button.addEventListener('click', () => choose(button.dataset.tool));
}

function paintWith(hex) {
  colour = hex;
  ownColour.value = hex;
  for (const swatch of root.querySelectorAll('[data-colour]')) {
    swatch.setAttribute('aria-pressed', String(swatch.dataset.colour === hex));
  }
  if (tool === 'eraser') choose('brush');
}

for (const swatch of root.querySelectorAll('[data-colour]')) {
  swatch.addEventListener('click', () => paintWith(swatch.dataset.colour));
}
ownColour.addEventListener('input', () => paintWith(ownColour.value));

function set(input, value) {
  input.value = value;
  input.nextElementSibling.textContent = input.value;
  hardness = Number(hardInput.value) / 100;
}
for (const input of [sizeInput, hardInput]) {
  input.addEventListener('input', () => set(input, input.value));
}

const KEYS = {
  b: () => choose('brush'),
  e: () => choose('eraser'),
  f: () => choose('fill'),
  i: () => choose('pick'),
  l: () => choose('line'),
  r: () => choose('box'),
  o: () => choose('oval'),
  h: () => choose('hand'),
  m: acts.mirror,
  '[': () => set(sizeInput, Number(sizeInput.value) - 2),
  ']': () => set(sizeInput, Number(sizeInput.value) + 2),
  '+': acts.closer,
  '=': acts.closer,
  '-': acts.farther,
  0: acts.whole,
  '?': acts.help,
};

// Wherever the focus is, but for what has an undo of its own: fields that are typed into.
document.addEventListener('keydown', (event) => {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y')) return;
  if (!root.isConnected || event.target.closest(TYPED) || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  if (last || corner) return;
  (key === 'y' || event.shiftKey ? acts.redo : acts.undo)();
});

root.addEventListener('keydown', (event) => {
  const key = event.key.toLowerCase();
  if (event.target !== sheet || event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === ' ') {
    event.preventDefault();
    held = held || 'space';
  } else if (KEYS[key]) {
    KEYS[key]();
  }
});

sheet.addEventListener('keyup', (event) => {
  if (event.key === ' ') held = null;
});

watch('value', showValue);
watch('base', showBase);
choose('brush');
paintWith(colour);
set(sizeInput, 14);
set(hardInput, 100);
showBase();
bringBack();
