/** Icons: 24 px, strokes of 1.6, in the color of the text. */

/** @type {Readonly<Record<string, string>>} */
const PATHS = {
  open: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  compare: 'M12 3v18M4 6h6v12H4zM14 6h6v12h-6z',
  pick: 'M12 4l2.5 5 5.5.8-4 3.9 1 5.5-5-2.6-5 2.6 1-5.5-4-3.9 5.5-.8z',
  seed: 'M5 5h14v14H5zM9 9h.01M15 15h.01M12 12h.01',
  edit: 'M4 20l4-1L19 8l-3-3L5 16z',
  download: 'M12 3v12M7 10l5 5 5-5M4 20h16',
  close: 'M6 6l12 12M18 6L6 18',
  continue: 'M4 12h12M11 6l6 6-6 6M20 5v14',
  doodle: 'M4 17c3-9 6-12 8-11s-4 9-1 10 5-7 7-6-1 5 2 6',
  previous: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
};

/**
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', PATHS[name] ?? '');
  svg.append(path);
  return svg;
}
