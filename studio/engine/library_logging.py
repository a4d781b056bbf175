"""Keeps libraries' progress bars and advice out of the studio's output."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging


def silence_library_logging() -> None:
    """From now on diffusers and transformers say errors alone."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


@contextmanager
def ignore_peft_warnings() -> Iterator[None]:
    """peft warns of a second adapter on a model, and of an active one deleted: a bank's daily work."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"peft\.")
        yield
