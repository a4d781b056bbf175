// The drawing layer: its pixels, what can be undone, and what Python and the browser keep of it.
const root = element.querySelector('.sketch');
const sheet = root.querySelector('canvas');
const backdrop = root.querySelector('.sketch-base');
const pen = sheet.getContext('2d', { willReadFrequently: true });
const HISTORY_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 64 * 2 ** 20;
const SAID_MS = 8000;
const KEPT = 'doodle-theme-studio-drawing';

let past = [];
let future = [];
let sentPng = null;

function snapshot() {
  return pen.getImageData(0, 0, sheet.width, sheet.height);
}

function remember() {
  past.push(snapshot());
  const most = Math.max(5, Math.floor(HISTORY_BYTES / (4 * sheet.width * sheet.height)));
  if (past.length > most) past.shift();
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

// A picture becomes the layer, as large as fits; it can be undone like a stroke.
function lay(source) {
  const picture = new Image();
  const unread = () => {
    URL.revokeObjectURL(source);
    say(props.messages.unreadable);
  };
  picture.onload = () => {
    if (picture.width * picture.height > MAX_PIXELS) {
      URL.revokeObjectURL(source);
      say(props.messages.too_many_pixels);
      return;
    }
    if (!picture.width || !picture.height) {
      unread();
      return;
    }
    remember();
    const share = Math.min(sheet.width / picture.width, sheet.height / picture.height);
    const [width, height] = [picture.width * share, picture.height * share];
    pen.clearRect(0, 0, sheet.width, sheet.height);
    pen.globalCompositeOperation = 'source-over';
    pen.drawImage(picture, (sheet.width - width) / 2, (sheet.height - height) / 2, width, height);
    URL.revokeObjectURL(source);
    publish();
  };
  picture.onerror = unread;
  picture.src = source;
}

// Over the canvas, where one looks, and for a while: nothing moves for it.
let saying = 0;
function say(text) {
  clearTimeout(saying);
  root.querySelector('.sketch-said').textContent = text;
  if (text) saying = setTimeout(() => say(''), SAID_MS);
}

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
    root.style.setProperty('--shape', `${base.width} / ${base.height}`);
    past = [];
    future = [];
    if (sentPng !== null) publish();
    else bringBack();
  }
  showHistory();
}
