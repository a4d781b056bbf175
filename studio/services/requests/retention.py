"""What is kept no longer than it has to be: clients' pictures and doodles, and the record."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from studio.store.audit_log import AuditLog
from studio.store.request_retention import RequestRetentionStore
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetentionService:
    """`request_days` clients' requests are kept, `record_days` the record; None: for good."""

    requests: RequestRetentionStore
    variants: VariantStore
    audit: AuditLog
    request_days: int | None = None
    record_days: int | None = None

    def purge_expired(self, at: datetime | None = None) -> int:
        """Deletes what has had its time, some at once; to be called now and then. Tells of how many
        requests."""
        now, emptied = at or datetime.now(UTC), 0
        if self.record_days is not None:
            self.audit.purge(now - timedelta(days=self.record_days))
        if self.request_days is None:
            return emptied
        for request_id in self.requests.older_than(now - timedelta(days=self.request_days)):
            self._redact(request_id)
            emptied += 1
        if emptied:
            log.info("%d requests are over %d days old: emptied", emptied, self.request_days)
        return emptied

    def _redact(self, request_id: str) -> None:
        """The pictures first: one that could not be deleted is tried again."""
        self.variants.delete_for_request(request_id)
        base = self.requests.redact(request_id).base_image.sha256
        if not self.requests.references_image(base):
            self.variants.delete_image_if_unreferenced(base)
