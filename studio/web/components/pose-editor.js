/**
 * The keypoints of a base image, placed by hand: a stage with the skeleton over the image, and a button
 * for each keypoint.
 *
 * @typedef {[x: number, y: number]} Keypoint shares of the image's width and height, 0 to 1
 * @typedef {{ names: string[], limbs: [number, number][] }} Skeleton its keypoints in order; limbs join two
 */
import { element, find } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { roveFocus } from '../lib/roving-focus.js';
import { radioGroup } from './radio-group.js';

const SVG = 'http://www.w3.org/2000/svg';
const DOT_RADIUS = 0.014;
/** How far an arrow key moves a keypoint, and with Shift, as shares of the image. */
const STEP = 0.005;
const BIG_STEP = 0.05;
/** @type {Readonly<Record<string, [x: number, y: number]>>} */
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** @type {Readonly<Record<string, string>>} */
const KEYPOINT_NAMES = {
  nose: t('page.base_images.nose'),
  neck: t('page.base_images.neck'),
  right_shoulder: t('page.base_images.right_shoulder'),
  right_elbow: t('page.base_images.right_elbow'),
  right_wrist: t('page.base_images.right_wrist'),
  left_shoulder: t('page.base_images.left_shoulder'),
  left_elbow: t('page.base_images.left_elbow'),
  left_wrist: t('page.base_images.left_wrist'),
  right_hip: t('page.base_images.right_hip'),
  right_knee: t('page.base_images.right_knee'),
  right_ankle: t('page.base_images.right_ankle'),
  left_hip: t('page.base_images.left_hip'),
  left_knee: t('page.base_images.left_knee'),
  left_ankle: t('page.base_images.left_ankle'),
  right_eye: t('page.base_images.right_eye'),
  left_eye: t('page.base_images.left_eye'),
  right_ear: t('page.base_images.right_ear'),
  left_ear: t('page.base_images.left_ear'),
};

/**
 * A point of the window as shares of a box, within it.
 *
 * @param {{ clientX: number, clientY: number }} point
 * @param {{ left: number, top: number, width: number, height: number }} box
 * @returns {Keypoint}
 */
export function toKeypoint({ clientX, clientY }, { left, top, width, height }) {
  return [clamp((clientX - left) / width), clamp((clientY - top) / height)];
}

/** @param {number} share */
const clamp = (share) => Math.min(1, Math.max(0, share));

/** Keypoints as they are placed one after another, with undo. */
export class Pose {
  /** As they were before each change. @type {{ keypoints: (Keypoint | null)[], selected: number }[]} */
  #before = [];
  /** @type {(Keypoint | null)[]} null is hidden */
  keypoints = [];
  /** The index of the keypoint that is placed next. */
  selected = 0;

  /** @param {readonly (Keypoint | null)[]} keypoints are copied */
  load(keypoints) {
    this.keypoints = keypoints.map((point) => point && [...point]);
    this.#before = [];
    this.selected = 0;
    this.selectHidden();
  }

  /** @param {Keypoint | null} point */
  place(point) {
    this.keypoints[this.selected] = point;
  }

  /** Whether anything was changed since it was loaded. */
  get isChanged() {
    return this.#before.length > 0;
  }

  /** Begins a change, which `undo` takes back as a whole. */
  record() {
    this.#before.push({ keypoints: [...this.keypoints], selected: this.selected });
  }

  /** Takes the last change back. */
  undo() {
    const { keypoints, selected } = this.#before.pop() ?? this;
    Object.assign(this, { keypoints, selected });
  }

  /** Selects the first keypoint that is hidden; where none is, the selection stays. */
  selectHidden() {
    const hidden = this.keypoints.indexOf(null);
    if (hidden >= 0) this.selected = hidden;
  }
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function svgElement(name, attributes) {
  const created = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, String(value));
  return created;
}

export class PoseEditor {
  #pose = new Pose();
  /** @type {Skeleton} */
  #skeleton = { names: [], limbs: [] };
  /** The image's width to its height. */
  #aspect = 1;
  #stage;
  #svg;
  #group;
  /** @type {HTMLButtonElement[]} a button for each keypoint */
  #buttons = [];
  #resetFocus;
  #onChange;

