/** Elements: made, and found. */

/**
 * Makes an element. Texts are set as text, never read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties] set on the element, such as `className`
 * @param {...(Node | string | number | null | undefined)} children null and undefined are left out
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  for (const child of children) {
    if (child !== null && child !== undefined) {
      made.append(child instanceof Node ? child : String(child));
    }
  }
  return made;
}

/**
 * Finds the first element of a kind that the page must have.
 *
 * @template {Element} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind such as HTMLInputElement
 * @returns {Kind}
 * @throws {Error} where there is none, or it is of another kind
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`This page has no ${kind.name} at "${selector}".`);
}

/**
 * Finds an element that the page must have, whatever its kind.
 *
 * @param {string} selector
 * @throws {Error} where there is none
 */
export function part(selector) {
  return find(document, selector, HTMLElement);
}

/**
 * Finds every element of a kind.
 *
 * @template {Element} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind others are left out
 * @returns {Kind[]}
 */
export function findAll(root, selector, kind) {
  return [...root.querySelectorAll(selector)].filter(
    /** @returns {each is Kind} */ (each) => each instanceof kind,
  );
}

/**
 * Finds a form's field by its name.
 *
 * @template {Element} Kind
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {new () => Kind} kind such as HTMLInputElement
 * @returns {Kind}
 * @throws {Error} where there is none, or it is of another kind
 */
export function field(form, name, kind) {
  const found = form.elements.namedItem(name);
  if (found instanceof kind) return found;
  throw new Error(`This form has no ${kind.name} named "${name}".`);
}

/**
 * What is filled in of a form, as a query.
 *
 * @param {HTMLFormElement} form
 * @returns {URLSearchParams}
 */
export function formQuery(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string' && value) query.append(name, value);
  }
  return query;
}

/**
 * The element that an event came from, or the nearest around it that fits.
 *
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest(event, selector) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}

/**
 * Somebody's own words or a name, which no browser is to translate.
 *
 * @param {string} text
 * @returns {HTMLSpanElement}
 */
export function untranslated(text) {
  return element('span', { translate: false }, text);
}

/**
 * An option whose label no browser is to translate.
 *
 * @param {string} value
 * @param {string} label
 * @returns {HTMLOptionElement}
 */
export function untranslatedOption(value, label) {
  return element('option', { value, translate: false }, label);
}

/**
 * Calls back when a form is submitted, and keeps the browser from leaving the page.
 *
 * @param {HTMLFormElement} form
 * @param {() => void} callback
 */
export function onSubmit(form, callback) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    callback();
  });
}
