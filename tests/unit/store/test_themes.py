"""Themes and their numbered, immutable versions; errors of databases that cannot be opened."""

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
    UnstorableValueError,
    VersionConflictError,
)
from studio.store.database import Database
from studio.store.themes import ThemeStore
from tests import examples


def test_save_adds_a_version_and_keeps_the_old_one(url: str) -> None:
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
def test_control_characters_in_author_and_note_are_refused(url: str) -> None:
    store = ThemeStore(Database(url))
    with pytest.raises(InvalidInputError, match="Author contains the control character U"):
        store.save(examples.preset(), author="bo\n2026 forged line")
    with pytest.raises(InvalidInputError, match="Note contains the control character U"):
        store.save(examples.preset(), note="a\0b")
    assert store.save(examples.preset(), "bo", "two\nlines").message == "two\nlines"


def test_unchanged_preset_makes_no_new_version(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    assert store.save(examples.preset()).version == 1


def test_themes_are_read_after_the_database_is_reopened(url: str) -> None:
    database = Database(url)
    ThemeStore(database).save(examples.preset())
    database.close()
    assert ThemeStore(Database(url)).get_version("spring").preset == examples.preset()


def test_latest_saved_is_the_last_version_of_any_theme(url: str) -> None:
    store = ThemeStore(Database(url))
    with pytest.raises(NotFoundError, match="No theme saved yet"):
        store.latest_saved()
    store.save(examples.preset())
    store.save(examples.preset(slug="autumn"))
    store.save(examples.preset(theme_prompt="bold"))
    assert store.latest_saved() == store.get_version("spring", 2)


def test_unknown_themes_and_versions_are_named(url: str) -> None:
    store = ThemeStore(Database(url))
    with pytest.raises(NotFoundError, match=r"Theme not found: “autumn”\. Available: none\."):
        store.get_version("autumn")
    store.save(examples.preset())
    with pytest.raises(NotFoundError, match="Available: spring"):
        store.get_version("autumn")
    with pytest.raises(NotFoundError, match=r"Theme “spring” has no version 9\."):
        store.get_version("spring", 9)


def test_concurrent_saves_get_different_versions(url: str) -> None:
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


def test_failed_session_is_rolled_back(url: str) -> None:
    database = Database(url)
    row = text("insert into themes (slug, name, latest) values ('x', 'X', 1)")

    def add_twice() -> None:
        with database.write_session() as session:
            session.execute(row)
            session.execute(row)

    with pytest.raises(UnstorableValueError):
        add_twice()
    assert ThemeStore(database).list_summaries() == []


def test_newer_schema_is_refused(url: str) -> None:
    database = Database(url)
    with database.write_session() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match=r"newer version of the studio \(schema 9999\)"):
        Database(url)


def test_file_that_is_not_a_database_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studio.db"
    (tmp_path / "studio.db").write_text("this is a shopping list, not a database at all" * 50)
    with pytest.raises(StorageUnavailableError, match=r"studio\.db"):
        Database(url)


def test_missing_directory_is_named() -> None:
    with pytest.raises(
        StorageUnavailableError, match=r"Cannot use the database /nowhere/studio\.db"
    ):
        Database("sqlite:////nowhere/studio.db")


@pytest.mark.parametrize(
    "url",
    ["", "postgres", "mysql://db/studio", "oracle://db/studio", "postgresql+nothing://db/studio"],
)
def test_unsupported_database_url_is_refused(url: str) -> None:
    with pytest.raises(
        StorageUnavailableError, match="STUDIO_DATABASE_URL is not a supported database"
    ):
        Database(url)


def test_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(StorageUnavailableError) as caught:
        Database("postgresql://ada:hunter22@127.0.0.1:1/studio")
    assert "127.0.0.1:1/studio" in str(caught.value)
    assert "hunter22" not in str(caught.value)


def test_sqlite_uses_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studio.db"
    with Database(url).read_session() as session:
        assert session.execute(text("pragma journal_mode")).scalar() == "wal"
        assert session.execute(text("pragma foreign_keys")).scalar() == 1


def test_stale_expected_version_conflicts(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset(), expected_version=0)
    store.save(examples.preset(theme_prompt="bold"), expected_version=1)
    with pytest.raises(
        VersionConflictError,
        match="updated to version 2 in the meantime; your changes are based on version 1",
    ):
        store.save(examples.preset(theme_prompt="pale"), expected_version=1)
    with pytest.raises(VersionConflictError, match="Theme “Spring” already exists"):
        store.save(examples.preset(theme_prompt="pale"), expected_version=0)
    assert store.get_version("spring").preset.theme_prompt == "bold"


