// @vitest-environment jsdom
/** The page of blind tests, on the parts of its template that it needs. */
import './texts.js';
import { expect, test, vi } from 'vitest';
import english from '../../studio/locales/en.json';
import { find } from '../../studio/web/lib/dom.js';

const TEST = {
  id: 7,
  title: 'Ink or water',
  candidates: [],
  author: 'ada',
  created_at: '2026-11-27T10:00:00Z',
  is_complete: true,
  state: 'done',
  message: '',
};

const pages = [
  { blind_tests: [TEST], next_cursor: 7 },
  { blind_tests: [{ ...TEST, id: 3, title: 'Older' }], next_cursor: null },
];

/** What each route answers. @type {Record<string, () => Response>} */
const answers = {
  'locales/en.json': () => Response.json(english),
  '/blind-tests': () => Response.json(pages.shift()),
  '/blind-tests/7': () => Response.json(TEST),
  '/admin/themes': () => Response.json([]),
  '/background-tasks': () => Response.json([]),
  '/matchup': () => Response.json({ index: 3, votes: 2 }),
  '/votes': () => Response.json({ detail: 'The database is busy.' }, { status: 503 }),
};

test('a vote that the server does not take can be cast again, and older tests are listed on demand', async () => {
  document.body.innerHTML = `<main><p id="error"></p>
    <section id="voting" hidden><h2 id="title"></h2><label id="voter-field"><input id="voter"></label>
      <span id="count"></span><div id="tasks"></div><p id="incomplete"><button id="render" inert data-waits></button></p>
      <div class="ballot"><button id="left"><img></button><img id="doodle"><button id="right"><img></button>
        <button id="tie"></button><button id="zoom"></button></div><details id="ranking"></details></section>
    <table><tbody id="blind-tests"></tbody></table><button id="older" hidden></button>
    <form id="create"><input name="title"></form><ol id="candidates"></ol><button id="add-candidate"></button>
    </main>`;
  localStorage.setItem('doodle-theme-studio-who', 'ada');
  history.replaceState(null, '', '/tests/blind-tests?test=7');
  HTMLImageElement.prototype.decode = async () => undefined;
  const fetch = vi.fn(async (/** @type {string} */ url) => {
    const path = url.split('?')[0];
    const route = Object.keys(answers)
      .filter((each) => path.endsWith(each))
      .at(-1);
    return answers[route ?? '']();
  });
  vi.stubGlobal('fetch', fetch);
  await import('../../studio/web/pages/blind-tests.js');

  expect(document.querySelector('[data-waits], [inert]')).toBeNull();
  const left = find(document, '#left', HTMLButtonElement);
  await vi.waitFor(() => expect(left.disabled).toBe(false));
  left.click();
  expect(left.disabled).toBe(true);
  await vi.waitFor(() =>
    expect(find(document, '#error', HTMLElement).textContent).toContain('busy'),
  );
  expect(left.disabled).toBe(false);
  const votes = () => fetch.mock.calls.filter(([url]) => url.endsWith('/votes')).length;
  expect(votes()).toBe(1);
  find(document, '#right', HTMLButtonElement).click();
  await vi.waitFor(() => expect(votes()).toBe(2));

  const older = find(document, '#older', HTMLButtonElement);
  expect(older.hidden).toBe(false);
  older.click();
  await vi.waitFor(() => expect(older.hidden).toBe(true));
  const listed = [...document.querySelectorAll('#blind-tests a')].map((link) => link.textContent);
  expect(listed).toEqual(['Ink or water', 'Older']);
  expect(fetch.mock.calls.some(([url]) => url.endsWith('/blind-tests?before=7'))).toBe(true);
});
