/**
 * Light or dark: as this browser stores it, else as the system has it.
 *
 * A classic script in the page's head, so that it runs before anything is drawn. Whoever stores another
 * choice (`shell/color-scheme-menu.js`) dispatches `color-scheme` on the document.
 */
(() => {
  const KEY = 'doodle-theme-studio-color-scheme'; // STORAGE_KEYS.colorScheme; a classic script imports nothing.
  const system = matchMedia('(prefers-color-scheme: dark)');

  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function apply() {
    const choice = stored();
    const isDark = choice === 'dark' || (choice !== 'light' && system.matches);
    const root = document.documentElement;
    root.style.colorScheme = isDark ? 'dark' : 'light';
    root.classList.toggle('dark', isDark);
    document.body?.classList.toggle('dark', isDark);
    /** @type {NodeListOf<HTMLMetaElement>} */
    const colors = document.querySelectorAll('meta[name=theme-color]');
    for (const meta of colors) {
      meta.media = (meta.dataset.scheme === 'dark') === isDark ? 'all' : 'not all';
    }
    // Gradio reads it once, when its scripts run; else it would follow the system.
    document.querySelector('gradio-app')?.setAttribute('theme_mode', isDark ? 'dark' : 'light');
  }

  apply();
  system.addEventListener('change', apply);
  document.addEventListener('color-scheme', apply);
  document.addEventListener('readystatechange', apply); // The body is there, and no module has run yet.
  addEventListener('storage', (event) => {
    if (event.key === KEY) apply();
  });
})();
