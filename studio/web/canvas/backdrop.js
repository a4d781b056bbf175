/**
 * The base image beneath a canvas, and what takes its shape.
 *
 * @import { Box } from './pixels.js'
 * @typedef {{ src: string, name: string, width: number, height: number }} Backdrop a base image; its size in pixels
 */
import { find } from '../lib/dom.js';

/** @param {HTMLElement} root of the canvas */
export function backdropImage(root) {
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
