"""Retention: clients' requests and the moderation audit log are deleted after a configured time."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from studio.store.audit_log import AuditLog
from studio.store.request_retention import RequestRetentionStore
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetentionService:
    """Purges what is older than its retention period.

    `request_days` is the period for clients' prompts, doodles and images, `record_days` that for
    the audit log; None keeps them for good.
    """

    requests: RequestRetentionStore
    variants: VariantStore
    audit: AuditLog
    request_days: int | None = None
    record_days: int | None = None

    def purge_expired(self, now: datetime | None = None) -> int:
        """Purges one batch of what has expired; to be called regularly.

        Returns the number of requests that were redacted.
        """
        now, redacted = now or datetime.now(UTC), 0
        if self.record_days is not None:
            self.audit.purge(now - timedelta(days=self.record_days))
        if self.request_days is None:
            return redacted
        for request_id in self.requests.older_than(now - timedelta(days=self.request_days)):
            self._redact(request_id)
            redacted += 1
        if redacted:
            log.info("%d requests are over %d days old: redacted", redacted, self.request_days)
        return redacted

    def _redact(self, request_id: str) -> None:
        """Deletes the images first: when that fails, the request is tried again the next time."""
        self.variants.delete_for_request(request_id)
        base_sha256 = self.requests.redact(request_id)
        if not self.requests.references_image(base_sha256):
            self.variants.delete_image_if_unreferenced(base_sha256)
