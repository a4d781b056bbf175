// Base images: the gallery, and the keypoints of the chosen one placed by hand.
import { answer, element, t } from './pages.js';

const OWN = { 'X-Studio': 'bases' };
const KEYPOINTS = {
  nose: t('page.bases.nose'), neck: t('page.bases.neck'),
  right_shoulder: t('page.bases.right_shoulder'), right_elbow: t('page.bases.right_elbow'), right_wrist: t('page.bases.right_wrist'),
  left_shoulder: t('page.bases.left_shoulder'), left_elbow: t('page.bases.left_elbow'), left_wrist: t('page.bases.left_wrist'),
  right_hip: t('page.bases.right_hip'), right_knee: t('page.bases.right_knee'), right_ankle: t('page.bases.right_ankle'),
  left_hip: t('page.bases.left_hip'), left_knee: t('page.bases.left_knee'), left_ankle: t('page.bases.left_ankle'),
  right_eye: t('page.bases.right_eye'), left_eye: t('page.bases.left_eye'), right_ear: t('page.bases.right_ear'), left_ear: t('page.bases.left_ear'),
};
const told = document.querySelector('#told');
const gallery = document.querySelector('#gallery');
const editor = document.querySelector('#editor');
const stage = document.querySelector('.pose-stage');
const svg = stage.querySelector('svg');
const joints = document.querySelector('#joints');
const form = document.querySelector('#add');
let known = null;
let chosen = null;
let points = [];
let joint = 0;

async function trying(act) {
  try {
    told.textContent = '';
    await act();
  } catch (error) {
    told.textContent = error.message;
  }
}

async function show(id) {
  known = await answer(await fetch('/bases/list'));
  gallery.replaceChildren(...known.bases.map(tile));
  const select = document.querySelector('#detecting select');
  select.replaceChildren(...known.detectors.map((name) => new Option(name, name)));
  document.querySelector('#detecting').hidden = known.detectors.length === 0;
  choose(known.bases.find((each) => each.id === id) || known.bases[0]);
}

function tile(base) {
  const picture = element('img', { src: base.picture, alt: '' });
  const name = element('span', { translate: false }, base.name);
  const button = element('button', { type: 'button', className: base.retired ? 'retired' : '' }, picture, name);
  button.setAttribute('role', 'radio');
  button.dataset.base = base.id;
  if (base.retired) button.append(' ', element('small', {}, t('page.bases.retired')));
  button.addEventListener('click', () => choose(base));
  return button;
}

function choose(base) {
  chosen = base;
  points = base.keypoints ? base.keypoints.map((point) => point && [...point]) : Array(known.names.length).fill(null);
  editor.hidden = false;
  document.querySelector('#said').textContent = '';
  document.querySelector('#chosen').textContent = `${base.name}, ${base.width} × ${base.height}`;
  stage.querySelector('img').src = base.picture;
  stage.style.aspectRatio = `${base.width} / ${base.height}`;
  document.querySelector('#map').src = `${base.pose}?${Date.now()}`;
  document.querySelector('#retire').textContent = base.retired ? t('page.bases.offer_again') : t('page.bases.retire');
  for (const button of gallery.children) button.setAttribute('aria-checked', String(button.dataset.base === base.id));
  joint = Math.max(0, points.findIndex((point) => !point));
  draw();
}

const named = (index) => KEYPOINTS[known.names[index]];

function draw() {
  joints.replaceChildren(...known.names.map((_, index) => {
    const button = element('button', { type: 'button' }, points[index] ? named(index) : t('page.bases.hidden', { keypoint: named(index) }));
    button.setAttribute('role', 'radio');
    button.setAttribute('aria-checked', String(index === joint));
    button.addEventListener('click', () => { joint = index; draw(); });
    return button;
  }));
  const lines = known.limbs.filter(([a, b]) => points[a] && points[b]).map(([a, b]) => part('line', {
    x1: points[a][0], y1: points[a][1], x2: points[b][0], y2: points[b][1],
  }));
  const dots = points.flatMap((point, index) => (point ? [dot(point, index)] : []));
  svg.replaceChildren(...lines, ...dots);
}

function part(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function dot([x, y], index) {
  const made = part('ellipse', { cx: x, cy: y, rx: 0.014, ry: (0.014 * chosen.width) / chosen.height });
  made.dataset.joint = index;
  made.classList.toggle('chosen', index === joint);
  return made;
}

function placed(event) {
  const box = stage.getBoundingClientRect();
  const inside = (share) => Math.min(1, Math.max(0, share));
  points[joint] = [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  draw();
}

stage.addEventListener('pointerdown', (event) => {
  event.preventDefault();
  const over = event.target.dataset.joint;
  if (over !== undefined) joint = Number(over);
  stage.setPointerCapture(event.pointerId);
  placed(event);
});
stage.addEventListener('pointermove', (event) => { if (stage.hasPointerCapture(event.pointerId)) placed(event); });
stage.addEventListener('pointerup', () => {
  const next = points.findIndex((point) => !point);
  if (next >= 0) joint = next;
  draw();
});

document.querySelector('#hide-joint').addEventListener('click', () => { points[joint] = null; draw(); });

function ask(address, method, body) {
  const headers = body === undefined ? OWN : { ...OWN, 'Content-Type': 'application/json' };
  return fetch(`/bases/${chosen.id}/${address}`, { method, headers, body: body && JSON.stringify(body) });
}

document.querySelector('#save').addEventListener('click', () => trying(async () => {
  await answer(await ask('keypoints', 'PUT', points));
  await show(chosen.id);
  document.querySelector('#said').textContent = t('page.bases.keypoints_saved');
}));
document.querySelector('#retire').addEventListener('click', () => trying(async () => {
  await answer(await ask(`retire?retired=${!chosen.retired}`, 'POST'));
  await show(chosen.id);
}));
document.querySelector('#detecting button').addEventListener('click', () => trying(async () => {
  const name = document.querySelector('#detecting select').value;
  await answer(await ask(`detect?detector=${encodeURIComponent(name)}`, 'POST'));
  await show(chosen.id);
}));

form.addEventListener('submit', (event) => {
  event.preventDefault();
  trying(async () => {
    const name = form.elements.name.value.trim();
    const id = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 63) || 'base';
    const added = await answer(await fetch(`/bases/${id}?${new URLSearchParams({ name })}`, {
      method: 'POST', headers: { ...OWN, 'Content-Type': 'image/png' }, body: form.elements.file.files[0],
    }));
    form.reset();
    await show(added.id);
  });
});

await trying(show);
