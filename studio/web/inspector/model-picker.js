/**
 * The choice of a model: a button that shows the chosen one, and a list with previews that can be searched.
 *
 * @import { Control } from './controls.js'
 * @import { Editor } from './editor.js'
 * @import { Field, Json, Model } from './types.js'
 */
import { element, findAll, untranslated } from '../lib/dom.js';
import { fileSize } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { modelName } from './document.js';
import { openBelow } from './popover.js';

/**
 * @param {Editor} editor
 * @param {Field} field
 * @param {string} id
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
export function modelPicker(editor, field, id, onInput) {
  const button = element('button', {
    type: 'button',
    id,
    className: 'model',
    ariaHasPopup: 'listbox',
    ariaExpanded: 'false',
  });
  const search = element('input', {
    type: 'search',
    role: 'combobox',
    ariaLabel: t('studio.inspector_search_models'),
    ariaExpanded: 'true',
    ariaAutoComplete: 'list',
    autocomplete: 'off',
  });
  const list = element('ul', { role: 'listbox', id: `${id}-models`, ariaLabel: field.label });
  search.setAttribute('aria-controls', list.id);
  const empty = element('p', {}, t('studio.inspector_no_models'));
  const popover = element('div', { className: 'model-list' }, search, list, empty);
  popover.popover = 'auto';
  const root = element('span', { className: 'picker' }, button, popover);
  let chosen = '';

  const options = () => findAll(list, '[role=option]', HTMLElement);
  /** @param {HTMLElement | undefined} option */
  const activate = (option) => {
    for (const each of options()) each.classList.toggle('active', each === option);
    if (option) search.setAttribute('aria-activedescendant', option.id);
    else search.removeAttribute('aria-activedescendant');
    option?.scrollIntoView({ block: 'nearest' });
  };
  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const models = editor
      .modelsOf(field.model ?? 'checkpoint')
      .filter(({ name }) => name.toLowerCase().includes(wanted));
    const none = field.optional && !wanted ? [noneOption(`${list.id}-none`, chosen === '')] : [];
    const found = models.map((model, index) =>
      modelOption(`${list.id}-${index}`, model, model.name === chosen),
    );
    list.replaceChildren(...none, ...found);
    empty.hidden = list.childElementCount > 0;
    activate(options().find(({ ariaSelected }) => ariaSelected === 'true') ?? options()[0]);
  };
  /** @param {HTMLElement | undefined} option */
  const choose = (option) => {
    if (!option) return;
    const { name } = option.dataset;
    popover.hidePopover();
    button.focus();
    onInput(name === undefined ? null : { name, sha256: null });
  };

  button.addEventListener('click', () => {
    search.value = '';
    fill();
    openBelow(popover, button);
    search.focus();
  });
  popover.addEventListener('toggle', () => {
    button.ariaExpanded = String(popover.matches(':popover-open'));
  });
  search.addEventListener('input', fill);
  search.addEventListener('keydown', (event) => {
    const all = options();
    const active = all.findIndex((each) => each.classList.contains('active'));
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 });
    if (event.key in moves && all.length) {
      event.preventDefault();
      activate(all[(active + moves[event.key] + all.length) % all.length]);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(all[active]);
    }
  });
  list.addEventListener('click', (event) => {
    const option = event.target instanceof Element ? event.target.closest('[role=option]') : null;
    if (option instanceof HTMLElement) choose(option);
  });
  return {
    root,
    input: button,
    show: (value) => {
      chosen = modelName(value);
      const model = editor
        .modelsOf(field.model ?? 'checkpoint')
        .find(({ name }) => name === chosen);
      button.replaceChildren(...chosenModel(chosen, model, editor.models.length > 0));
    },
  };
}

/**
 * @param {string} name
 * @param {Model | undefined} model
 * @param {boolean} isLoaded whether the list of models is known
 */
function chosenModel(name, model, isLoaded) {
  if (!name) return [element('span', { className: 'names' }, t('recipe.none'))];
  const names = element('span', { className: 'names' }, untranslated(name));
  const note = model ? modelNote(model) : isLoaded ? t('studio.inspector_model_missing') : '';
  const small = element('small', { className: model || !isLoaded ? '' : 'missing' }, note);
  small.translate = model === undefined;
  names.append(small);
  return [thumbnail(model), names];
}

/** @param {Model | undefined} model */
function thumbnail(model) {
  if (!model?.preview) return element('span', { className: 'thumbnail' });
  return element('img', {
    className: 'thumbnail',
    src: `${model.preview}?size=96`,
    alt: '',
    loading: 'lazy',
  });
}

/** @param {Model} model */
function modelNote(model) {
  const hash = model.sha256?.slice(0, 10);
  const identity = [model.family, fileSize(model.size_bytes), hash].filter(Boolean).join(' · ');
  if (!model.trigger_words.length) return identity;
  return t('studio.trigger_words', { model: identity, words: model.trigger_words.join(', ') });
}

/**
 * @param {string} id
 * @param {boolean} isChosen
 */
function noneOption(id, isChosen) {
  const label = t('recipe.none');
  return element(
    'li',
    { role: 'option', id, ariaLabel: label, ariaSelected: String(isChosen) },
    label,
  );
}

/**
 * @param {string} id
 * @param {Model} model
 * @param {boolean} isChosen
 */
function modelOption(id, model, isChosen) {
  const names = element('span', { className: 'names' }, untranslated(model.name));
  names.append(element('small', { translate: false }, modelNote(model)));
  const option = element(
    'li',
    { role: 'option', id, ariaLabel: model.name, ariaSelected: String(isChosen) },
    thumbnail(model),
    names,
  );
  option.dataset.name = model.name;
  return option;
}
