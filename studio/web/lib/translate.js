/**
 * Texts with placeholders, as in `studio/locales/*.json`.
 *
 * @typedef {string | number | boolean | null | undefined} Scalar
 * @typedef {Record<string, Scalar | readonly Scalar[]>} Params by the placeholders' names
 */

/**
 * The text of an id with its placeholders filled; a list is joined as the language joins lists.
 *
 * @param {Readonly<Record<string, string>>} templates by id
 * @param {string} id one without a template is shown itself
 * @param {Params} [params] a placeholder without a parameter stays as it is
 * @returns {string}
 */
export function translate(templates, id, params = {}) {
  const template = templates[id] ?? id;
  const separator = templates['list.separator'] ?? ', ';
  return template.replace(/\{(\w+)\}/g, (placeholder, name) => {
    if (!(name in params)) return placeholder;
    const value = params[name];
    return Array.isArray(value) ? value.join(separator) : String(value);
  });
}
