// A theme to be played with on a phone, by the API alone: draw, ask, see four come, pick one.
const API = '/api/v1';
const slug = location.pathname.split('/').pop();
const found = (id) => document.getElementById(id);
const texts = JSON.parse(found('texts').textContent);
const canvas = found('doodle');
const brush = canvas.getContext('2d', { willReadFrequently: true });
let key = sessionStorage.getItem('doodle-key') ?? '';
let base = null;
let colour = '';
let last = null;
let request = null;
const before = [];

async function call(path, options = {}) {
  const response = await fetch(`${API}${path}`, { ...options, headers: { Authorization: `Bearer ${key}`, ...options.headers } });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ detail: response.statusText }));
  throw Object.assign(new Error(problem.detail), { status: response.status });
}

const post = async (path, body, headers = {}) => (await call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } })).json();

async function tried(act) {
  found('told').textContent = '';
  try {
    await act();
  } catch (error) {
    if (error.status === 401) askForKey();
    found('told').textContent = error.message;
  }
}

function askForKey() {
  [found('key-form').hidden, found('play').hidden] = [false, true];
  found('key').focus();
}

async function picture(path) {
  return URL.createObjectURL(await (await call(path.replace(API, ''))).blob());
}

async function open() {
  await offerColours();
  const theme = await (await call(`/themes/${slug}`)).json();
  document.title = found('theme').textContent = theme.name;
  const buttons = await Promise.all(theme.base_images.map(async (each) => {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', ariaLabel: each.name, role: 'radio' });
    const shown = Object.assign(new Image(), { src: await picture(each.image), alt: '' });
    button.append(shown);
    button.addEventListener('click', () => choose(each, shown.src, button));
    return button;
  }));
  found('bases').replaceChildren(...buttons);
  if (!buttons.length) throw new Error(texts.no_base_image);
  buttons[0].click();
  // Shown once there is something to draw on.
  [found('key-form').hidden, found('play').hidden] = [true, false];
}

function choose(each, source, button) {
  for (const other of found('bases').children) other.ariaChecked = String(other === button);
  base = each;
  found('base').src = source;
  const kept = canvas.width === each.width && canvas.height === each.height;
  if (!kept) [canvas.width, canvas.height] = [each.width, each.height];
}

function at(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
}

function stroke(to) {
  Object.assign(brush, { strokeStyle: colour, lineWidth: (Number(found('size').value) * canvas.width) / 256, lineCap: 'round', lineJoin: 'round' });
  brush.beginPath();
  brush.moveTo(...last);
  brush.lineTo(...to);
  brush.stroke();
  last = to;
}

canvas.addEventListener('pointerdown', (event) => {
  if (last) return;
  canvas.setPointerCapture(event.pointerId);
  before.push(brush.getImageData(0, 0, canvas.width, canvas.height));
  if (before.length > 20) before.shift();
  last = at(event);
  stroke(last);
});
canvas.addEventListener('pointermove', (event) => last && stroke(at(event)));
for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => { last = null; });

found('undo').addEventListener('click', () => before.length && brush.putImageData(before.pop(), 0, 0));
found('clear').addEventListener('click', () => {
  before.push(brush.getImageData(0, 0, canvas.width, canvas.height));
  brush.clearRect(0, 0, canvas.width, canvas.height);
});

// The studio's own colours: what the models know by name.
async function offerColours() {
  const palette = await (await fetch('/play/own/palette.json')).json();
  colour = palette[0].hex;
  found('colours').replaceChildren(...palette.map(({ name, hex }, index) => {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', role: 'radio', title: name, ariaLabel: name, ariaChecked: String(index === 0) });
    button.style.background = hex;
    button.addEventListener('click', () => {
      colour = hex;
      for (const other of found('colours').children) other.ariaChecked = String(other === button);
    });
    return button;
  }));
}

const cards = new Map();
function deal() {
  cards.clear();
  for (const slot of 'ABCD') {
    const card = document.createElement('button');
    Object.assign(card, { type: 'button', disabled: true, textContent: '…' });
    card.dataset.slot = slot;
    card.addEventListener('click', () => tried(async () => {
      await post(`/requests/${request}/selection`, { slot });
      for (const other of cards.values()) other.ariaPressed = String(other === card);
    }));
    cards.set(slot, card);
  }
  found('four').replaceChildren(...cards.values());
}

async function heard(event) {
  const card = cards.get(event.slot);
  const shown = (source, alt) => card.replaceChildren(Object.assign(new Image(), { src: source, alt }));
  if (event.type === 'step' && !card.querySelector('img')) card.textContent = `${Math.round((100 * event.done) / event.total)} %`;
  else if (event.type === 'preview') shown(event.preview, '');
  else if (event.type === 'done') {
    shown(await picture(event.image), texts.image.replace('{slot}', event.slot));
    card.disabled = false;
  } else if (['failed', 'withheld', 'cancelled', 'expired'].includes(event.type)) card.textContent = event.error ?? texts.stopped;
}

// Server-sent events by fetch, since an EventSource brings no key; goes on where it broke off.
async function follow(id) {
  let number = -1;
  let open = 4;
  for (let broken = 0; open > 0 && broken < 20;) {
    try {
      const response = await call(`/requests/${id}/events`, { headers: { 'Last-Event-ID': number } });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += part.value;
        const whole = text.split('\n\n');
        text = whole.pop();
        for (const block of whole) {
          const fields = Object.fromEntries(block.split('\n').filter((line) => !line.startsWith(':')).map((line) => line.split(/: (.*)/s)));
          if (!fields.data) continue;
          number = Number(fields.id);
          if (fields.event === 'done') open -= 1;
          await heard(JSON.parse(fields.data));
        }
      }
    } catch (error) {
      if (error.status) throw error;
    }
    broken += 1;
    if (open > 0) await new Promise((go) => setTimeout(go, 500));
  }
}

found('go').addEventListener('click', () => tried(async () => {
  found('go').disabled = true;
  try {
    const doodle = canvas.toDataURL('image/png').split(',')[1];
    const wish = { theme: slug, base_image: base.id, doodle, prompt: found('words').value };
    request = (await post('/requests', wish, { 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) })).id;
    found('stop').hidden = false;
    deal();
    await follow(request);
  } finally {
    [found('go').disabled, found('stop').hidden] = [false, true];
  }
}));
found('stop').addEventListener('click', () => tried(() => call(`/requests/${request}`, { method: 'DELETE' })));

found('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key = found('key').value.trim();
  sessionStorage.setItem('doodle-key', key);
  tried(open);
});

if (key) tried(open);
else askForKey();
