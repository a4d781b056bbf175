/**
 * What a `<doodle-canvas>` consists of. `data-text`, `data-about` and `data-label` name the texts of an
 * element, its tooltip and its label, by id; `data-full` is left out of the compact canvas.
 */
import { element, find, findAll } from '../lib/dom.js';
import { fillStickers } from './sticker-menu.js';

/**
 * @typedef {{ name: string, hex: string }} Color with its name in the reader's language
 */

const MARKUP = `
  <div class="sketch-options">
    <div class="sketch-palette" role="toolbar" data-label="studio.canvas_colors">
      <label class="sketch-custom-color" data-about="studio.canvas_custom_color"><input type="color" data-label="studio.canvas_custom_color" value="#d62830"></label>
    </div>
    <button type="button" class="sketch-more" data-about="studio.canvas_more" data-full><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 12h.01M12 12h.01M19 12h.01"/></svg></button>
    <label class="sketch-slider sketch-brush"><span data-text="studio.canvas_size"></span><input type="range" min="2" max="60" step="1" data-label="studio.canvas_size_about"><output></output></label>
    <label class="sketch-slider sketch-hardness" data-full><span data-text="studio.canvas_hardness"></span><input type="range" min="0" max="100" step="5" data-label="studio.canvas_hardness_about"><output></output></label>
    <label class="sketch-slider sketch-opacity" data-full><span data-text="studio.canvas_opacity"></span><input type="range" min="5" max="100" step="5" data-label="studio.canvas_opacity_about"><output></output></label>
    <button type="button" class="sketch-live" data-action="live" aria-pressed="false" data-about="studio.canvas_live_about" data-full><span data-text="studio.canvas_live"></span></button>
  </div>
  <div class="sketch-tools" role="toolbar" data-label="studio.canvas_tools">
    <div class="sketch-group">
      <button type="button" data-tool="brush" data-about="studio.canvas_brush_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M20 4c-4 1-9 5-11 9l3 3c4-2 7-7 8-12zM8 14c-2 0-3 1-3 3 0 1-1 2-2 2 2 2 6 1 7-2z"/></svg></button>
      <button type="button" data-tool="eraser" data-about="studio.canvas_eraser_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 4l6 6-9 9H7l-4-4zM7 19h14"/></svg></button>
      <button type="button" data-tool="fill" data-about="studio.canvas_fill_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 3l9 9-7 7-8-8zM4 11h14M20 15c1 2 2 3 2 4a2 2 0 0 1-4 0c0-1 1-2 2-4z"/></svg></button>
      <button type="button" data-tool="eyedropper" data-about="studio.canvas_eyedropper_about" data-full><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M20 4c-2-2-4-1-5 1l-2 2 4 4 2-2c2-1 3-3 1-5zM13 8l-8 8-1 4 4-1 8-8"/></svg></button>
    </div>
    <div class="sketch-group">
      <button type="button" data-tool="lasso" data-about="studio.canvas_lasso_about" data-full><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 16.5c-3-1-5-3-5-6C3 7 7 4 12 4s9 3 9 6.5-4 6.5-9 6.5c-1 0-2-.1-3-.4" stroke-dasharray="3.2 2.6"/><path d="M8 15.5a1.8 1.8 0 1 0 .01 0M8 19c0 1-.6 2-2 2.4"/></svg></button>
      <button type="button" class="sketch-sticker-button" data-about="studio.canvas_stickers_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z"/></svg></button>
      <button type="button" data-action="layers" aria-expanded="false" data-about="studio.canvas_layers_about" data-full><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4l9 5-9 5-9-5zM3 14l9 5 9-5"/></svg></button>
    </div>
    <div class="sketch-group" data-full>
      <button type="button" data-tool="line" data-about="studio.canvas_line_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 19L19 5"/></svg></button>
      <button type="button" data-tool="rectangle" data-about="studio.canvas_rectangle_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 6h16v12H4z"/></svg></button>
      <button type="button" data-tool="ellipse" data-about="studio.canvas_ellipse_about"><svg viewBox="0 0 24 24" aria-hidden="true"><ellipse cx="12" cy="12" rx="9" ry="7"/></svg></button>
      <button type="button" data-action="mirror" data-about="studio.canvas_mirror_about" aria-pressed="false"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3v18M9 7l-6 10h6zM15 7l6 10h-6z"/></svg></button>
      <button type="button" data-tool="hand" data-about="studio.canvas_pan_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3"/></svg></button>
    </div>
    <div class="sketch-group sketch-steps">
      <button type="button" data-action="undo" data-about="studio.canvas_undo_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 5L4 10l5 5M4 10h10a6 6 0 0 1 0 11h-3"/></svg></button>
      <button type="button" data-action="redo" data-about="studio.canvas_redo_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l5 5-5 5M20 10H10a6 6 0 0 0 0 11h3"/></svg></button>
      <button type="button" data-action="clear" data-compact data-about="studio.canvas_clear"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13"/></svg></button>
    </div>
  </div>
  <div class="sketch-page">
    <div class="sketch-zoom">
      <img class="sketch-base" alt="" draggable="false">
      <canvas width="256" height="256" tabindex="0" data-label="studio.canvas"></canvas>
      <svg class="sketch-lasso" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>
      <div class="sketch-selection" role="group" data-label="studio.canvas_selection" hidden>
        <span data-handle="nw"></span><span data-handle="n"></span><span data-handle="ne"></span><span data-handle="w"></span><span data-handle="sw"></span>
        <button type="button" data-handle="e" data-about="studio.canvas_selection_width"></button>
        <button type="button" data-handle="s" data-about="studio.canvas_selection_height"></button>
        <button type="button" data-handle="se" data-about="studio.canvas_selection_size"></button>
      </div>
    </div>
    <div class="sketch-ring" hidden></div>
    <img class="sketch-preview" alt="" hidden>
    <p class="sketch-drop" data-text="studio.canvas_use_as_doodle"></p>
    <div class="sketch-view" role="toolbar" data-label="studio.canvas_view" data-full>
      <button type="button" data-action="zoom-out" data-about="studio.canvas_zoom_out_about">−</button>
      <output class="sketch-percent">100%</output>
      <button type="button" data-action="zoom-in" data-about="studio.canvas_zoom_in_about">+</button>
      <button type="button" data-action="zoom-fit" data-about="studio.canvas_fit_about" data-text="studio.canvas_fit"></button>
    </div>
    <div class="sketch-selection-bar" role="toolbar" data-label="studio.canvas_selection" hidden>
      <button type="button" data-action="fill-selection" data-about="studio.canvas_fill_selection"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 3l9 9-7 7-8-8zM4 11h14M20 15c1 2 2 3 2 4a2 2 0 0 1-4 0c0-1 1-2 2-4z"/></svg></button>
      <button type="button" data-action="duplicate" data-about="studio.canvas_duplicate_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 8h12v12H8zM4 16V4h12"/></svg></button>
      <button type="button" data-action="delete" data-about="studio.canvas_delete_selection_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13"/></svg></button>
      <button type="button" data-action="commit" data-about="studio.canvas_commit_about"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 13l5 5 9-11"/></svg></button>
    </div>
    <p class="sketch-message" role="status"></p>
  </div>
  <div class="sketch-layers" role="group" data-label="studio.canvas_layers" hidden data-full>
    <ul class="sketch-layer-list"></ul>
    <label class="sketch-slider sketch-layer-opacity"><span data-text="studio.canvas_opacity"></span><input type="range" min="0" max="100" step="5" data-label="studio.canvas_layer_opacity_about"><output></output></label>
    <div class="sketch-layer-acts" role="toolbar" data-label="studio.canvas_layers">
      <button type="button" data-action="layer-add" data-about="studio.canvas_layer_add"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v14M5 12h14"/></svg></button>
      <button type="button" data-action="layer-up" data-about="studio.canvas_layer_up"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 19V5M6 11l6-6 6 6"/></svg></button>
      <button type="button" data-action="layer-down" data-about="studio.canvas_layer_down"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v14M6 13l6 6 6-6"/></svg></button>
      <button type="button" data-action="layer-merge" data-about="studio.canvas_layer_merge"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 5h16M12 8v9M8 13l4 4 4-4M4 20h16"/></svg></button>
      <button type="button" data-action="layer-delete" data-about="studio.canvas_layer_delete"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13"/></svg></button>
    </div>
  </div>
  <div class="sketch-stickers" popover role="group" data-label="studio.canvas_stickers">
    <p data-text="studio.canvas_sticker_group"></p>
    <div class="sketch-sticker-grid" role="toolbar" data-label="studio.canvas_sticker_group"></div>
    <p data-text="studio.canvas_pattern_group"></p>
    <div class="sketch-pattern-grid" role="toolbar" data-label="studio.canvas_pattern_group"></div>
  </div>
  <div class="sketch-menu" popover role="group" data-label="studio.canvas_more" data-full>
    <button type="button" data-action="import" data-text="studio.canvas_import_about"></button>
    <button type="button" data-action="download" data-text="studio.canvas_download_about"></button>
    <button type="button" data-action="clear" data-text="studio.canvas_clear"></button>
    <hr>
    <label><input type="checkbox" name="smooth" checked><span data-text="studio.canvas_smooth"></span></label>
    <label><input type="checkbox" name="pressureSize" checked><span data-text="studio.canvas_pressure_size"></span></label>
    <label><input type="checkbox" name="pressureOpacity"><span data-text="studio.canvas_pressure_opacity"></span></label>
    <label><input type="checkbox" name="penOnly"><span data-text="studio.canvas_pen_only"></span></label>
  </div>
  <input class="sketch-file" type="file" accept="image/*" hidden data-label="studio.canvas_file" data-full>`;

