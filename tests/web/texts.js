/**
 * The English texts, as the server gives them to a page. Import this before modules that use texts.
 */
import { vi } from 'vitest';
import english from '../../studio/locales/en.json';

document.documentElement.lang = 'en';
const respond = async () => new Response(JSON.stringify(english));
vi.stubGlobal('fetch', respond);
