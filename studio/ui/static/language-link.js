// Another language: a link with data-language keeps the choice in a cookie and asks for the page anew.
const [COOKIE, YEAR] = ['studio_language', 31536000];
const BEFORE = 'doodle-theme-studio-language'; // Where browsers kept the choice before the server wrote the pages.

function choose(language) {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${COOKIE}=${language}; path=/; max-age=${YEAR}; SameSite=Lax${secure}`;
  const here = new URL(location.href);
  here.searchParams.delete('lang');
  history.replaceState(null, '', here);
  location.reload();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-language]');
  if (!link) return;
  event.preventDefault();
  choose(link.dataset.language);
});

const kept = localStorage.getItem(BEFORE);
if (kept !== null) {
  localStorage.removeItem(BEFORE);
  const wanted = ['en', 'zh-CN'].includes(kept) && !document.cookie.includes(`${COOKIE}=`);
  if (wanted && kept !== document.documentElement.lang) choose(kept);
}