/**
 * Fills a canvas element.
 *
 * @param {HTMLElement} root
 * @param {boolean} isCompact the smaller tool bar
 */
export function build(root, isCompact) {
  root.innerHTML = MARKUP;
  for (const part of findAll(root, isCompact ? '[data-full]' : '[data-compact]', HTMLElement)) {
    part.remove();
  }
  fillStickers(find(root, '.sketch-stickers', HTMLElement));
}

/**
 * @param {HTMLElement} root
 * @param {(id: string) => string} text
 */
export function localize(root, text) {
  for (const part of findAll(root, '[data-text], [data-about], [data-label]', HTMLElement)) {
    const { text: content, about, label } = part.dataset;
    if (content) part.textContent = text(content);
    if (about) part.title = text(about);
    if (label ?? about) part.setAttribute('aria-label', text(label ?? about ?? ''));
  }
}

/**
 * @param {HTMLElement} root
 * @param {readonly Color[]} palette
 */
export function fillPalette(root, palette) {
  const group = find(root, '.sketch-palette', HTMLElement);
  for (const old of findAll(group, '[data-color]', HTMLElement)) old.remove();
  const swatches = palette.map(({ name, hex }) => {
    const button = element('button', { type: 'button', title: name, ariaLabel: name });
    button.dataset.color = hex;
    button.style.setProperty('--swatch', hex);
    return button;
  });
  group.prepend(...swatches);
}
