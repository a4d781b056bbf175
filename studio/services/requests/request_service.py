"""Serves deployed themes to clients: admits what may come in, draws it in the lane, recovers what a
restart broke off. The job table is the truth; runs and their events are this process's own."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from studio.errors import CapacityError, InvalidInputError, NotFoundError, StudioError
from studio.recipes.base_image import BaseImage, Sha256, Slug, UploadedBaseImage
from studio.recipes.generation.job import OPERATOR_CLIENT
from studio.recipes.moderation import Review
from studio.recipes.serving.request_status import (
    ApiClient,
    EventMessage,
    RequestStatus,
    to_event_message,
)
from studio.recipes.themes.preset import SLOTS, Preset, Slot, ThemeVersion
from studio.services.clock_jumps import Ticks
from studio.services.requests.job_tracker import event_for_state
from studio.services.requests.request_factory import RequestFactory
from studio.services.requests.runner import JobRunner
from studio.services.themes.deployment_service import DeploymentService
from studio.store.base_images import BaseImageStore
from studio.store.job_queue import EXPIRED_MESSAGE
from studio.store.job_types import QueueLoad
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore

QUEUE_TIMEOUT = timedelta(minutes=5)
"""How long a job may be queued before it expires."""
MAX_QUEUED_JOBS = 400
"""Jobs that may wait; beyond, clients are told to come back."""
TIER_THRESHOLDS = (1, 3, 8)
"""Requests under way from which a client's next ones go one turn later."""
DEFAULT_JOB_SECONDS = 2.0
"""What a job takes as long as none was measured."""


