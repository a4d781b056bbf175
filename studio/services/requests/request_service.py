"""The request service: API clients' requests against deployed themes, from submission to result.

The job table is the source of truth; runs and their events belong to the process that renders them.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from studio.errors import CapacityError, InvalidInputError, NotFoundError
from studio.recipes.base_image import BaseImage, Sha256, Slug, UploadedBaseImage
from studio.recipes.generation.job import OPERATOR_CLIENT, GenerationRequest
from studio.recipes.moderation import Review
from studio.recipes.serving.request_status import (
    ApiClient,
    EventMessage,
    RequestStatus,
    to_event_message,
)
from studio.recipes.themes.preset import SLOTS, Preset, Slot, ThemeVersion
from studio.services.clock_jumps import ClockJumpDetector
from studio.services.requests.admission import QueueFullError, admit
from studio.services.requests.job_tracker import event_for_state
from studio.services.requests.request_factory import RequestFactory
from studio.services.requests.runner import JobRunner
from studio.services.themes.deployment_service import DeploymentService
from studio.store.base_images import BaseImageStore
from studio.store.job_queue import EXPIRED_MESSAGE
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore

QUEUE_TIMEOUT = timedelta(minutes=5)
"""How long a job may be queued before it expires."""
DEFAULT_JOB_SECONDS = 2.0
"""The assumed duration of a job while none was measured."""
RECENT_VARIANTS = 20
"""Variants whose median duration gives the estimated wait."""


@dataclass(frozen=True)
class GenerationRequestSpec:
    """What a client submits. Without a seed one is drawn at random; an idempotency key makes it
    safe to submit again."""

    theme: Slug
    base_image: Slug | UploadedBaseImage
    doodle: bytes | None = None
    user_prompt: str = ""
    seed: int | None = None
    idempotency_key: str | None = None

    @property
    def sha256(self) -> Sha256:
        """A hash of everything but the key: equal when, and only when, the same is submitted
        again."""
        base = self.base_image
        fields = [
            self.theme,
            base if isinstance(base, str) else base.model_dump_json(),
            self.user_prompt,
            self.seed,
            None if self.doodle is None else hashlib.sha256(self.doodle).hexdigest(),
        ]
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


@dataclass(frozen=True)
class RequestService:
    """Submission, status, results, cancellation and review of clients' requests."""

    deployments: DeploymentService
    request_factory: RequestFactory
    base_image_store: BaseImageStore
    jobs: JobStore
    variants: VariantStore
    runner: JobRunner
    clock: ClockJumpDetector = field(default_factory=ClockJumpDetector)

    def resume_interrupted(self) -> int:
        """Continues at startup what a restart has interrupted. Returns the number of requests."""
        return self.runner.resume_interrupted()

    def run_maintenance(self) -> None:
        """Expires overdue jobs and requeues those without a live worker; to be called regularly.

        After a jump of the clock, or a gap in which maintenance could not run, queued jobs get a
        new deadline instead of expiring.

        Raises:
            WorkerHungError, DeviceLost: this process can render no more.
            StoreInUse: another process renders for the same database.
        """
        self.check()
        is_clock_steady = self.clock.is_steady()
        if is_clock_steady:
            self.expire_overdue()
        else:
            self.jobs.queue.extend(datetime.now(UTC) + QUEUE_TIMEOUT)
        self.runner.run_maintenance(is_clock_steady)
        self.clock.complete()

    def check(self) -> None:
        """Liveness: whether this process works, whatever the state of the services around it.

        Raises WorkerHungError, DeviceLost.
        """
        self.runner.check()

    def check_ready(self) -> int:
        """Readiness: whether requests can be accepted now. Returns the number of queued jobs.

        Raises what `check` raises, and StorageUnavailableError while the database, the image store
        or the broker is away.
        """
        self.check()
        self.runner.check_ready()
        return self.jobs.stats.count_queued()

    def expire_overdue(self) -> int:
        """Ends jobs that were queued for too long. Returns their number."""
        overdue = self.jobs.queue.expire_overdue()
        for request_id, slots in overdue.items():
            events = [
                EventMessage(slot=slot, type="failed", is_terminal=True, error=EXPIRED_MESSAGE)
                for slot in slots
            ]
            self.runner.drop(request_id, events)
        return sum(map(len, overdue.values()))

    def list_active_themes(self, client: ApiClient) -> Sequence[ThemeVersion]:
        """The theme versions that are deployed in the client's channel now."""
        active = self.deployments.active_deployments(client.channel)
        return [deployment.version for deployment in active]

    def base_images(self, version: ThemeVersion) -> Sequence[BaseImage]:
        """The base images that a theme may be rendered on: those it names, or all."""
        allowed = version.preset.base_images
        offered = self.base_image_store.list_all()
        return [image for image in offered if not allowed or image.id in allowed]

    def submit(self, client: ApiClient, spec: GenerationRequestSpec) -> RequestStatus:
        """Admits a request, stores it with its four jobs and enqueues them.

        Submitted again under the same idempotency key, it returns the request of the first time.

        Raises:
            NotFoundError: the theme is not deployed, or the base image is not one of the theme's.
            InvalidInputError: the inputs are invalid (InvalidImageError, ContentBlockedError), or
                the key was used for another request.
            CapacityError: over a limit or the queue is full; it has the seconds to wait.
        """
        if spec.idempotency_key is not None and (
            earlier_id := self.jobs.requests.find_by_idempotency_key(
                client.name, spec.idempotency_key
            )
        ):
            return self._repeated(earlier_id, spec)
        request = self._make_request(client, spec)
        expires_at = datetime.now(UTC) + QUEUE_TIMEOUT
        try:
            status, tier = self.jobs.requests.create(
                request,
                client.name,
                client.channel,
                expires_at,
                spec.idempotency_key,
                partial(admit, client),
            )
        except QueueFullError as full:
            raise CapacityError(
                full.code, self.estimated_wait_seconds(), **full.message.params
            ) from None
        if tier is None:  # The key was taken meanwhile.
            return self._repeated(status.id, spec)
        self.runner.enqueue(request, SLOTS, tier)
        return status

    def _make_request(self, client: ApiClient, spec: GenerationRequestSpec) -> GenerationRequest:
        # The id comes first: its hash decides between the canary and the stable version.
        request_id = secrets.token_hex(16)
        version = self.deployments.resolve_version(spec.theme, client.channel, request_id)
        if isinstance(spec.base_image, str):
            self._require_base_image_offered(version.preset, spec.base_image)
        request = self.request_factory.create(
            version.preset,
            spec.base_image,
            spec.doodle,
            spec.user_prompt,
            spec.seed,
            version.version,
            client.name,
            request_id,
        )
        if spec.idempotency_key is not None:
            request = request.model_copy(update={"body_sha256": spec.sha256})
        return request

    def get(self, client: ApiClient, request_id: str) -> RequestStatus:
        """The status of a client's own request. Raises NotFoundError, for those of others too."""
        status = self.jobs.requests.get_status(request_id)
        if status.client != client.name:
            raise NotFoundError("request.not_found", id=request_id[:32])
        return status

    def cancel(self, client: ApiClient, request_id: str) -> RequestStatus:
        """Cancels the jobs that have not ended; finished images stay."""
        self.get(client, request_id)
        self.runner.cancel(request_id, self.jobs.queue.cancel(request_id))
        return self.get(client, request_id)

    def select_variant(self, client: ApiClient, request_id: str, slot: Slot) -> RequestStatus:
        """Records which variant the user has selected."""
        self.get(client, request_id)
        self.jobs.requests.select_variant(request_id, slot)
        return self.get(client, request_id)

    def get_image(self, client: ApiClient, request_id: str, slot: Slot) -> bytes:
        """A finished variant as PNG. Raises NotFoundError while there is none."""
        status = self.get(client, request_id)
        done = {job.slot for job in status.jobs if job.state == "done"}
        for variant in self.variants.list_for_request(request_id):
            if variant.slot == slot and slot in done:
                return self.variants.png(variant)
        raise NotFoundError("request.no_variant_yet", id=request_id[:8], slot=slot)

    def withdraw(self, request_id: str, slot: Slot, reason: str, reviewer: str) -> RequestStatus:
        """Withholds an image that was released before; the audit log has who did it and why."""
        self.jobs.requests.withhold(request_id, slot, reason)
        request = self.jobs.requests.get(request_id)
        self.request_factory.moderation.record_withdrawal(request, slot, reason, reviewer)
        return self.jobs.requests.get_status(request_id)

    def release(self, request_id: str, slot: Slot, reason: str, reviewer: str) -> RequestStatus:
        """Releases a withheld image; the audit log has who did it and why.

        An image that was withheld before it was stored is rendered again with the same seed, with
        its output moderation overridden.

        Raises NotFoundError where nothing is withheld.
        """
        stored = self.variants.list_for_request(request_id)
        is_stored = any(variant.slot == slot for variant in stored)
        expires_at = datetime.now(UTC) + QUEUE_TIMEOUT
        self.jobs.requests.release_withheld(request_id, slot, is_stored, expires_at)
        request = self.jobs.requests.get(request_id)
        self.request_factory.moderation.record_release(request, slot, reason, reviewer)
        if not is_stored:
            self.runner.enqueue(request, (slot,))
        return self.jobs.requests.get_status(request_id)

    def override_decision(self, number: int, review: Review) -> None:
        """Releases the image that moderation decision `number` withheld.

        Raises NotFoundError, and InvalidInputError for a decision that withheld no client's image.
        """
        decision = self.request_factory.moderation.audit.get(number).decision
        slot = next((slot for slot in SLOTS if slot == decision.slot), None)
        if decision.verdict != "withheld" or slot is None or decision.client == OPERATOR_CLIENT:
            raise InvalidInputError("moderation.nothing_to_release", number=number)
        self.release(decision.request_id, slot, review.note, review.reviewer)

    def events_since(self, request_id: str, sequence: int) -> tuple[EventMessage, ...] | None:
        """A request's events from this sequence number on; None where they are not known any
        more."""
        return self.runner.events_since(request_id, sequence)

    def is_finished(self, request_id: str) -> bool:
        """Whether no more events of a request will come.

        Where all jobs have ended in the job table and a terminal event was never published, it is
        published now.
        """
        if not self.jobs.requests.get_status(request_id).is_finished:
            return False
        if self.runner.is_finished(request_id):
            return True
        self.runner.publish_terminal(request_id, self.terminal_events(request_id))
        return False

    def terminal_events(self, request_id: str) -> tuple[EventMessage, ...]:
        """The state of each job as an event, for a request whose own events are gone."""
        status = self.jobs.requests.get_status(request_id)
        stored = {variant.slot: variant for variant in self.variants.list_for_request(request_id)}
        return tuple(
            to_event_message(event_for_state(job, stored.get(job.slot), self.variants))
            for job in status.jobs
        )

    def estimated_wait_seconds(self) -> int:
        """The seconds until the queue is empty, by the median duration of the latest variants."""
        durations = [
            variant.timings.render_seconds + variant.timings.load_seconds
            for variant in self.variants.list_latest(RECENT_VARIANTS)
        ]
        job_seconds = median(durations) if durations else DEFAULT_JOB_SECONDS
        return 1 + round(self.jobs.stats.count_queued() * job_seconds)

    def _repeated(self, request_id: str, spec: GenerationRequestSpec) -> RequestStatus:
        """The request that was submitted earlier under the spec's idempotency key.

        Raises InvalidInputError where its body was another.
        """
        body_sha256 = self.jobs.requests.get(request_id).body_sha256
        if body_sha256 is not None and body_sha256 != spec.sha256:
            raise InvalidInputError("request.key_used_twice")
        return self.jobs.requests.get_status(request_id)

    def _require_base_image_offered(self, preset: Preset, image_id: str) -> None:
        allowed = preset.base_images
        if (allowed and image_id not in allowed) or image_id in self.base_image_store.retired_ids():
            raise NotFoundError("theme.without_base_image", slug=preset.slug, id=image_id)
