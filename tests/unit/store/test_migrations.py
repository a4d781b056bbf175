"""The migrations build exactly the tables the code speaks of, and can be taken back."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from studio.errors import StorageUnavailableError
from studio.store import database
from studio.store.tables import Base


def migrations(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def test_migrated_tables_equal_the_declared_ones(url: str) -> None:
    database.Database(url).close()
    with create_engine(database.database_url(url)).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrations_go_down_and_up_again(url: str) -> None:
    database.Database(url).close()
    with create_engine(database.database_url(url)).connect() as connection:
        config = migrations(connection)
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
        assert "themes" in inspect(connection).get_table_names()


def test_requests_of_before_are_told_their_base_images(url: str) -> None:
    database.Database(url).close()
    with create_engine(database.database_url(url)).connect() as connection:
        config = migrations(connection)
        command.downgrade(config, "0012")
        connection.execute(
            text(
                "INSERT INTO requests (id, client, theme, version, channel, document, created)"
                " VALUES ('r', 'app', 'picnic', 1, 'live', :document, '2026-01-01')"
            ),
            {"document": '{"base_image": {"sha256": "abc"}}'},
        )
        command.upgrade(config, "head")
        bases = connection.scalars(text("SELECT base_sha256 FROM requests")).all()
    assert bases == ["abc"]


def test_before_an_upgrade_an_sqlite_database_is_copied(tmp_path: Path) -> None:
    """Issue 18, 12 (review 7): there was no way back."""
    file = tmp_path / "studio.db"
    url = f"sqlite:///{file}"
    database.Database(url).close()
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".bak")] == []
    with create_engine(url).connect() as connection:
        command.downgrade(migrations(connection), "0012")
        connection.commit()
    database.Database(url).close()
    copy = tmp_path / "studio.db.0012.bak"
    for each, columns in ((copy, False), (file, True)):
        with create_engine(f"sqlite:///{each}").connect() as connection:
            found = {column["name"] for column in inspect(connection).get_columns("requests")}
            assert ("base_sha256" in found) == columns
    database.Database(url).close()
    assert [each.name for each in tmp_path.iterdir() if ".bak" in each.name] == [copy.name]


def test_no_upgrade_without_room_for_the_copy(tmp_path: Path) -> None:
    file = tmp_path / "studio.db"
    url = f"sqlite:///{file}"
    database.Database(url).close()
    with create_engine(url).connect() as connection:
        command.downgrade(migrations(connection), "0012")
        connection.commit()
    (tmp_path / "studio.db.0012.bak.partial").mkdir()
    with pytest.raises(StorageUnavailableError, match="cannot copy the database"):
        database.Database(url)
    with create_engine(url).connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0012"
