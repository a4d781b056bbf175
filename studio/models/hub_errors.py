"""Translates the errors of huggingface_hub into the studio's. The one place that knows them."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpx2 import HTTPError
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from studio.errors import InvalidInputError, ModelHubError, NotFoundError, first_line
from studio.messages import Message, message


class InvalidCommitError(Exception):
    """The hub's answer contains a commit that is not a hash."""


@contextmanager
def map_hub_errors(repo: str, endpoint: str) -> Iterator[None]:
    """Raises the studio's errors in place of huggingface_hub's.

    Args:
        repo: the repository that is asked for, for error messages.
        endpoint: URL of the hub, for error messages.

    Raises:
        NotFoundError: the repository, revision or file does not exist.
        InvalidInputError: huggingface_hub rejects the repository's name.
        ModelHubError: the hub is unavailable, needs a licence to be accepted, or answers nonsense.
    """
    try:
        yield
    except GatedRepoError:
        raise ModelHubError("hub.consent_needed", repo=repo) from None
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        reason = first_line(error) if str(error).strip() else message("hub.not_found")
        raise NotFoundError("hub.repository_not_found", repo=repo, reason=reason) from None
    except OfflineModeIsEnabled:
        raise ModelHubError("hub.offline") from None
    except HFValidationError as error:
        raise InvalidInputError(
            "hub.repository_name_invalid", repo=repo, reason=str(error)[:200]
        ) from None
    except InvalidCommitError as error:
        raise _not_a_hub(endpoint, message("hub.not_a_commit", commit=repr(str(error)))) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _not_a_hub(endpoint, f"{type(error).__name__}: {str(error)[:200]}") from None
    except HTTPError as error:
        raise ModelHubError(
            "hub.response_failed",
            endpoint=endpoint,
            reason=first_line(error),
        ) from None


def _not_a_hub(endpoint: str, reason: str | Message) -> ModelHubError:
    return ModelHubError("hub.not_a_hub", endpoint=endpoint, reason=reason)
