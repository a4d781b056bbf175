"""Judges what is asked for and what was drawn by a theme's policy, and takes down each decision."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from PIL import Image

from studio.errors import AWAY, ContentBlockedError, StudioError, shown
from studio.imaging.png_io import encode_png
from studio.messages import Message, message
from studio.recipes.generation.job import OPERATOR_CLIENT, GenerationRequest
from studio.recipes.moderation import (
    ImageModerationResult,
    ModerationAction,
    ModerationDecision,
    ModerationStage,
    TextModerationResult,
)
from studio.recipes.themes.preset import Preset, Slot
from studio.safety.image_classifier import ImageClassifier, classify_or_withhold
from studio.safety.webhook import ExternalModerator, ModerationRequest, ModerationUnavailableError
from studio.safety.word_lists import WordLists
from studio.store.audit_log import AuditLog

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Requester:
    """Who asks, under which request, for which version of a theme. Operators are told why something is
    not let pass, clients only that it is not."""

    request_id: str
    theme_slug: Preset
    version: int | None = None
    client: str = OPERATOR_CLIENT


@dataclass(frozen=True)
class ModerationService:
    lists: WordLists
    image_classifier: ImageClassifier
    audit: AuditLog
    moderator: ExternalModerator | None = None

    def check_text(self, text: str) -> TextModerationResult:
        """What of the lists is in a text. Raises BadDocument for a list that does not hold."""
        return self.lists.load_filter().check(text)

    def health_problem(self, preset: Preset) -> Message | None:
        """What is wrong with the judges that a theme needs; None where they work."""
        if preset.safety.external_moderation != "off" and self.moderator is None:
            return message("moderation.service_missing")
        try:
            self.check_text("a red dress")
        except (StudioError, OSError) as error:
            log.error("words cannot be judged: %s", error)
            return told_of(error)
        return classify_or_withhold(
            self.image_classifier, Image.new("RGB", (64, 64), "white"), {}
        ).error

    def moderate_prompt(self, asker: Requester, words: str) -> str:
        """The words as they may be drawn, those to be masked left out, with nothing in what is left that
        the lists block or mask.

        Raises Blocked, also where they cannot be judged.
        """
        policy = asker.theme_slug.safety
        if not policy.check_prompts or not words:
            return words
        try:
            verdict = self.check_text(words)
        except (StudioError, OSError) as error:
            log.error("words cannot be judged, and none pass: %s", error)
            why = told_of(error)
            self._record(asker, "prompt", "block", reason=f"they could not be judged: {why}")
            if asker.client == OPERATOR_CLIENT:
                raise ContentBlockedError(why.id, **why.params) from None
            raise ContentBlockedError("moderation.choose_other_words") from None
        if verdict.action is None:
            return words
        found = ", ".join(dict.fromkeys(match.entry for match in verdict.matches))
        blocked = verdict.action == "block"
        said = words if policy.log_blocked_text or not blocked else hash_text(words)
        reason = found if policy.log_blocked_text or not blocked else hash_text(found)
        self._record(asker, "prompt", verdict.action, said=said, reason=reason)
        if blocked:
            if asker.client == OPERATOR_CLIENT:
                raise ContentBlockedError("moderation.words_blocked", found=found)
            raise ContentBlockedError("moderation.choose_other_words")
        return verdict.apply_mask(words)

    def moderate_input_image(
        self, asker: Requester, stage: Literal["upload", "doodle"], image: Image.Image, sha256: str
    ) -> None:
        """Raises Blocked for a base picture, or a doodle on its base, that is over the theme's threshold
        or cannot be judged."""
        policy = asker.theme_slug.safety
        if not policy.check_doodles:
            return
        verdict = classify_or_withhold(self.image_classifier, image, policy.score_limits)
        reason = verdict.reason
        if reason is None:
            return
        self._record(asker, stage, "block", score=verdict.score, reason=str(reason), image_sha256=sha256)  # fmt: skip
        if asker.client != OPERATOR_CLIENT:
            raise ContentBlockedError("moderation.draw_another")
        if stage == "upload":
            raise ContentBlockedError("moderation.upload_blocked", reason=reason)
        raise ContentBlockedError("moderation.doodle_blocked", reason=reason)

    def moderate_output(
        self, request: GenerationRequest, slot: Slot, image: Image.Image
    ) -> ImageModerationResult:
        """Whether a picture that was drawn may be shown; what is withheld is on record."""
        return self.moderated(self.scored(request, image), request, slot, image)

    def scored(self, request: GenerationRequest, image: Image.Image) -> ImageModerationResult:
        """What the judges here make of a picture; nothing is on record yet."""
        policy = request.preset.safety
        return (
            classify_or_withhold(self.image_classifier, image, policy.score_limits)
            if policy.check_outputs
            else ImageModerationResult()
        )

    def moderated(
        self,
        verdict: ImageModerationResult,
        request: GenerationRequest,
        slot: Slot,
        image: Image.Image,
    ) -> ImageModerationResult:
        """The verdict once an outside service has had its say, where the policy asks one; what is withheld is
        on record. It may wait for seconds (`WebhookModerator.DEADLINE_SECONDS`) and may be called from any thread: the
        thread that draws need not be the one."""
        policy = request.preset.safety
        if not policy.check_outputs:
            return verdict
        if policy.external_moderation != "off" and not verdict.is_withheld:
            verdict = self._moderated(verdict, request, slot, image)
        if (reason := verdict.reason) is not None:
            asker = Requester(request.id, request.preset, request.theme_version, request.client)
            sha256 = hashlib.sha256(image.tobytes()).hexdigest()
            self._record(asker, "image", "withheld", slot=slot, score=verdict.score, reason=str(reason), image_sha256=sha256)  # fmt: skip
        return verdict

    def record_withdrawal(
        self, request: GenerationRequest, slot: Slot, reason: str, by: str
    ) -> None:
        """Takes down that a picture was withheld after it had been shown."""
        asker = Requester(request.id, request.preset, request.theme_version, request.client)
        self._record(asker, "image", "withheld", slot=slot, reason=f"withdrawn by {by}: {reason}")  # fmt: skip

    def record_release(self, request: GenerationRequest, slot: Slot, reason: str, by: str) -> None:
        """Takes down that a withheld picture is shown all the same."""
        asker = Requester(request.id, request.preset, request.theme_version, request.client)
        self._record(asker, "image", "released", slot=slot, reason=f"released by {by}: {reason}")  # fmt: skip

    def _moderated(
        self,
        verdict: ImageModerationResult,
        request: GenerationRequest,
        slot: Slot,
        image: Image.Image,
    ) -> ImageModerationResult:
        """The verdict after an outside service has had its say; the policy has it where there is none."""
        preset = request.preset
        try:
            if self.moderator is None:
                raise ModerationUnavailableError("moderation.not_set_up")
            shown = ModerationRequest(
                request=request.id, theme=preset.slug, slot=slot, png=encode_png(image)
            )
            said = self.moderator.moderate(shown)
        except ModerationUnavailableError as error:
            log.warning("variant %s of %s is not moderated: %s", slot, request.id, error)
            passes = preset.safety.external_moderation == "pass"
            return verdict if passes else verdict.model_copy(update={"error": error.message})
        withholds = said.verdict == "withhold"
        return verdict.model_copy(update={"external_reason": said.reason}) if withholds else verdict

    def _record(
        self, asker: Requester, stage: ModerationStage, verdict: ModerationAction, **more: Any
    ) -> None:  # fmt: skip
        self.audit.add(
            ModerationDecision(
                stage=stage, verdict=verdict, client=asker.client, request_id=asker.request_id,
                theme=asker.theme_slug.slug, version=asker.version, created_at=datetime.now(UTC), **more,
            )
        )  # fmt: skip


def told_of(error: StudioError | OSError) -> Message:
    """Why something could not be judged, without paths: those stay in the log."""
    return shown(error) if isinstance(error, StudioError) else AWAY


def hash_text(text: str) -> str:
    """What a record holds of words that must not be kept: enough to tell the same ones again."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
