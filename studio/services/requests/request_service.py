"""The request service: API clients' requests against deployed themes, from submission to result."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median

from studio.errors import CapacityError, InvalidInputError, NotFoundError
from studio.recipes.base_image import BaseImage, Slug
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import ApiClient, RequestStatus
from studio.recipes.themes.preset import SLOTS, Preset, Slot, ThemeVersion
from studio.services.requests.admission import QUEUE_TIMEOUT, QueueFullError, admit
from studio.services.requests.request_factory import RequestFactory
from studio.services.requests.request_spec import GenerationRequestSpec
from studio.services.requests.runner import JobRunner
from studio.services.themes.deployment_service import DeploymentService
from studio.store.base_images import BaseImageStore
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore

DEFAULT_JOB_SECONDS = 2.0
"""The assumed duration of a job while none was measured."""
RECENT_VARIANTS = 20
"""Variants whose median duration gives the estimated wait."""


@dataclass(frozen=True)
class RequestService:
    """Submission, status, results and cancellation of clients' requests."""

    deployments: DeploymentService
    request_factory: RequestFactory
    base_image_store: BaseImageStore
    jobs: JobStore
    variants: VariantStore
    runner: JobRunner

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

    def selection_counts(self, slug: Slug) -> Mapping[int, Mapping[Slot, int]]:
        """How often users selected each slot's variant, by version of a theme."""
        return self.jobs.requests.selection_counts(slug)

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
            raise InvalidInputError("request.idempotency_key_reused")
        return self.jobs.requests.get_status(request_id)

    def _require_base_image_offered(self, preset: Preset, image_id: str) -> None:
        allowed = preset.base_images
        if (allowed and image_id not in allowed) or image_id in self.base_image_store.retired_ids():
            raise NotFoundError("theme.without_base_image", slug=preset.slug, id=image_id)
