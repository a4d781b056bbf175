/** The audit log: what moderation has decided, filtered, and reviews of it. */
import { AuditLog } from '../components/audit-log.js';
import { field, find, untranslatedOption } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';

const form = find(document, '#filter', HTMLFormElement);
const auditLog = new AuditLog();
await withErrorDisplay(async () => {
  await auditLog.load();
  const themes = /** @type {{ slug: string, name: string }[]} */ (
    await getJson(`${API}/admin/themes`)
  );
  const options = themes.map(({ slug, name }) => untranslatedOption(slug, name));
  field(form, 'theme', HTMLSelectElement).append(...options);
});
