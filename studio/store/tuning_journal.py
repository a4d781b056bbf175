"""Optuna's journal in the studio's own database: studies live where presets do."""

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from studio.store.database import Database
from studio.store.tables import OptunaJournalRow

Line = Mapping[str, object]


class OptunaJournalBackend:
    """Lines in the order in which they were written, whoever wrote them. What
    `optuna.storages.journal.BaseJournalBackend` asks for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, object]]:
        """The lines from a number on, counted from 0."""
        query = select(OptunaJournalRow.document).order_by(OptunaJournalRow.id).offset(log_number_from)  # fmt: skip
        with self._database.read_session() as session:
            return [json.loads(document) for document in session.scalars(query)]

    def append_logs(self, logs: Sequence[Line]) -> None:
        with self._database.write_session() as session:
            session.add_all([OptunaJournalRow(document=json.dumps(line)) for line in logs])