def test_themes_are_searched_by_name_and_slug(url: str) -> None:
    store = ThemeStore(Database(url))
    names = {"spring": "Spring garden", "autumn-2": "Falling Leaves", "x-100": "100% wool"}
    for slug, name in names.items():
        store.save(examples.preset(slug=slug, name=name))
    expected = {
        "GARDEN": ["spring"],
        "autumn": ["autumn-2"],
        "%": ["x-100"],
        "_": [],
        "": ["x-100", "autumn-2", "spring"],
    }
    for query, slugs in expected.items():
        assert [theme.slug for theme in store.list_summaries(query)] == slugs
    assert [theme.slug for theme in store.list_summaries(limit=2)] == ["x-100", "autumn-2"]


def test_rename_saves_a_version_under_the_old_slug(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    renamed = store.rename("spring", " Spring party ", author="ada")
    assert (renamed.version, renamed.preset.slug) == (2, "spring")
    assert renamed.preset.name == "Spring party"
    assert (renamed.author, renamed.message) == ("ada", "renamed from Spring")
    assert store.get_version("spring", 1).preset.name == "Spring"
    assert [theme.name for theme in store.list_summaries()] == ["Spring party"]
    for name in ("", " ", "x" * 81):
        with pytest.raises(InvalidDocumentError, match="is not a valid name"):
            store.rename("spring", name)


def test_branch_starts_from_any_version(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    store.save(examples.preset(theme_prompt="bold"))
    branched = store.branch("spring", 1, "summer", "Summer", author="bo")
    assert (branched.version, branched.preset.theme_prompt) == (1, "soft colours")
    assert (branched.author, branched.message) == ("bo", "branched from spring version 1")
    assert store.branch("spring", None, "winter", "Winter").preset.theme_prompt == "bold"
    with pytest.raises(VersionConflictError, match="Theme “Summer” already exists"):
        store.branch("spring", 1, "summer", "Summer")
    with pytest.raises(NotFoundError):
        store.branch("spring", 9, "late", "Late")
    for slug in ("../etc", "Big", ""):
        with pytest.raises(InvalidDocumentError, match="Invalid theme name: slug"):
            store.branch("spring", 1, slug, "Odd")


def test_archived_theme_is_unlisted_and_can_be_opened(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset())
    store.save(examples.preset(slug="autumn", name="Autumn"))
    store.archive("autumn")
    assert [theme.slug for theme in store.list_summaries()] == ["spring"]
    themes = store.list_summaries(include_archived=True)
    assert [(theme.slug, theme.archived) for theme in themes] == [
        ("autumn", True),
        ("spring", False),
    ]
    assert store.get_version("autumn").version == 1
    assert store.latest_saved().preset.slug == "spring"
    store.archive("autumn", archived=False)
    assert len(store.list_summaries()) == 2
    with pytest.raises(NotFoundError):
        store.archive("nobody")


def test_version_summaries_are_listed_newest_first(url: str) -> None:
    store = ThemeStore(Database(url))
    store.save(examples.preset(), author="ada", note="first")
    store.save(examples.preset(theme_prompt="bold"), author="bo")
    versions = store.list_version_summaries("spring")
    assert [(v.version, v.author, v.message) for v in versions] == [
        (2, "bo", ""),
        (1, "ada", "first"),
    ]
    with pytest.raises(NotFoundError):
        store.list_version_summaries("nobody")


SAVE_FOR_EVER = """
import sys
from studio.store.database import Database
from studio.store.themes import ThemeStore
from tests import examples
store = ThemeStore(Database(sys.argv[1]))
for number in range(10**6):
    print(store.save(examples.preset(theme_prompt=f"{sys.argv[2]} {number}")).version, flush=True)
"""


def test_killed_process_leaves_complete_versions_only(url: str) -> None:
    store = ThemeStore(Database(url))
    for saves in (3, 8, 13):
        command = [sys.executable, "-c", SAVE_FOR_EVER, url, f"colours of {saves}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:
            assert saver.stdout is not None
            lines = [saver.stdout.readline() for _ in range(saves)]
            saver.kill()
        assert all(lines)
        versions = store.list_versions("spring")
        [summary] = store.list_summaries()
        assert [v.version for v in versions] == list(range(summary.latest_version, 0, -1))
    assert (
        store.save(examples.preset(theme_prompt="afterwards")).version == summary.latest_version + 1
    )


# Issue 18, 16 (B4).
def test_new_theme_gets_a_unique_slug(url: str) -> None:
    store = ThemeStore(Database(url))
    assert store.slug_for("春日") == "chun-ri"
    store.save(examples.preset(slug="chun-ri", name="纯日"))
    assert store.slug_for("春日").startswith("chun-ri-")
    assert store.slug_for("纯日") == "chun-ri"  # Saving it then raises a conflict.


# Issue 18, 16 (B4).
def test_search_ignores_case_in_any_script(url: str) -> None:
    store = ThemeStore(Database(url))
    for slug, name in (("one", "Весенний ПИКНИК"), ("two", "春日野餐")):
        store.save(examples.preset(slug=slug, name=name))
    assert [theme.slug for theme in store.list_summaries("пикник")] == ["one"]
    assert [theme.slug for theme in store.list_summaries("野餐")] == ["two"]
