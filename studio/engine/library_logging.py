"""Silences the log messages and progress bars of diffusers, transformers and peft."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging


def silence_library_logging() -> None:
    """Sets diffusers and transformers to errors only, without progress bars, process-wide."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


@contextmanager
def ignore_peft_warnings() -> Iterator[None]:
    """Ignores peft's warnings for the block.

    It warns of a second adapter on a model and of an active adapter being deleted; the adapter pool
    does both all the time.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"peft\.")
        yield
