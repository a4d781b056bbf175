"""Optuna's journal of tuning studies, stored in the studio's own database."""

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from studio.store.database import Database
from studio.store.tables import OptunaJournalRow

Line = Mapping[str, object]


class OptunaJournalBackend:
    """Implements `optuna.storages.journal.BaseJournalBackend`: lines in the order of writing.

    Several processes may write; the database orders their lines.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, object]]:
        """The lines from an index on, counted from 0."""
        lines = select(OptunaJournalRow.document).order_by(OptunaJournalRow.id)
        query = lines.offset(log_number_from)
        with self._database.read_session() as session:
            return [json.loads(document) for document in session.scalars(query)]

    def is_empty(self) -> bool:
        """Whether there never was a study."""
        with self._database.read_session() as session:
            return session.scalar(select(OptunaJournalRow.id).limit(1)) is None

    def append_logs(self, logs: Sequence[Line]) -> None:
        """Appends lines, all of them or none."""
        with self._database.write_session() as session:
            session.add_all([OptunaJournalRow(document=json.dumps(line)) for line in logs])
