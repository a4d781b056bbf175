/**
 * The built-in stickers: closed lines in a square of side 1, for the pixels and for the buttons' pictures.
 * Lines that overlap run clockwise, or one would cut a hole into the other.
 *
 * @import { Contours } from './polygon.js'
 * @import { Pixels } from './pixels.js'
 * @import { Point, Rgb } from './tools.js'
 * @typedef {{ id: string, text: string, contours: Contours }} Sticker `text` is its name's id
 */
import { coverage } from './polygon.js';

/** Of a full turn. */
const POINTS = 72;

/** @type {readonly Sticker[]} */
export const STICKERS = [
  { id: 'star', text: 'studio.canvas_sticker_star', contours: [star(5, 0.42)] },
  { id: 'heart', text: 'studio.canvas_sticker_heart', contours: [heart()] },
  { id: 'flower', text: 'studio.canvas_sticker_flower', contours: flower(6) },
  { id: 'moon', text: 'studio.canvas_sticker_moon', contours: [moon()] },
  { id: 'cloud', text: 'studio.canvas_sticker_cloud', contours: cloud() },
  { id: 'bolt', text: 'studio.canvas_sticker_bolt', contours: [bolt()] },
  { id: 'bow', text: 'studio.canvas_sticker_bow', contours: bow() },
  { id: 'crown', text: 'studio.canvas_sticker_crown', contours: [crown()] },
];

/**
 * A sticker's pixels: the color is exact, edges are soft by alpha.
 *
 * @param {Sticker} sticker
 * @param {Rgb} color
 * @param {number} width
 * @param {number} height
 * @returns {Pixels}
 */
export function drawSticker({ contours }, [red, green, blue], width, height) {
  const sized = contours.map((points) =>
    points.map(({ x, y }) => ({ x: x * width, y: y * height })),
  );
  const covered = coverage(sized, width, height);
  const data = new Uint8ClampedArray(4 * width * height);
  covered.forEach((alpha, at) => {
    if (alpha) data.set([red, green, blue, alpha], 4 * at);
  });
  return { width, height, data };
}

/**
 * @param {Contours} contours
 * @param {number} size of the square
 * @returns {string} the `d` of an SVG path
 */
export function pathOf(contours, size) {
  const place = (/** @type {Point} */ { x, y }) =>
    `${(x * size).toFixed(2)} ${(y * size).toFixed(2)}`;
  return contours.map((points) => `M${points.map(place).join('L')}Z`).join('');
}

/**
 * @param {number} tips
 * @param {number} depth how far in the notches are, as a share of the radius
 * @returns {Point[]}
 */
function star(tips, depth) {
  return Array.from({ length: 2 * tips }, (_, i) => {
    const [angle, r] = [(i * Math.PI) / tips, i % 2 ? 0.5 * depth : 0.5];
    return { x: 0.5 + r * Math.sin(angle), y: 0.52 - r * Math.cos(angle) };
  });
}

function heart() {
  return turn((angle) => {
    const [x, c] = [16 * Math.sin(angle) ** 3, Math.cos];
    const y = 13 * c(angle) - 5 * c(2 * angle) - 2 * c(3 * angle) - c(4 * angle);
    return { x: 0.5 + x / 33, y: 0.44 - y / 33 };
  });
}

/** @param {number} petals */
function flower(petals) {
  const around = Array.from({ length: petals }, (_, i) => {
    const angle = (2 * Math.PI * i) / petals;
    return circle(0.5 + 0.3 * Math.sin(angle), 0.5 - 0.3 * Math.cos(angle), 0.19);
  });
  return [circle(0.5, 0.5, 0.2), ...around];
}

function moon() {
  const outer = arc(0.46, 0.5, 0.45, 0.62, 2 * Math.PI - 0.62);
  const inner = arc(0.64, 0.5, 0.32, 2 * Math.PI - 0.952, 0.952);
  return [...outer, ...inner];
}

function cloud() {
  const base = [
    { x: 0.2, y: 0.55 },
    { x: 0.8, y: 0.55 },
    { x: 0.8, y: 0.8 },
    { x: 0.2, y: 0.8 },
  ];
  return [
    base,
    circle(0.22, 0.62, 0.18),
    circle(0.42, 0.44, 0.23),
    circle(0.64, 0.5, 0.2),
    circle(0.8, 0.63, 0.17),
  ];
}

function bolt() {
  return points(0.58, 0.02, 0.18, 0.56, 0.44, 0.56, 0.36, 0.98, 0.82, 0.4, 0.55, 0.4);
}

function bow() {
  return [
    points(0.5, 0.5, 0.06, 0.78, 0.02, 0.66, 0.02, 0.34, 0.06, 0.22),
    points(0.5, 0.5, 0.94, 0.22, 0.98, 0.34, 0.98, 0.66, 0.94, 0.78),
    circle(0.5, 0.5, 0.12),
  ];
}

function crown() {
  return points(...[0.1, 0.85, 0.04, 0.3, 0.28, 0.52, 0.5, 0.14, 0.72, 0.52, 0.96, 0.3, 0.9, 0.85]);
}

/**
 * @param {...number} places x, y, x, y…
 * @returns {Point[]}
 */
function points(...places) {
  return Array.from({ length: places.length / 2 }, (_, i) => ({
    x: places[2 * i],
    y: places[2 * i + 1],
  }));
}

/**
 * @param {(angle: number) => Point} at
 * @returns {Point[]}
 */
function turn(at) {
  return Array.from({ length: POINTS }, (_, i) => at((2 * Math.PI * i) / POINTS));
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function circle(x, y, r) {
  return turn((angle) => ({ x: x + r * Math.cos(angle), y: y + r * Math.sin(angle) }));
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {number} from angle, clockwise from the right
 * @param {number} to
 * @returns {Point[]}
 */
function arc(x, y, r, from, to) {
  return Array.from({ length: POINTS / 2 + 1 }, (_, i) => {
    const angle = from + ((to - from) * i) / (POINTS / 2);
    return { x: x + r * Math.cos(angle), y: y + r * Math.sin(angle) };
  });
}
