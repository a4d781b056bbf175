/** Who is signed in. */

const COOKIE = 'studio-user=';

/** @returns {string | null} the name; null where nobody signs in */
export function signedInUser() {
  const cookie = document.cookie.split('; ').find((each) => each.startsWith(COOKIE));
  return cookie === undefined ? null : decodeURIComponent(cookie.slice(COOKIE.length)) || null;
}