  /**
   * @param {HTMLElement} stage with an `img` and an `svg` of the view box 0 0 1 1
   * @param {HTMLElement} group the radio group of the keypoints
   * @param {(isChanged: boolean) => void} onChange is called whenever it is drawn
   */
  constructor(stage, group, onChange) {
    this.#stage = stage;
    this.#onChange = onChange;
    this.#group = group;
    this.#resetFocus = roveFocus(group, '[role=radio]');
    this.#svg = find(stage, 'svg', SVGElement);
    stage.addEventListener('pointerdown', (event) => this.#press(event));
    stage.addEventListener('pointermove', (event) => {
      if (stage.hasPointerCapture(event.pointerId)) this.#place(event);
    });
    stage.addEventListener('pointerup', () => {
      this.#pose.selectHidden();
      this.#draw();
    });
    stage.addEventListener('keydown', (event) => this.#nudge(event));
  }

  get keypoints() {
    return this.#pose.keypoints;
  }

  /**
   * @param {{ image: string, width: number, height: number, keypoints: (Keypoint | null)[] | null }} base
   * @param {Skeleton} skeleton
   */
  show({ image, width, height, keypoints }, skeleton) {
    this.#skeleton = skeleton;
    this.#aspect = width / height;
    find(this.#stage, 'img', HTMLImageElement).src = image;
    this.#stage.style.aspectRatio = `${width} / ${height}`;
    this.#pose.load(keypoints ?? skeleton.names.map(() => null));
    this.#makeButtons();
    this.#draw();
    this.#resetFocus();
  }

  /** Hides the selected keypoint. */
  hide() {
    this.#pose.record();
    this.#pose.place(null);
    this.#draw();
  }

  /** Takes the last change back. */
  undo() {
    this.#pose.undo();
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    event.preventDefault();
    const index = event.target instanceof SVGElement ? event.target.dataset.joint : undefined;
    if (index !== undefined) this.#pose.selected = Number(index);
    this.#stage.setPointerCapture(event.pointerId);
    this.#pose.record();
    this.#place(event);
  }

  /** @param {PointerEvent} event */
  #place(event) {
    this.#pose.place(toKeypoint(event, this.#stage.getBoundingClientRect()));
    this.#draw();
  }

  /**
   * Moves the selected keypoint by the arrow keys; one that is hidden begins in the middle.
   *
   * @param {KeyboardEvent} event
   */
  #nudge(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = event.shiftKey ? BIG_STEP : STEP;
    const [x, y] = this.#pose.keypoints[this.#pose.selected] ?? [0.5, 0.5];
    this.#pose.record();
    this.#pose.place([clamp(x + step * arrow[0]), clamp(y + step * arrow[1])]);
    this.#draw();
  }

  /** Once for a base image: drawn anew with each change, a button would lose the focus. */
  #makeButtons() {
    this.#buttons = this.#skeleton.names.map(() => element('button'));
    radioGroup(
      this.#group,
      [...this.#buttons.keys()],
      (index) => this.#buttons[index],
      (index) => {
        this.#pose.selected = index;
        this.#draw();
      },
    );
  }

  #draw() {
    const { keypoints, selected } = this.#pose;
    for (const [index, button] of this.#buttons.entries()) {
      button.textContent = this.#label(index);
      button.setAttribute('aria-checked', String(index === selected));
    }
    const lines = this.#skeleton.limbs.flatMap(([from, to]) => {
      const [start, end] = [keypoints[from], keypoints[to]];
      if (!start || !end) return [];
      return [svgElement('line', { x1: start[0], y1: start[1], x2: end[0], y2: end[1] })];
    });
    const dots = keypoints.flatMap((point, index) => (point ? [this.#dot(point, index)] : []));
    this.#svg.replaceChildren(...lines, ...dots);
    this.#onChange(this.#pose.isChanged);
  }

  /** @param {number} index */
  #label(index) {
    const keypoint = KEYPOINT_NAMES[this.#skeleton.names[index]];
    return this.#pose.keypoints[index] ? keypoint : t('page.base_images.hidden', { keypoint });
  }

  /**
   * @param {Keypoint} point
   * @param {number} index
   */
  #dot([cx, cy], index) {
    const dot = svgElement('ellipse', {
      cx,
      cy,
      rx: DOT_RADIUS,
      ry: DOT_RADIUS * this.#aspect,
      'data-joint': index,
    });
    dot.classList.toggle('chosen', index === this.#pose.selected);
    const title = svgElement('title', {});
    title.textContent = this.#label(index);
    dot.append(title);
    return dot;
  }
}
