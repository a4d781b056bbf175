/**
 * The base image beneath a canvas, and what takes its shape.
 *
 * @import { Box } from './pixels.js'
 * @import { Point } from './tools.js'
 * @typedef {{ src: string, name: string, width: number, height: number }} Backdrop a base image; its size in pixels
 */
import { find } from '../lib/dom.js';
import { formatColor } from './tools.js';

/** @param {HTMLElement} root of the canvas */
function backdropImage(root) {
  return find(root, '.sketch-base', HTMLImageElement);
}

/**
 * @param {HTMLElement} root of the canvas
 * @param {Backdrop} base
 */
export function showBackdrop(root, { src, name }) {
  const image = backdropImage(root);
  if (image.getAttribute('src') !== src) image.src = src;
  image.alt = name;
}

/**
 * Gives the page, and the lines over it, the shape of the base image.
 *
 * @param {HTMLElement} root of the canvas
 * @param {Backdrop} base
 * @param {Box} whole of a layer
 */
export function shapeLike(root, base, { width, height }) {
  find(root, '.sketch-lasso', SVGElement).setAttribute('viewBox', `0 0 ${width} ${height}`);
  root.style.setProperty('--shape', `${base.width} / ${base.height}`);
  root.style.setProperty('--ratio', String(base.width / base.height));
}

/**
 * The color one sees at a point: the drawing's, or that of the base image where nothing is drawn.
 *
 * @param {HTMLElement} root of the canvas
 * @param {Point} point in pixels of a layer
 * @returns {string} as #rrggbb
 */
export function colorSeen(root, { x, y }) {
  const [sheet, backdrop] = [find(root, 'canvas', HTMLCanvasElement), backdropImage(root)];
  const sample = document.createElement('canvas');
  sample.width = sample.height = 1;
  const context = sample.getContext('2d');
  if (!context) throw new Error('This browser does not support canvas.');
  const [left, top] = [-Math.floor(x), -Math.floor(y)];
  if (backdrop.complete) context.drawImage(backdrop, left, top, sheet.width, sheet.height);
  context.drawImage(sheet, left, top);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return formatColor([red, green, blue]);
}
