"""Optuna's journal: lines stay in order, whichever process writes them."""

import optuna

from studio.store.database import Database
from studio.store.tuning_journal import OptunaJournalBackend


def test_lines_are_read_from_an_index_on(url: str) -> None:
    one, other = OptunaJournalBackend(Database(url)), OptunaJournalBackend(Database(url))
    one.append_logs([{"op": 1}, {"op": 2, "worker": "ä"}])
    other.append_logs([{"op": 3}])
    assert list(one.read_logs(0)) == [{"op": 1}, {"op": 2, "worker": "ä"}, {"op": 3}]
    assert list(other.read_logs(2)) == [{"op": 3}]
    assert list(other.read_logs(3)) == []


def test_optuna_stores_its_studies_in_the_journal(url: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def storage() -> optuna.storages.JournalStorage:
        return optuna.storages.JournalStorage(OptunaJournalBackend(Database(url)))  # type: ignore[arg-type]

    study = optuna.create_study(study_name="s", storage=storage())
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    loaded = optuna.load_study(study_name="s", storage=storage())
    assert [t.params for t in loaded.trials] == [t.params for t in study.trials]
