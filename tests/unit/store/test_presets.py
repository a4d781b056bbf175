"""Presets are kept in numbered versions that never change, on a real SQLite."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from studio.errors import NewerStore, NotFound, Outdated, StoreUnavailable
from studio.store.database import Database
from studio.store.presets import PresetStore
from tests import examples


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/studio.db"


def test_saving_again_adds_a_version_and_leaves_the_old_one(url: str) -> None:
    store = PresetStore(Database(url))
    first, second = examples.preset(), examples.preset(prompt="bold colours", name="Spring 2")
    assert store.save(first, author="ada").number == 1
    assert store.save(second, note="bolder").number == 2
    assert store.version("spring", 1).preset == first
    assert store.version("spring").preset == second
    assert [v.number for v in store.versions("spring")] == [2, 1]
    assert [(s.slug, s.name, s.latest) for s in store.summaries()] == [("spring", "Spring 2", 2)]


def test_saving_the_unchanged_preset_makes_no_new_version(url: str) -> None:
    store = PresetStore(Database(url))
    store.save(examples.preset())
    assert store.save(examples.preset()).number == 1


def test_presets_are_there_again_when_the_database_is_opened_again(url: str) -> None:
    database = Database(url)
    PresetStore(database).save(examples.preset())
    database.close()
    assert PresetStore(Database(url)).version("spring").preset == examples.preset()


def test_the_preset_saved_last_is_known(url: str) -> None:
    store = PresetStore(Database(url))
    with pytest.raises(NotFound, match="no preset has been saved"):
        store.last_saved()
    store.save(examples.preset())
    store.save(examples.preset(slug="autumn"))
    store.save(examples.preset(prompt="bold"))
    assert store.last_saved() == store.version("spring", 2)


def test_unknown_presets_and_versions_are_named(url: str) -> None:
    store = PresetStore(Database(url))
    with pytest.raises(NotFound, match=r"no preset named 'autumn' \(there are: none\)"):
        store.version("autumn")
    store.save(examples.preset())
    with pytest.raises(NotFound, match=r"there are: spring"):
        store.version("autumn")
    with pytest.raises(NotFound, match="preset 'spring' has no version 9"):
        store.version("spring", 9)


def test_savers_at_the_same_moment_get_versions_of_their_own(url: str) -> None:
    store = PresetStore(Database(url))
    store.save(examples.preset())
    numbers: list[int] = []

    def save(index: int) -> None:
        numbers.append(store.save(examples.preset(prompt=f"colours {index}")).number)

    threads = [threading.Thread(target=save, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [2, 3, 4, 5, 6, 7]


def test_an_error_in_a_session_leaves_nothing_behind(url: str) -> None:
    database = Database(url)
    row = text("insert into presets (slug, name, latest) values ('x', 'X', 1)")

    def add_twice() -> None:
        with database.writing() as session:
            session.execute(row)
            session.execute(row)

    with pytest.raises(IntegrityError):
        add_twice()
    assert PresetStore(database).summaries() == []


def test_a_database_of_a_newer_studio_is_left_alone(url: str) -> None:
    database = Database(url)
    with database.writing() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerStore, match=r"newer version of the studio \(schema 9999\)"):
        Database(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path, url: str) -> None:
    (tmp_path / "studio.db").write_text("this is a shopping list, not a database at all" * 50)
    with pytest.raises(StoreUnavailable, match=r"studio\.db"):
        Database(url)


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreUnavailable, match="cannot use the database /nowhere/studio.db"):
        Database("sqlite:////nowhere/studio.db")


def test_sqlite_runs_with_write_ahead_log_and_foreign_keys(url: str) -> None:
    with Database(url).reading() as session:
        assert session.execute(text("pragma journal_mode")).scalar() == "wal"
        assert session.execute(text("pragma foreign_keys")).scalar() == 1


def test_a_version_saved_meanwhile_is_not_overwritten(url: str) -> None:
    store = PresetStore(Database(url))
    store.save(examples.preset(), over=0)
    store.save(examples.preset(prompt="bold"), over=1)
    with pytest.raises(Outdated, match="version 2 is there, yours began from 1"):
        store.save(examples.preset(prompt="pale"), over=1)
    with pytest.raises(Outdated, match="a preset 'Spring' already: choose another name"):
        store.save(examples.preset(prompt="pale"), over=0)
    assert store.version("spring").preset.prompt == "bold"
