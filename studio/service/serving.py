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

from studio.errors import Busy, InputError, NotFound, StudioError
from studio.recipes.canvas import BaseImage, BaseUpload, Sha256, Slug
from studio.recipes.preset import LETTERS, Letter, Preset, PresetVersion
from studio.recipes.request import OPERATOR
from studio.recipes.safety import Review
from studio.recipes.serving import Asked, Client, Told, told
from studio.service.deploying import Deploying
from studio.service.intake import Intake
from studio.service.ledger import event_of
from studio.service.runner import Runner
from studio.service.ticks import Ticks
from studio.store.base_images import BaseImageStore
from studio.store.job_types import Crowd
from studio.store.jobs import LATE, JobStore
from studio.store.variants import VariantStore

WAIT = timedelta(minutes=5)
"""How long a job may be queued before it expires."""
LONGEST_QUEUE = 400
"""Jobs that may wait; beyond, clients are told to come back."""
TURNS = (1, 3, 8)
"""Requests under way from which a client's next ones go one turn later."""
SECONDS_A_JOB = 2.0
"""What a job takes as long as none was measured."""


@dataclass(frozen=True)
class Commission:
    """What a client sends. Without a seed one is drawn by chance; `key` makes it safe to send again."""

    theme: Slug
    base_image: Slug | BaseUpload
    doodle: bytes | None = None
    words: str = ""
    seed: int | None = None
    key: str | None = None

    @property
    def sha256(self) -> Sha256:
        """Of all that is asked for: the same when, and only when, the same is sent again."""
        base = self.base_image
        said = [
            self.theme, base if isinstance(base, str) else base.model_dump_json(), self.words, self.seed,
            None if self.doodle is None else hashlib.sha256(self.doodle).hexdigest(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class Serving:
    deploying: Deploying
    intake: Intake
    bases: BaseImageStore
    jobs: JobStore
    variants: VariantStore
    runner: Runner
    ticks: Ticks = field(default_factory=Ticks)

    def recover(self) -> int:
        """Goes on, at a start, with what a restart broke off; tells with how many requests."""
        return self.runner.recover()

    def tend(self) -> None:
        """To be called now and then: ends what has waited too long, sees to what nobody draws. After a
        jump of the clock, or while nobody could look, what waits may wait anew.

        Raises LaneHung and DeviceLost when this process can render no more, StoreInUse when another
        renders for the same database.
        """
        self.check()
        is_even = self.ticks.is_even()
        if is_even:
            self.expire()
        else:
            self.jobs.extend(datetime.now(UTC) + WAIT)
        self.runner.tend(is_even)
        self.ticks.complete()

    def check(self) -> None:
        """Whether this process works, whatever becomes of the services around it.

        Raises LaneHung, DeviceLost.
        """
        self.runner.check()

    def check_ready(self) -> int:
        """Whether requests can be taken now; tells how many jobs wait.

        Raises what `check` raises, StoreUnavailable while the database, the pictures' store or the queue
        is away.
        """
        self.check()
        self.runner.check_ready()
        return self.jobs.waiting()

    def expire(self) -> int:
        """Ends what has waited too long; tells how many jobs."""
        late = self.jobs.expire()
        for request_id, letters in late.items():
            ends = [Told(letter=each, kind="failed", final=True, error=LATE) for each in letters]
            self.runner.drop(request_id, ends)
        return sum(map(len, late.values()))

    def themes(self, client: Client) -> Sequence[PresetVersion]:
        """What is served to a client now."""
        return [each.version for each in self.deploying.serving(client.channel)]

    def base_images(self, version: PresetVersion) -> Sequence[BaseImage]:
        """Those a theme may be drawn on."""
        allowed = version.preset.base_images
        offered = self.bases.all()
        return [image for image in offered if not allowed or image.id in allowed]

    def ask(self, client: Client, order: Commission) -> Asked:
        """Admits a request and begins it.

        Raises NotFound for a theme that is not served or a base image it is not for, BadPicture and
        InputError for what cannot be drawn, or another request under the same key, Busy with the seconds
        to wait where there is too much.
        """
        if order.key is not None and (before := self.jobs.by_key(client.name, order.key)):
            return self._sent_again(before, order)
        # Its id decides which version answers, where two are tried beside one another.
        request_id = secrets.token_hex(16)
        version = self.deploying.version_for(order.theme, client.channel, request_id)
        if isinstance(order.base_image, str):
            self._check_offered(version.preset, order.base_image)
        request = self.intake.request(
            version.preset, order.base_image, order.doodle, order.words, order.seed, version.number,
            client.name, request_id,
        )  # fmt: skip
        if order.key is not None:
            request = request.model_copy(update={"order_sha256": order.sha256})
        expires = datetime.now(UTC) + WAIT
        try:
            kept, turn = self.jobs.add(
                request, client.name, client.channel, expires, order.key, partial(_admit, client)
            )
        except _Full as full:
            raise Busy(full.code, self.seconds_to_wait(), **full.message.params) from None
        if turn is None:
            return self._sent_again(kept.id, order)
        self.runner.start(request, LETTERS, turn)
        return kept

    def asked(self, client: Client, request_id: str) -> Asked:
        """A client's own request. Raises NotFound, for those of others too."""
        found = self.jobs.asked(request_id)
        if found.client != client.name:
            raise NotFound("request.not_found", id=request_id[:32])
        return found

    def cancel(self, client: Client, request_id: str) -> Asked:
        """Ends what has not ended; the pictures that are done stay."""
        self.asked(client, request_id)
        self.runner.cancel(request_id, self.jobs.cancel(request_id))
        return self.asked(client, request_id)

    def pick(self, client: Client, request_id: str, letter: Letter) -> Asked:
        """Takes down which picture the user chose."""
        self.asked(client, request_id)
        self.jobs.pick(request_id, letter)
        return self.asked(client, request_id)

    def picture(self, client: Client, request_id: str, letter: Letter) -> bytes:
        """A finished variant as PNG. Raises NotFound while there is none."""
        asked = self.asked(client, request_id)
        done = {job.letter for job in asked.jobs if job.state == "done"}
        for variant in self.variants.of_request(request_id):
            if variant.letter == letter and letter in done:
                return self.variants.png(variant)
        raise NotFound("request.no_variant_yet", id=request_id[:8], slot=letter)

    def withdraw(self, request_id: str, letter: Letter, reason: str, by: str) -> Asked:
        """Withholds a picture that is shown already, as a later verdict wants it; it is on record."""
        self.jobs.withdraw(request_id, letter, reason)
        self.intake.safety.withdrawn(self.jobs.request(request_id), letter, reason, by)
        return self.jobs.asked(request_id)

    def release(self, request_id: str, letter: Letter, reason: str, by: str) -> Asked:
        """Has a withheld picture shown all the same, as a reviewer wants it; that is on record. One that
        was never shown is drawn once more, by the same seed.

        Raises NotFound where nothing is withheld.
        """
        is_made = any(each.letter == letter for each in self.variants.of_request(request_id))
        self.jobs.release(request_id, letter, is_made, datetime.now(UTC) + WAIT)
        request = self.jobs.request(request_id)
        self.intake.safety.released(request, letter, reason, by)
        if not is_made:
            self.runner.start(request, (letter,))
        return self.jobs.asked(request_id)

    def overrule(self, number: int, review: Review) -> None:
        """A reviewer finds a withheld picture fit to be shown. Raises NotFound, and InputError for a
        decision that withheld none of a client's."""
        judged = self.intake.safety.audit.get(number).judged
        letter = next((each for each in LETTERS if each == judged.letter), None)
        if judged.verdict != "withheld" or letter is None or judged.client == OPERATOR:
            raise InputError("moderation.nothing_to_release", number=number)
        self.release(judged.request_id, letter, review.note, review.reviewer)

    def news(self, request_id: str, number: int) -> tuple[Told, ...] | None:
        """What happened to a request from the event of this number on; None for a run of long ago."""
        return self.runner.news(request_id, number)

    def is_over(self, request_id: str) -> bool:
        """Whether nothing more will be told of a request. What the job table has as ended, and nobody
        has told, is told."""
        if not self.jobs.asked(request_id).ended:
            return False
        if self.runner.is_over(request_id):
            return True
        self.runner.settle(request_id, self.history(request_id))
        return False

    def history(self, request_id: str) -> tuple[Told, ...]:
        """How each job of a request stands, as events: what is left of a run that is gone."""
        asked = self.jobs.asked(request_id)
        made = {variant.letter: variant for variant in self.variants.of_request(request_id)}
        return tuple(told(event_of(job, made.get(job.letter), self.variants)) for job in asked.jobs)

    def seconds_to_wait(self) -> int:
        """What the queue will take, by what the newest pictures took."""
        newest = [
            variant.timings.render + variant.timings.load for variant in self.variants.newest(20)
        ]
        return 1 + round(self.jobs.waiting() * (median(newest) if newest else SECONDS_A_JOB))

    def _sent_again(self, request_id: str, order: Commission) -> Asked:
        """The request that was sent under the order's key. Raises InputError where that was another."""
        sent = self.jobs.request(request_id).order_sha256
        if sent is not None and sent != order.sha256:
            raise InputError("request.key_used_twice")
        return self.jobs.asked(request_id)

    def _check_offered(self, preset: Preset, image_id: str) -> None:
        allowed = preset.base_images
        if (allowed and image_id not in allowed) or image_id in self.bases.retired():
            raise NotFound("theme.without_base_image", slug=preset.slug, id=image_id)


class _Full(StudioError):
    """There is no room for a request; how long that will last is for the door to say."""


def _admit(client: Client, crowd: Crowd) -> int:
    """The turn of a client's next request. Raises _Full, and Busy where the client knows it best."""
    if crowd.own >= client.in_flight:
        raise _Full("request.too_many_in_flight", count=client.in_flight)
    _check_quota(client, crowd)
    if crowd.waiting >= LONGEST_QUEUE:
        raise _Full("request.queue_full")
    return turn_of(crowd.own)


def _check_quota(client: Client, crowd: Crowd) -> None:
    if client.per_day is None:
        return
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if crowd.asked_since(midnight) >= client.per_day:
        left = midnight + timedelta(days=1) - now
        seconds = 1 + int(left.total_seconds())
        raise Busy("request.too_many_a_day", seconds, count=client.per_day)


def turn_of(crowd: int) -> int:
    """Whose turn it is, 0 to 3, by how many requests of the same client are under way: one that asks
    for little passes by one that floods."""
    return sum(crowd >= step for step in TURNS)
