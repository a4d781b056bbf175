"""Hashes the installed models in the background, so that lists need not wait for it."""

import logging
import os
import threading
from collections import deque

from studio.errors import StudioError
from studio.models.catalog import ModelCatalog
from studio.models.types import ListedModel

log = logging.getLogger(__name__)

MAX_THREADS = 4
"""More threads than this wait for the disk."""


class BackgroundHashing:
    """Hashes every model of a catalog that has no hash yet, several at once."""

    def __init__(self, catalog: ModelCatalog, threads: int | None = None) -> None:
        """`threads`: None is half of the cores, up to `MAX_THREADS`."""
        self._catalog = catalog
        self._threads = threads or min(MAX_THREADS, max(1, (os.cpu_count() or 1) // 2))
        self._lock = threading.Lock()
        self._pending: deque[ListedModel] = deque()
        self._running: list[threading.Thread] = []

    def start(self) -> None:
        """Begins to hash what has no hash; does nothing while it is at work.

        The threads are daemons: hashing hundreds of gigabytes does not hold up the process's end.
        """
        with self._lock:
            if any(thread.is_alive() for thread in self._running):
                return
            self._running = [threading.Thread(target=self._find, name="model hashing", daemon=True)]
            self._running[0].start()

    def wait(self) -> None:
        """Waits until everything is hashed, if it was started."""
        for thread in self._running:
            thread.join()

    def _find(self) -> None:
        """Finds the models without hash, smallest first, and hashes them with the other threads."""
        models = (model for model in self._catalog.list_files() if model.sha256 is None)
        self._pending = deque(sorted(models, key=lambda model: model.size_bytes))
        helpers = [
            threading.Thread(target=self._hash, name=f"model hashing {index}", daemon=True)
            for index in range(1, min(self._threads, len(self._pending)))
        ]
        for thread in helpers:
            thread.start()
        self._hash()
        for thread in helpers:
            thread.join()

    def _hash(self) -> None:
        while True:
            try:
                model = self._pending.popleft()
            except IndexError:
                return
            try:
                self._catalog.hash_of(model)
            except (StudioError, OSError) as error:
                log.warning("%s %s was not hashed: %s", model.kind, model.name, error)
