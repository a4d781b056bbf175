"""Wires moderation: word lists, image classifiers, the webhook and the audit log."""

import itertools

from studio.engine.safety_checker import SafetyChecker
from studio.errors import InvalidInputError
from studio.safety.image_classifier import CompositeClassifier, ImageClassifier, OpenNsfwClassifier
from studio.safety.webhook import ExternalModerator, WebhookModerator
from studio.safety.word_lists import WordLists
from studio.services.moderation_service import ModerationService
from studio.settings import Settings, bundled_path
from studio.store.audit_log import AuditLog


def build_moderation(
    settings: Settings, audit_log: AuditLog, image_classifier: ImageClassifier | None
) -> ModerationService:
    """The moderation service.

    Args:
        settings: the webhook, and the directories of models and of custom word lists.
        audit_log: where decisions are recorded.
        image_classifier: replaces the installed classifiers.

    Raises:
        InvalidInputError: there is a webhook and no secret to sign its requests with.
    """
    word_lists = WordLists((bundled_path("assets") / "words", settings.data_dir / "words"))
    return ModerationService(
        word_lists,
        image_classifier or _build_image_classifier(settings),
        audit_log,
        _build_webhook(settings),
    )


def _build_image_classifier(settings: Settings) -> ImageClassifier:
    """open_nsfw, and Stable Diffusion's safety checker from the first directory that has it."""
    directories = (
        models / "safety_checker"
        for models in (settings.user_models_dir, *settings.extra_model_dirs)
    )
    checkers = (SafetyChecker(path) for path in directories if (path / "config.json").exists())
    return CompositeClassifier(OpenNsfwClassifier(), *itertools.islice(checkers, 1))


def _build_webhook(settings: Settings) -> ExternalModerator | None:
    secret = settings.moderation_secret.get_secret_value()
    if not settings.moderation_url:
        return None
    if not secret:
        raise InvalidInputError("moderation.secret_missing")
    return WebhookModerator(settings.moderation_url, secret)
