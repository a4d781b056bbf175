"""Presets are kept in numbered versions that never change, on real databases."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from studio.errors import (
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
    SchemaTooNewError,
    StorageUnavailableError,
    Unstorable,
    VersionConflictError,
)
from studio.store.database import Database
from studio.store.themes import ThemeStore
from tests import examples


def test_saving_again_adds_a_version_and_leaves_the_old_one(url: str) -> None:
    store = ThemeStore(Database(url))
    first, second = examples.preset(), examples.preset(theme_prompt="bold colours", name="Spring 2")
    assert store.save(first, author="ada").version == 1
    assert store.save(second, note="bolder").version == 2
    assert store.get_version("spring", 1).preset == first
    assert store.get_version("spring").preset == second
    assert [v.version for v in store.list_versions("spring")] == [2, 1]
    assert [(s.slug, s.name, s.latest_version) for s in store.list_summaries()] == [
        ("spring", "Spring 2", 2)
    ]


# Issue 18, 9.
def test_nobodys_name_or_note_holds_control_characters(url: str) -> None:
    store = ThemeStore(Database(url))
    with pytest.raises(InvalidInputError, match="the author's name holds the control character U"):
        store.save(examples.preset(), author="bo\n2026 forged line")
    with pytest.raises(InvalidInputError, match="the note holds the control character U"):
        store.save(examples.preset(), note="a\0b")
    assert store.save(examples.preset(), "bo", "two\nlines").message == "two\nlines"


def test_saving_the_unchanged_preset_makes_no_new_version(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    assert store.save(examples.preset()).version == 1


def test_presets_are_there_again_when_the_database_is_opened_again(url: str) -> None:
    database = Database(url)
    ThemeStore(database).save(examples.preset())
    database.close()
    assert ThemeStore(Database(url)).get_version("spring").preset == examples.preset()


def test_the_preset_saved_last_is_known(url: str) -> None:
    store = ThemeStore(Database(url))
    with pytest.raises(NotFoundError, match="no preset has been saved"):
        store.latest_saved()
    store.save(examples.preset())
    store.save(examples.preset(slug="autumn"))
    store.save(examples.preset(theme_prompt="bold"))
    assert store.latest_saved() == store.get_version("spring", 2)


def test_unknown_presets_and_versions_are_named(url: str) -> None:
    store = ThemeStore(Database(url))
    with pytest.raises(NotFoundError, match=r"no preset named 'autumn' \(there are: none\)"):
        store.get_version("autumn")
    store.save(examples.preset())
    with pytest.raises(NotFoundError, match=r"there are: spring"):
        store.get_version("autumn")
    with pytest.raises(NotFoundError, match="preset 'spring' has no version 9"):
        store.get_version("spring", 9)


def test_savers_at_the_same_moment_get_versions_of_their_own(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    numbers: list[int] = []

    def save(index: int) -> None:
        numbers.append(store.save(examples.preset(theme_prompt=f"colours {index}")).version)

    threads = [threading.Thread(target=save, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [2, 3, 4, 5, 6, 7]


def test_an_error_in_a_session_leaves_nothing_behind(url: str) -> None:
    database = Database(url)
    row = text("insert into themes (slug, name, latest) values ('x', 'X', 1)")

    def add_twice() -> None:
        with database.write_session() as session:
            session.execute(row)
            session.execute(row)

    with pytest.raises(Unstorable):
        add_twice()
    assert ThemeStore(database).list_summaries() == []


def test_a_database_of_a_newer_studio_is_left_alone(url: str) -> None:
    database = Database(url)
    with database.write_session() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match=r"newer version of the studio \(schema 9999\)"):
        Database(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studio.db"
    (tmp_path / "studio.db").write_text("this is a shopping list, not a database at all" * 50)
    with pytest.raises(StorageUnavailableError, match=r"studio\.db"):
        Database(url)


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(StorageUnavailableError, match="cannot use the database /nowhere/studio.db"):
        Database("sqlite:////nowhere/studio.db")


@pytest.mark.parametrize(
    "url",
    ["", "postgres", "mysql://db/studio", "oracle://db/studio", "postgresql+nothing://db/studio"],
)
def test_an_address_of_no_database_we_can_use_is_refused(url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="STUDIO_DATABASE_URL is no database"):
        Database(url)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StorageUnavailableError) as caught:
        Database("postgresql://ada:hunter22@127.0.0.1:1/studio")
    assert "127.0.0.1:1/studio" in str(caught.value)
    assert "hunter22" not in str(caught.value)


def test_sqlite_runs_with_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studio.db"
    with Database(url).read_session() as session:
        assert session.execute(text("pragma journal_mode")).scalar() == "wal"
        assert session.execute(text("pragma foreign_keys")).scalar() == 1


def test_a_version_saved_meanwhile_is_not_overwritten(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset(), over=0)
    store.save(examples.preset(theme_prompt="bold"), over=1)
    with pytest.raises(VersionConflictError, match="version 2 is there, yours began from 1"):
        store.save(examples.preset(theme_prompt="pale"), over=1)
    with pytest.raises(
        VersionConflictError, match="a preset 'Spring' already: choose another name"
    ):
        store.save(examples.preset(theme_prompt="pale"), over=0)
    assert store.get_version("spring").preset.theme_prompt == "bold"


def test_presets_are_searched_by_name_and_slug(url: str) -> None:
    store = ThemeStore(Database(url))
    for slug, name in (("spring", "Spring garden"), ("autumn-2", "Falling Leaves"), ("x-100", "100% wool")):  # fmt: skip
        store.save(examples.preset(slug=slug, name=name))
    found = {text: [each.slug for each in store.list_summaries(text)] for text in ("GARDEN", "autumn", "%", "_", "")}  # fmt: skip
    assert found == {
        "GARDEN": ["spring"], "autumn": ["autumn-2"], "%": ["x-100"], "_": [],
        "": ["x-100", "autumn-2", "spring"],
    }  # fmt: skip
    assert [each.slug for each in store.list_summaries(most=2)] == ["x-100", "autumn-2"]


def test_a_theme_is_renamed_as_its_next_version_under_its_old_slug(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    renamed = store.rename("spring", " Spring party ", author="ada")
    assert (renamed.version, renamed.preset.slug, renamed.preset.name) == (2, "spring", "Spring party")  # fmt: skip
    assert (renamed.author, renamed.message) == ("ada", "renamed from Spring")
    assert store.get_version("spring", 1).preset.name == "Spring"
    assert [each.name for each in store.list_summaries()] == ["Spring party"]
    for name in ("", " ", "x" * 81):
        with pytest.raises(InvalidDocumentError, match="is no name"):
            store.rename("spring", name)


def test_a_branch_begins_as_any_version_of_another_theme(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    store.save(examples.preset(theme_prompt="bold"))
    branched = store.branch("spring", 1, "summer", "Summer", author="bo")
    assert (branched.version, branched.preset.theme_prompt) == (1, "soft colours")
    assert (branched.author, branched.message) == ("bo", "branched from spring version 1")
    assert store.branch("spring", None, "winter", "Winter").preset.theme_prompt == "bold"
    with pytest.raises(VersionConflictError, match="there is a preset 'Summer' already"):
        store.branch("spring", 1, "summer", "Summer")
    with pytest.raises(NotFoundError):
        store.branch("spring", 9, "late", "Late")
    for slug in ("../etc", "Big", ""):
        with pytest.raises(InvalidDocumentError, match="cannot be named so: slug"):
            store.branch("spring", 1, slug, "Odd")


def test_an_archived_theme_is_out_of_the_lists_and_can_still_be_opened(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    store.save(examples.preset(slug="autumn", name="Autumn"))
    store.archive("autumn")
    assert [each.slug for each in store.list_summaries()] == ["spring"]
    assert [(e.slug, e.archived) for e in store.list_summaries(with_archived=True)] == [("autumn", True), ("spring", False)]  # fmt: skip
    assert store.get_version("autumn").version == 1
    assert store.latest_saved().preset.slug == "spring"
    store.archive("autumn", archived=False)
    assert len(store.list_summaries()) == 2
    with pytest.raises(NotFoundError):
        store.archive("nobody")


def test_the_history_of_a_theme_is_told_without_its_documents(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset(), author="ada", note="first")
    store.save(examples.preset(theme_prompt="bold"), author="bo")
    assert [(v.version, v.author, v.message) for v in store.list_version_summaries("spring")] == [(2, "bo", ""), (1, "ada", "first")]  # fmt: skip
    with pytest.raises(NotFoundError):
        store.list_version_summaries("nobody")


SAVER = """
import sys
from studio.store.database import Database
from studio.store.themes import ThemeStore
from tests import examples
store = ThemeStore(Database(sys.argv[1]))
for number in range(10**6):
    print(store.save(examples.preset(theme_prompt=f"{sys.argv[2]} {number}")).version, flush=True)
