/** The audit log: what moderation has decided, filtered, and reviews of it. */
import { AuditLog } from '../components/audit-log.js';
import { field, find, untranslatedOption } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';
import { markReady } from '../lib/ready.js';

const form = find(document, '#filter', HTMLFormElement);
/** @type {Map<string, string>} the themes' names by slug */
const names = new Map();
const auditLog = new AuditLog(names);
markReady();
await withErrorDisplay(async () => {
  const themes = /** @type {{ slug: string, name: string }[]} */ (
    await getJson(`${API}/admin/themes?archived=true`)
  );
  for (const { slug, name } of themes) names.set(slug, name);
  const options = themes.map(({ slug, name }) => untranslatedOption(slug, name));
  field(form, 'theme', HTMLSelectElement).append(...options);
});
auditLog.reset();
