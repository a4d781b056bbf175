/** Ids made of names. */

const MAX_LENGTH = 63;

/**
 * @param {string} name
 * @returns {string} its Latin letters and digits in lower case, joined by hyphens; may be empty
 */
export function slugify(name) {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return slug.replace(/^-+|-+$/g, '').slice(0, MAX_LENGTH);
}
