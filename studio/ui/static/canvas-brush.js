// What the tools do to pixels. A stroke covers each pixel once, however often it passes.
let tool = 'brush';
let colour = props.palette[0].hex;
let hardness = 1;
let mirrored = false;
let before = null;
let cover = null;

function rgb(hex) {
  const n = parseInt(hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

function beginStroke() {
  remember();
  before = past[past.length - 1];
  cover = new Uint8Array(sheet.width * sheet.height);
}

function takeBack() {
  pen.putImageData(before, 0, 0);
  cover.fill(0);
}

// One dab; at full hardness without soft edges, so that palette colours stay exactly what they are.
function disc(x, y, radius) {
  const r = Math.max(0.5, radius);
  const left = Math.max(0, Math.floor(x - r));
  const top = Math.max(0, Math.floor(y - r));
  const right = Math.min(sheet.width, Math.ceil(x + r) + 1);
  const bottom = Math.min(sheet.height, Math.ceil(y + r) + 1);
  if (right <= left || bottom <= top) return;
  const patch = pen.getImageData(left, top, right - left, bottom - top);
  const paint = rgb(colour);
  for (let py = top; py < bottom; py++) {
    for (let px = left; px < right; px++) {
      const away = Math.hypot(px + 0.5 - x, py + 0.5 - y);
      if (away > r) continue;
      const solid = r * hardness;
      const share = away <= solid ? 255 : Math.round((255 * (r - away)) / (r - solid));
      const place = py * sheet.width + px;
      if (share <= cover[place]) continue;
      cover[place] = share;
      mix(patch.data, 4 * ((py - top) * (right - left) + px - left), 4 * place, paint, share / 255);
    }
  }
  pen.putImageData(patch, left, top);
}

// Paints (or erases) one pixel of `to` over what stood there before the stroke.
function mix(to, at, was, paint, share) {
  const old = before.data;
  const under = (old[was + 3] / 255) * (1 - share);
  const alpha = tool === 'eraser' ? under : share + under;
  for (let i = 0; i < 3; i++) {
    const sum = tool === 'eraser' ? old[was + i] * under : paint[i] * share + old[was + i] * under;
    to[at + i] = alpha ? Math.round(sum / alpha) : 0;
  }
  to[at + 3] = Math.round(255 * alpha);
}

function dab(x, y, r) {
  disc(x, y, r);
  if (mirrored) disc(sheet.width - x, y, r);
}

function stroke(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const steps = Math.max(1, Math.ceil(length / Math.max(1, to.r / 3)));
  for (let i = 0; i <= steps; i++) {
    const share = i / steps;
    dab(
      from.x + (to.x - from.x) * share,
      from.y + (to.y - from.y) * share,
      from.r + (to.r - from.r) * share,
    );
  }
}

// Line, rectangle or ellipse from one corner to the other; `even` as Shift asks.
function shape(from, to, even) {
  const [r, at] = [to.r, { x: to.x, y: to.y, r: to.r }];
  const [wide, high] = [to.x - from.x, to.y - from.y];
  if (even && tool === 'line') {
    const turn = (Math.round(Math.atan2(high, wide) / (Math.PI / 4)) * Math.PI) / 4;
    const length = Math.hypot(wide, high);
    at.x = from.x + length * Math.cos(turn);
    at.y = from.y + length * Math.sin(turn);
  } else if (even) {
    const side = Math.max(Math.abs(wide), Math.abs(high));
    at.x = from.x + side * Math.sign(wide);
    at.y = from.y + side * Math.sign(high);
  }
  const start = { x: from.x, y: from.y, r };
  if (tool === 'line') stroke(start, at);
  else outline(tool === 'box' ? boxPoints(start, at) : ovalPoints(start, at), r);
}

function boxPoints(a, b) {
  return [[a.x, a.y], [b.x, a.y], [b.x, b.y], [a.x, b.y], [a.x, a.y]];
}

function ovalPoints(a, b) {
  const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const [rx, ry] = [Math.abs(b.x - a.x) / 2, Math.abs(b.y - a.y) / 2];
  return Array.from({ length: 49 }, (_, i) => {
    const turn = (i / 48) * 2 * Math.PI;
    return [x + rx * Math.cos(turn), y + ry * Math.sin(turn)];
  });
}

function outline(points, r) {
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1], points[i]];
    stroke({ x: from[0], y: from[1], r }, { x: to[0], y: to[1], r });
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

// The colour one sees at (x, y): the doodle's, or the base's where nothing is drawn.
function seenColour(x, y) {
  const one = document.createElement('canvas');
  one.width = one.height = 1;
  const eye = one.getContext('2d');
  eye.drawImage(backdrop, -Math.floor(x), -Math.floor(y), sheet.width, sheet.height);
  eye.drawImage(sheet, -Math.floor(x), -Math.floor(y));
  const [red, green, blue] = eye.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}