@dataclass(frozen=True)
class GenerationRequestSpec:
    """What a client sends. Without a seed one is drawn by chance; `key` makes it safe to send again."""

    theme: Slug
    base_image: Slug | UploadedBaseImage
    doodle: bytes | None = None
    user_prompt: str = ""
    seed: int | None = None
    key: str | None = None

    @property
    def sha256(self) -> Sha256:
        """Of all that is asked for: the same when, and only when, the same is sent again."""
        base = self.base_image
        said = [
            self.theme, base if isinstance(base, str) else base.model_dump_json(), self.user_prompt, self.seed,
            None if self.doodle is None else hashlib.sha256(self.doodle).hexdigest(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class RequestService:
    deploying: DeploymentService
    intake: RequestFactory
    base_image_store: BaseImageStore
    jobs: JobStore
    variants: VariantStore
    runner: JobRunner
    ticks: Ticks = field(default_factory=Ticks)

    def recover(self) -> int:
        """Goes on, at a start, with what a restart broke off; tells with how many requests."""
        return self.runner.recover()

    def run_maintenance(self) -> None:
        """To be called now and then: ends what has waited too long, sees to what nobody draws. After a
        jump of the clock, or while nobody could look, what waits may wait anew.

        Raises LaneHung and DeviceLostError when this process can render no more, StoreInUseError when another
        renders for the same database.
        """
        self.check()
        is_even = self.ticks.is_even()
        if is_even:
            self.expire_overdue()
        else:
            self.jobs.queue.extend(datetime.now(UTC) + QUEUE_TIMEOUT)
        self.runner.run_maintenance(is_even)
        self.ticks.complete()

    def check(self) -> None:
        """Whether this process works, whatever becomes of the services around it.

        Raises LaneHung, DeviceLostError.
        """
        self.runner.check()

    def check_ready(self) -> int:
        """Whether requests can be taken now; tells how many jobs wait.

        Raises what `check` raises, StoreUnavailable while the database, the pictures' store or the queue
        is away.
        """
        self.check()
        self.runner.check_ready()
        return self.jobs.stats.count_queued()

    def expire_overdue(self) -> int:
        """Ends what has waited too long; tells how many jobs."""
        late = self.jobs.queue.expire_overdue()
        for request_id, slots in late.items():
            ends = [
                EventMessage(slot=each, type="failed", is_terminal=True, error=EXPIRED_MESSAGE)
                for each in slots
            ]
            self.runner.drop(request_id, ends)
        return sum(map(len, late.values()))

    def list_active_themes(self, client: ApiClient) -> Sequence[ThemeVersion]:
        """What is served to a client now."""
        return [each.version for each in self.deploying.active_deployments(client.channel)]

    def base_images(self, version: ThemeVersion) -> Sequence[BaseImage]:
        """Those a theme may be drawn on."""
        allowed = version.preset.base_images
        offered = self.base_image_store.list_all()
        return [image for image in offered if not allowed or image.id in allowed]

    def submit(self, client: ApiClient, order: GenerationRequestSpec) -> RequestStatus:
        """Admits a request and begins it.

        Raises NotFound for a theme that is not served or a base image it is not for, BadPicture and
        InputError for what cannot be drawn, or another request under the same key, Busy with the seconds
        to wait where there is too much.
        """
        if order.key is not None and (
            before := self.jobs.requests.find_by_idempotency_key(client.name, order.key)
        ):
            return self._is_repeat(before, order)
        # Its id decides which version answers, where two are tried beside one another.
        request_id = secrets.token_hex(16)
        version = self.deploying.resolve_version(order.theme, client.channel, request_id)
        if isinstance(order.base_image, str):
            self._check_offered(version.preset, order.base_image)
        request = self.intake.create(
            version.preset, order.base_image, order.doodle, order.user_prompt, order.seed, version.version,
            client.name, request_id,
        )  # fmt: skip
        if order.key is not None:
            request = request.model_copy(update={"body_sha256": order.sha256})
        expires = datetime.now(UTC) + QUEUE_TIMEOUT
        try:
            kept, turn = self.jobs.requests.create(
                request, client.name, client.channel, expires, order.key, partial(admit, client)
            )
        except _QueueFull as full:
            raise CapacityError(
                full.code, self.estimated_wait_seconds(), **full.message.params
            ) from None
        if turn is None:
            return self._is_repeat(kept.id, order)
        self.runner.enqueue(request, SLOTS, turn)
        return kept

    def get(self, client: ApiClient, request_id: str) -> RequestStatus:
        """A client's own request. Raises NotFound, for those of others too."""
        found = self.jobs.requests.get_status(request_id)
        if found.client != client.name:
            raise NotFoundError("request.not_found", id=request_id[:32])
        return found

    def cancel(self, client: ApiClient, request_id: str) -> RequestStatus:
        """Ends what has not ended; the pictures that are done stay."""
        self.get(client, request_id)
        self.runner.cancel(request_id, self.jobs.queue.cancel(request_id))
        return self.get(client, request_id)

    def select_variant(self, client: ApiClient, request_id: str, slot: Slot) -> RequestStatus:
        """Takes down which picture the user chose."""
        self.get(client, request_id)
        self.jobs.requests.select_variant(request_id, slot)
        return self.get(client, request_id)

    def get_image(self, client: ApiClient, request_id: str, slot: Slot) -> bytes:
        """A finished variant as PNG. Raises NotFound while there is none."""
        asked = self.get(client, request_id)
        done = {job.slot for job in asked.jobs if job.state == "done"}
        for variant in self.variants.list_for_request(request_id):
            if variant.slot == slot and slot in done:
                return self.variants.png(variant)
        raise NotFoundError("request.no_variant_yet", id=request_id[:8], slot=slot)

    def withdraw(self, request_id: str, slot: Slot, reason: str, by: str) -> RequestStatus:
        """Withholds a picture that is shown already, as a later verdict wants it; it is on record."""
        self.jobs.requests.withhold(request_id, slot, reason)
        self.intake.safety.record_withdrawal(self.jobs.requests.get(request_id), slot, reason, by)
        return self.jobs.requests.get_status(request_id)

    def release(self, request_id: str, slot: Slot, reason: str, by: str) -> RequestStatus:
        """Has a withheld picture shown all the same, as a reviewer wants it; that is on record. One that
        was never shown is drawn once more, by the same seed.

        Raises NotFound where nothing is withheld.
        """
        is_made = any(each.slot == slot for each in self.variants.list_for_request(request_id))
        self.jobs.requests.release_withheld(
            request_id, slot, is_made, datetime.now(UTC) + QUEUE_TIMEOUT
        )
        request = self.jobs.requests.get(request_id)
        self.intake.safety.record_release(request, slot, reason, by)
        if not is_made:
            self.runner.enqueue(request, (slot,))
        return self.jobs.requests.get_status(request_id)

    def override_decision(self, number: int, review: Review) -> None:
        """A reviewer finds a withheld picture fit to be shown. Raises NotFound, and InputError for a
        decision that withheld none of a client's."""
        judged = self.intake.safety.audit.get(number).decision
        slot = next((each for each in SLOTS if each == judged.slot), None)
        if judged.verdict != "withheld" or slot is None or judged.client == OPERATOR_CLIENT:
            raise InvalidInputError("moderation.nothing_to_release", number=number)
        self.release(judged.request_id, slot, review.note, review.reviewer)

    def events_since(self, request_id: str, number: int) -> tuple[EventMessage, ...] | None:
        """What happened to a request from the event of this number on; None for a run of long ago."""
        return self.runner.events_since(request_id, number)

    def is_finished(self, request_id: str) -> bool:
        """Whether nothing more will be told of a request. What the job table has as ended, and nobody
        has told, is told."""
        if not self.jobs.requests.get_status(request_id).is_finished:
            return False
        if self.runner.is_finished(request_id):
            return True
        self.runner.publish_terminal(request_id, self.terminal_events(request_id))
        return False

    def terminal_events(self, request_id: str) -> tuple[EventMessage, ...]:
        """How each job of a request stands, as events: what is left of a run that is gone."""
        asked = self.jobs.requests.get_status(request_id)
        made = {variant.slot: variant for variant in self.variants.list_for_request(request_id)}
        return tuple(
            to_event_message(event_for_state(job, made.get(job.slot), self.variants))
            for job in asked.jobs
        )

    def estimated_wait_seconds(self) -> int:
        """What the queue will take, by what the newest pictures took."""
        newest = [
            variant.timings.render_seconds + variant.timings.load_seconds
            for variant in self.variants.list_latest(20)
        ]
        return 1 + round(
            self.jobs.stats.count_queued() * (median(newest) if newest else DEFAULT_JOB_SECONDS)
        )

    def _is_repeat(self, request_id: str, order: GenerationRequestSpec) -> RequestStatus:
        """The request that was sent under the order's key. Raises InputError where that was another."""
        sent = self.jobs.requests.get(request_id).body_sha256
        if sent is not None and sent != order.sha256:
            raise InvalidInputError("request.key_used_twice")
        return self.jobs.requests.get_status(request_id)

    def _check_offered(self, preset: Preset, image_id: str) -> None:
        allowed = preset.base_images
        if (allowed and image_id not in allowed) or image_id in self.base_image_store.retired_ids():
            raise NotFoundError("theme.without_base_image", slug=preset.slug, id=image_id)


class _QueueFull(StudioError):
    """There is no room for a request; how long that will last is for the door to say."""


def admit(client: ApiClient, crowd: QueueLoad) -> int:
    """The turn of a client's next request. Raises _Full, and Busy where the client knows it best."""
    if crowd.client_active_requests >= client.max_concurrent_requests:
        raise _QueueFull("request.too_many_in_flight", count=client.max_concurrent_requests)
    _check_quota(client, crowd)
    if crowd.queued_jobs >= MAX_QUEUED_JOBS:
        raise _QueueFull("request.queue_full")
    return fair_share_tier(crowd.client_active_requests)


def _check_quota(client: ApiClient, crowd: QueueLoad) -> None:
    if client.requests_per_day is None:
        return
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if crowd.count_requests_since(midnight) >= client.requests_per_day:
        left = midnight + timedelta(days=1) - now
        seconds = 1 + int(left.total_seconds())
        raise CapacityError("request.too_many_a_day", seconds, count=client.requests_per_day)


def fair_share_tier(crowd: int) -> int:
    """Whose turn it is, 0 to 3, by how many requests of the same client are under way: one that asks
    for little passes by one that floods."""
    return sum(crowd >= step for step in TIER_THRESHOLDS)
