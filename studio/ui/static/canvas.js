// The sketch canvas: hard-edged strokes on a layer of its own over the base image.
const root = element.querySelector('.sketch');
const sheet = root.querySelector('canvas');
const backdrop = root.querySelector('.sketch-base');
const pen = sheet.getContext('2d', { willReadFrequently: true });
const sizeInput = root.querySelector('.sketch-size input');
const sizeShown = root.querySelector('.sketch-size output');
const ownColour = root.querySelector('.sketch-own input');
const HISTORY = 60;
const KEPT = 'doodle-theme-studio-drawing';

let tool = 'brush';
let colour = props.palette[0].hex;
let past = [];
let future = [];
let last = null;
let sentPng = null;

function rgb(hex) {
  const n = parseInt(hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

function snapshot() {
  return pen.getImageData(0, 0, sheet.width, sheet.height);
}

function remember() {
  past.push(snapshot());
  if (past.length > HISTORY) past.shift();
  future = [];
  showHistory();
}

function showHistory() {
  root.querySelector('[data-act=undo]').disabled = past.length === 0;
  root.querySelector('[data-act=redo]').disabled = future.length === 0;
}

function isEmpty() {
  const data = snapshot().data;
  for (let i = 3; i < data.length; i += 4) if (data[i]) return false;
  return true;
}

// Hands the drawing to Python: exact pixels as PNG, or null for an empty layer.
function publish() {
  sentPng = isEmpty() ? null : sheet.toDataURL('image/png');
  props.value = sentPng === null ? null : { png: sentPng };
  keep();
  trigger('input');
}

// The drawing outlives a reload or a crash: the browser keeps the last one, with its size.
function keep() {
  try {
    if (sentPng === null) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, JSON.stringify([sentPng, sheet.width, sheet.height]));
  } catch {
    // A browser that keeps nothing still draws.
  }
}

function bringBack() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return;
  }
  if (!Array.isArray(kept) || !String(kept[0]).startsWith('data:image/png;base64,')) return;
  if (sentPng !== null || kept[1] !== sheet.width || kept[2] !== sheet.height) return;
  props.value = { png: kept[0] };
  showValue();
}

// A disc without soft edges: palette colours stay exactly what they are.
function disc(x, y, radius) {
  const r = Math.max(0.5, radius);
  const left = Math.max(0, Math.floor(x - r));
  const top = Math.max(0, Math.floor(y - r));
  const right = Math.min(sheet.width, Math.ceil(x + r) + 1);
  const bottom = Math.min(sheet.height, Math.ceil(y + r) + 1);
  if (right <= left || bottom <= top) return;
  const patch = pen.getImageData(left, top, right - left, bottom - top);
  const [red, green, blue] = rgb(colour);
  const alpha = tool === 'eraser' ? 0 : 255;
  for (let py = top; py < bottom; py++) {
    for (let px = left; px < right; px++) {
      if ((px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2 > r * r) continue;
      const at = 4 * ((py - top) * (right - left) + px - left);
      patch.data[at] = alpha ? red : 0;
      patch.data[at + 1] = alpha ? green : 0;
      patch.data[at + 2] = alpha ? blue : 0;
      patch.data[at + 3] = alpha;
    }
  }
  pen.putImageData(patch, left, top);
}

function stroke(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const steps = Math.max(1, Math.ceil(length / Math.max(1, to.r / 3)));
  for (let i = 0; i <= steps; i++) {
    const share = i / steps;
    disc(
      from.x + (to.x - from.x) * share,
      from.y + (to.y - from.y) * share,
      from.r + (to.r - from.r) * share,
    );
  }
}

// Fills the patch of one colour (or of nothing) that (x, y) lies in.
function fill(x, y) {
  const page = snapshot();
  const { width, height, data } = page;
  const words = new Uint32Array(data.buffer);
  const start = Math.floor(y) * width + Math.floor(x);
  const from = words[start];
  const [red, green, blue] = rgb(colour);
  const to = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  if (from === to) return;
  const open = [start];
  while (open.length) {
    const at = open.pop();
    if (words[at] !== from) continue;
    words[at] = to;
    const column = at % width;
    if (column > 0) open.push(at - 1);
    if (column < width - 1) open.push(at + 1);
    if (at >= width) open.push(at - width);
    if (at < width * (height - 1)) open.push(at + width);
  }
  pen.putImageData(page, 0, 0);
}

function place(event) {
  const box = sheet.getBoundingClientRect();
  const pressure = event.pointerType === 'pen' && event.pressure > 0 ? 0.35 + 1.3 * event.pressure : 1;
  return {
    x: ((event.clientX - box.left) * sheet.width) / box.width,
    y: ((event.clientY - box.top) * sheet.height) / box.height,
    r: (Number(sizeInput.value) / 2) * pressure,
  };
}

sheet.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  sheet.focus({ preventScroll: true });
  remember();
  const at = place(event);
  if (tool === 'fill') {
    fill(at.x, at.y);
    publish();
    return;
  }
  sheet.setPointerCapture(event.pointerId);
  last = at;
  stroke(at, at);
});

sheet.addEventListener('pointermove', (event) => {
  if (!last) return;
  const moves = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const move of moves.length ? moves : [event]) {
    const at = place(move);
    stroke(last, at);
    last = at;
  }
});

for (const end of ['pointerup', 'pointercancel']) {
  sheet.addEventListener(end, () => {
    if (!last) return;
    last = null;
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
};

for (const button of root.querySelectorAll('[data-act]')) {
  button.addEventListener('click', () => acts[button.dataset.act]());
}

function choose(name) {
  tool = name;
  for (const button of root.querySelectorAll('[data-tool]')) {
    button.setAttribute('aria-pressed', String(button.dataset.tool === name));
  }
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

function resizeBrush(size) {
  sizeInput.value = size;
  sizeShown.textContent = sizeInput.value;
}
sizeInput.addEventListener('input', () => resizeBrush(sizeInput.value));

root.addEventListener('keydown', (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === 'z' || key === 'y')) {
    event.preventDefault();
    (key === 'y' || event.shiftKey ? acts.redo : acts.undo)();
  } else if (event.target === sheet && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (key === 'b') choose('brush');
    else if (key === 'e') choose('eraser');
    else if (key === 'f') choose('fill');
    else if (key === '[') resizeBrush(Number(sizeInput.value) - 2);
    else if (key === ']') resizeBrush(Number(sizeInput.value) + 2);
  }
});

// A drawing set from Python replaces the layer; it can be undone like a stroke.
function showValue() {
  const png = props.value ? props.value.png : null;
  if (png === sentPng) return;
  sentPng = png;
  remember();
  keep();
  if (png === null) {
    pen.clearRect(0, 0, sheet.width, sheet.height);
    return;
  }
  const picture = new Image();
  picture.onload = () => {
    pen.clearRect(0, 0, sheet.width, sheet.height);
    pen.globalCompositeOperation = 'source-over';
    pen.drawImage(picture, 0, 0, sheet.width, sheet.height);
  };
  picture.src = png;
}

// The base changes beneath the doodle; the doodle stays, unless the size is another.
function showBase() {
  const base = props.base;
  if (!base) return;
  backdrop.src = base.src;
  backdrop.alt = base.name;
  if (sheet.width !== base.width || sheet.height !== base.height) {
    sheet.width = base.width;
    sheet.height = base.height;
    past = [];
    future = [];
    if (sentPng !== null) publish();
    else bringBack();
  }
  showHistory();
}

watch('value', showValue);
watch('base', showBase);
choose('brush');
paintWith(colour);
resizeBrush(14);
showBase();
bringBack();
