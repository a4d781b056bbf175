"""Moderation of prompts, input images and outputs by a theme's policy, with an audit log of
decisions.

Every check fails closed: what cannot be classified is blocked or withheld.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from PIL import Image

from studio.errors import STORAGE_AWAY, ContentBlockedError, StudioError, public_message
from studio.imaging.png_io import encode_png
from studio.messages import Message, message
from studio.recipes.generation.job import OPERATOR_CLIENT, GenerationRequest
from studio.recipes.moderation import (
    ImageModerationResult,
    ModerationAction,
    ModerationDecision,
    ModerationStage,
    TextModerationResult,
    WordAction,
)
from studio.recipes.themes.preset import Preset, Slot
from studio.safety.image_classifier import ImageClassifier, classify_or_withhold
from studio.safety.webhook import ExternalModerator, ModerationRequest, ModerationUnavailableError
from studio.safety.word_lists import WordLists
from studio.store.audit_log import AuditLog

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Requester:
    """Who asks, under which request id, for which version of a theme.

    Operators are told why something is blocked, clients only that it is.
    """

    request_id: str
    preset: Preset
    version: int | None = None
    client: str = OPERATOR_CLIENT

    @classmethod
    def of(cls, request: GenerationRequest) -> "Requester":
        """Whoever has made this request."""
        return cls(request.id, request.preset, request.theme_version, request.client)

    @property
    def is_operator(self) -> bool:
        """Whether no API client but an operator of the studio asks."""
        return self.client == OPERATOR_CLIENT


@dataclass(frozen=True)
class ModerationService:
    """Applies the moderation policy of the requested theme; None as `moderator`: no webhook is set
    up."""

    lists: WordLists
    image_classifier: ImageClassifier
    audit: AuditLog
    moderator: ExternalModerator | None = None

    def check_text(self, text: str) -> TextModerationResult:
        """The word-list matches in a text. Raises InvalidDocumentError for an invalid word list."""
        return self.lists.load_filter().check(text)

    def health_problem(self, preset: Preset) -> Message | None:
        """Why the moderation that a theme needs would block everything; None while it works."""
        if preset.safety.external_moderation != "off" and self.moderator is None:
            return message("moderation.service_missing")
        try:
            self.check_text("a red dress")
        except (StudioError, OSError) as error:
            log.error("prompts cannot be checked: %s", error)
            return _failure_message(error)
        sample = Image.new("RGB", (64, 64), "white")
        return classify_or_withhold(self.image_classifier, sample, {}).error

    def moderate_prompt(self, requester: Requester, prompt: str) -> str:
        """The prompt without the terms that are to be masked. What remains matches no list entry
        that blocks or masks.

        Raises:
            ContentBlockedError: a term is blocked, or the prompt cannot be checked.
        """
        policy = requester.preset.safety
        if not policy.check_prompts or not prompt:
            return prompt
        try:
            result = self.check_text(prompt)
        except (StudioError, OSError) as error:
            self._block_unchecked_prompt(requester, error)
            raise ContentBlockedError("moderation.rephrase") from None
        if result.action is None:
            return prompt
        entries = ", ".join(dict.fromkeys(match.entry for match in result.matches))
        self._record_matches(requester, prompt, result.action, entries)
        if result.action == "block":
            if requester.is_operator:
                raise ContentBlockedError("moderation.prompt_blocked", found=entries)
            raise ContentBlockedError("moderation.rephrase")
        return result.apply_mask(prompt)

    def _record_matches(
        self, requester: Requester, prompt: str, action: WordAction, entries: str
    ) -> None:
        """Records the list entries found in a prompt; a blocked prompt as a hash where the policy says
        so."""
        log_plain = requester.preset.safety.log_blocked_text or action != "block"
        self._record(
            requester,
            "prompt",
            action,
            input_text=prompt if log_plain else hash_text(prompt),
            reason=entries if log_plain else hash_text(entries),
        )

    def _block_unchecked_prompt(self, requester: Requester, error: StudioError | OSError) -> None:
        """Records that a prompt could not be checked; operators get the reason as an error."""
        log.error("prompts cannot be checked, and are all blocked: %s", error)
        reason = _failure_message(error)
        self._record(
            requester, "prompt", "block", reason=f"the prompt could not be checked: {reason}"
        )
        if requester.is_operator:
            raise ContentBlockedError(reason.id, **reason.params) from None

    def moderate_input_image(
        self,
        requester: Requester,
        stage: Literal["upload", "doodle"],
        image: Image.Image,
        sha256: str,
    ) -> None:
        """Checks an uploaded base image, or a doodle on its base image.

        Raises:
            ContentBlockedError: a score is over the theme's limit, or the image cannot be
                classified.
        """
        policy = requester.preset.safety
        if not policy.check_doodles:
            return
        result = classify_or_withhold(self.image_classifier, image, policy.score_limits)
        reason = result.reason
        if reason is None:
            return
        self._record(
            requester, stage, "block", score=result.score, reason=str(reason), image_sha256=sha256
        )
        if not requester.is_operator:
            raise ContentBlockedError("moderation.redraw_doodle")
        if stage == "upload":
            raise ContentBlockedError("moderation.upload_blocked", reason=reason)
        raise ContentBlockedError("moderation.doodle_blocked", reason=reason)

    def moderate_output(
        self, request: GenerationRequest, slot: Slot, image: Image.Image
    ) -> ImageModerationResult:
        """Whether a rendered image may be shown; a withheld one is in the audit log.

        May be called from any thread, and waits for seconds where the policy asks the webhook
        (`WebhookModerator.DEADLINE_SECONDS`), so the render thread should not call it.
        """
        policy = request.preset.safety
        if not policy.check_outputs:
            return ImageModerationResult()
        result = classify_or_withhold(self.image_classifier, image, policy.score_limits)
        if policy.external_moderation != "off" and not result.is_withheld:
            result = self._ask_external_moderator(result, request, slot, image)
        if (reason := result.reason) is not None:
            self._record(
                Requester.of(request),
                "image",
                "withheld",
                slot=slot,
                score=result.score,
                reason=str(reason),
                image_sha256=hashlib.sha256(image.tobytes()).hexdigest(),
            )
        return result

    def record_withdrawal(
        self, request: GenerationRequest, slot: Slot, reason: str, reviewer: str
    ) -> None:
        """Records that a reviewer withheld an image that had been shown."""
        note = f"withdrawn by {reviewer}: {reason}"
        self._record(Requester.of(request), "image", "withheld", slot=slot, reason=note)

    def record_release(
        self, request: GenerationRequest, slot: Slot, reason: str, reviewer: str
    ) -> None:
        """Records that a reviewer released a withheld image."""
        note = f"released by {reviewer}: {reason}"
        self._record(Requester.of(request), "image", "released", slot=slot, reason=note)

    def _ask_external_moderator(
        self,
        result: ImageModerationResult,
        request: GenerationRequest,
        slot: Slot,
        image: Image.Image,
    ) -> ImageModerationResult:
        """The result with the webhook's decision; while the webhook is down, the policy decides."""
        preset = request.preset
        try:
            if self.moderator is None:
                raise ModerationUnavailableError("moderation.not_set_up")
            payload = ModerationRequest(
                request=request.id, theme=preset.slug, slot=slot, png=encode_png(image)
            )
            response = self.moderator.moderate(payload)
        except ModerationUnavailableError as error:
            log.warning("variant %s of %s is not moderated: %s", slot, request.id, error)
            if preset.safety.external_moderation == "fail_open":
                return result
            return result.model_copy(update={"error": error.message})
        if response.verdict == "withhold":
            return result.model_copy(update={"external_reason": response.reason})
        return result

    def _record(
        self, requester: Requester, stage: ModerationStage, action: ModerationAction, **details: Any
    ) -> None:
        self.audit.add(
            ModerationDecision(
                stage=stage,
                verdict=action,
                client=requester.client,
                request_id=requester.request_id,
                theme=requester.preset.slug,
                version=requester.version,
                created_at=datetime.now(UTC),
                **details,
            )
        )


def _failure_message(error: StudioError | OSError) -> Message:
    """Why a check failed, without file paths: those stay in the log."""
    return public_message(error) if isinstance(error, StudioError) else STORAGE_AWAY


def hash_text(text: str) -> str:
    """What the audit log has of a text that must not be stored: enough to recognise the same
    again."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