"""


def test_a_saver_that_is_killed_leaves_a_whole_version_or_none(url: str) -> None:
    store = ThemeStore(Database(url))
    for saves in (3, 8, 13):
        command = [sys.executable, "-c", SAVER, url, f"colours of {saves}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:
            assert saver.stdout is not None
            told = [saver.stdout.readline() for _ in range(saves)]
            saver.kill()
        assert all(told)
        versions = store.list_versions("spring")
        [summary] = store.list_summaries()
        assert [v.version for v in versions] == list(range(summary.latest_version, 0, -1))
    assert (
        store.save(examples.preset(theme_prompt="afterwards")).version == summary.latest_version + 1
    )


# Issue 18, 16 (B4).
def test_a_new_theme_gets_a_slug_of_its_own(url: str) -> None:
    store = ThemeStore(Database(url))
    assert store.slug_for("春日") == "chun-ri"
    store.save(examples.preset(slug="chun-ri", name="纯日"))
    assert store.slug_for("春日").startswith("chun-ri-")
    assert store.slug_for("纯日") == "chun-ri"  # Saving it says that there is one already.


# Issue 18, 16 (B4).
def test_themes_are_found_whatever_script_they_are_named_in(url: str) -> None:
    store = ThemeStore(Database(url))
    for slug, name in (("one", "Весенний ПИКНИК"), ("two", "春日野餐")):
        store.save(examples.preset(slug=slug, name=name))
    assert [each.slug for each in store.list_summaries("пикник")] == ["one"]
    assert [each.slug for each in store.list_summaries("野餐")] == ["two"]
