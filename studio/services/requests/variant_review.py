"""Review of clients' variants: what moderation withheld is released, what was shown is withdrawn."""

from datetime import UTC, datetime

from studio.errors import InvalidInputError
from studio.recipes.generation.job import OPERATOR_CLIENT
from studio.recipes.moderation import Review
from studio.recipes.serving.request_status import RequestStatus
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.moderation_service import ModerationService
from studio.services.requests.admission import QUEUE_TIMEOUT
from studio.services.requests.runner import JobRunner
from studio.store.audit_log import AuditLog
from studio.store.requests import RequestStore
from studio.store.variants import VariantStore


class VariantReviewService:
    """A reviewer's decisions about single variants, which the audit log records."""

    def __init__(
        self,
        requests: RequestStore,
        variants: VariantStore,
        moderation: ModerationService,
        audit_log: AuditLog,
        runner: JobRunner,
    ) -> None:
        self._requests, self._variants = requests, variants
        self._moderation, self._audit_log, self._runner = moderation, audit_log, runner

    def withdraw(self, request_id: str, slot: Slot, reason: str, reviewer: str) -> RequestStatus:
        """Withholds an image that was released before; the audit log has who did it and why."""
        self._requests.withhold(request_id, slot, reason)
        request = self._requests.get(request_id)
        self._moderation.record_withdrawal(request, slot, reason, reviewer)
        return self._requests.get_status(request_id)

    def release(self, request_id: str, slot: Slot, reason: str, reviewer: str) -> RequestStatus:
        """Releases a withheld image; the audit log has who did it and why.

        An image that was withheld before it was stored is rendered again with the same seed, with
        its output moderation overridden.

        Raises NotFoundError where nothing is withheld.
        """
        stored = self._variants.list_for_request(request_id)
        is_stored = any(variant.slot == slot for variant in stored)
        expires_at = datetime.now(UTC) + QUEUE_TIMEOUT
        self._requests.release_withheld(request_id, slot, is_stored, expires_at)
        request = self._requests.get(request_id)
        self._moderation.record_release(request, slot, reason, reviewer)
        if not is_stored:
            self._runner.enqueue(request, (slot,))
        return self._requests.get_status(request_id)

    def override_decision(self, number: int, review: Review) -> None:
        """Releases the image that moderation decision `number` withheld.

        Raises NotFoundError, and InvalidInputError for a decision that withheld no client's image.
        """
        decision = self._audit_log.get(number).decision
        slot = next((slot for slot in SLOTS if slot == decision.slot), None)
        if decision.verdict != "withheld" or slot is None or decision.client == OPERATOR_CLIENT:
            raise InvalidInputError("moderation.nothing_to_release", number=number)
        self.release(decision.request_id, slot, review.note, review.reviewer)
