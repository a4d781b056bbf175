"""Judges what is asked for and what was drawn by a theme's policy, and takes down each decision."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from PIL import Image

from studio.errors import Blocked, StudioError
from studio.imaging.limits import encode_png
from studio.messages import Message, message
from studio.recipes.preset import Letter, Preset
from studio.recipes.request import OPERATOR, Request
from studio.recipes.safety import Judged, PictureVerdict, Stage, Verdict, WordVerdict
from studio.safety.lists import WordLists
from studio.safety.moderation import ModerationDown, Moderator, Shown
from studio.safety.pictures import PictureJudge, judge
from studio.store.audit import AuditStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asker:
    """Who asks, under which request, for which version of a theme. Operators are told why something is
    not let pass, clients only that it is not."""

    request_id: str
    preset: Preset
    version: int | None = None
    client: str = OPERATOR


@dataclass(frozen=True)
class Safety:
    lists: WordLists
    judge: PictureJudge
    audit: AuditStore
    moderator: Moderator | None = None

    def words(self, text: str) -> WordVerdict:
        """What of the lists is in a text. Raises BadDocument for a list that does not hold."""
        return self.lists.filter().judge(text)

    def ails(self, preset: Preset) -> Message | None:
        """What is wrong with the judges that a theme needs; None where they work."""
        if preset.safety.moderation != "off" and self.moderator is None:
            return message("moderation.service_missing")
        try:
            self.words("a red dress")
        except (StudioError, OSError) as error:
            return told_of(error)
        return judge(self.judge, Image.new("RGB", (64, 64), "white"), {}).error

    def admit_words(self, asker: Asker, words: str) -> str:
        """The words as they may be drawn, those to be masked left out, with nothing in what is left that
        the lists block or mask.

        Raises Blocked, also where they cannot be judged.
        """
        policy = asker.preset.safety
        if not policy.words or not words:
            return words
        try:
            verdict = self.words(words)
        except (StudioError, OSError) as error:
            log.error("words cannot be judged, and none pass: %s", error)
            self._record(asker, "words", "block", reason=f"they could not be judged: {error}")
            if asker.client == OPERATOR:
                why = told_of(error)
                raise Blocked(why.id, **why.params) from None
            raise Blocked("moderation.choose_other_words") from None
        if verdict.severity is None:
            return words
        found = ", ".join(dict.fromkeys(match.entry for match in verdict.matches))
        blocked = verdict.severity == "block"
        said = words if policy.keep_words or not blocked else hashed(words)
        reason = found if policy.keep_words or not blocked else hashed(found)
        self._record(asker, "words", verdict.severity, said=said, reason=reason)
        if blocked:
            if asker.client == OPERATOR:
                raise Blocked("moderation.words_blocked", found=found)
            raise Blocked("moderation.choose_other_words")
        return verdict.masked(words)

    def admit_drawing(
        self, asker: Asker, stage: Literal["upload", "doodle"], picture: Image.Image, sha256: str
    ) -> None:
        """Raises Blocked for a base picture, or a doodle on its base, that is over the theme's threshold
        or cannot be judged."""
        policy = asker.preset.safety
        if not policy.doodles:
            return
        verdict = judge(self.judge, picture, policy.limits)
        reason = verdict.reason
        if reason is None:
            return
        self._record(asker, stage, "block", score=verdict.score, reason=str(reason), picture_sha256=sha256)  # fmt: skip
        if asker.client != OPERATOR:
            raise Blocked("moderation.draw_another")
        if stage == "upload":
            raise Blocked("moderation.upload_blocked", reason=reason)
        raise Blocked("moderation.doodle_blocked", reason=reason)

    def picture(self, request: Request, letter: Letter, picture: Image.Image) -> PictureVerdict:
        """Whether a picture that was drawn may be shown; what is withheld is on record."""
        return self.moderated(self.scored(request, picture), request, letter, picture)

    def scored(self, request: Request, picture: Image.Image) -> PictureVerdict:
        """What the judges here make of a picture; nothing is on record yet."""
        policy = request.preset.safety
        return judge(self.judge, picture, policy.limits) if policy.pictures else PictureVerdict()

    def moderated(
        self, verdict: PictureVerdict, request: Request, letter: Letter, picture: Image.Image
    ) -> PictureVerdict:
        """The verdict once an outside service has had its say, where the policy asks one; what is withheld is
        on record. It may wait for seconds (`Webhook.DEADLINE`) and may be called from any thread: the
        thread that draws need not be the one."""
        policy = request.preset.safety
        if not policy.pictures:
            return verdict
        if policy.moderation != "off" and not verdict.withheld:
            verdict = self._moderated(verdict, request, letter, picture)
        if (reason := verdict.reason) is not None:
            asker = Asker(request.id, request.preset, request.preset_version, request.client)
            sha256 = hashlib.sha256(picture.tobytes()).hexdigest()
            self._record(asker, "picture", "withheld", letter=letter, score=verdict.score, reason=str(reason), picture_sha256=sha256)  # fmt: skip
        return verdict

    def withdrawn(self, request: Request, letter: Letter, reason: str, by: str) -> None:
        """Takes down that a picture was withheld after it had been shown."""
        asker = Asker(request.id, request.preset, request.preset_version, request.client)
        self._record(asker, "picture", "withheld", letter=letter, reason=f"withdrawn by {by}: {reason}")  # fmt: skip

    def released(self, request: Request, letter: Letter, reason: str, by: str) -> None:
        """Takes down that a withheld picture is shown all the same."""
        asker = Asker(request.id, request.preset, request.preset_version, request.client)
        self._record(asker, "picture", "released", letter=letter, reason=f"released by {by}: {reason}")  # fmt: skip

    def _moderated(
        self, verdict: PictureVerdict, request: Request, letter: Letter, picture: Image.Image
    ) -> PictureVerdict:
        """The verdict after an outside service has had its say; the policy has it where there is none."""
        preset = request.preset
        try:
            if self.moderator is None:
                raise ModerationDown("moderation.not_set_up")
            shown = Shown(
                request=request.id, theme=preset.slug, letter=letter, png=encode_png(picture)
            )
            said = self.moderator.judge(shown)
        except ModerationDown as error:
            log.warning("variant %s of %s is not moderated: %s", letter, request.id, error)
            passes = preset.safety.moderation == "pass"
            return verdict if passes else verdict.model_copy(update={"error": error.message})
        withholds = said.verdict == "withhold"
        return verdict.model_copy(update={"refused": said.reason}) if withholds else verdict

    def _record(
        self, asker: Asker, stage: Stage, verdict: Verdict, **more: Any
    ) -> None:  # fmt: skip
        self.audit.add(
            Judged(
                stage=stage, verdict=verdict, client=asker.client, request_id=asker.request_id,
                theme=asker.preset.slug, version=asker.version, created=datetime.now(UTC), **more,
            )
        )  # fmt: skip


def told_of(error: StudioError | OSError) -> Message:
    """An error's text; that of a system's error as it is."""
    return error.message if isinstance(error, StudioError) else Message(id=str(error))


def hashed(text: str) -> str:
    """What a record holds of words that must not be kept: enough to tell the same ones again."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
