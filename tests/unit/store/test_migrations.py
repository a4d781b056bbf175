"""Migrations build the tables of `store.tables`, keep rows, and can be downgraded."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, select, text

from studio.errors import StorageUnavailableError
from studio.recipes.evaluation.blind_test import Vote, matchup_for
from studio.recipes.evaluation.reports import RobustnessReport
from studio.recipes.moderation import ModerationPolicy
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.store import database
from studio.store.api_clients import ApiClientStore
from studio.store.audit_log import AuditLog
from studio.store.blind_tests import BlindTestStore
from studio.store.deployments import DeploymentStore
from studio.store.evaluation_reports import ReportStore
from studio.store.jobs import JobStore
from studio.store.tables import Base, ModerationDecisionRow, VariantRow
from studio.store.themes import ThemeStore
from studio.store.tuning_journal import OptunaJournalBackend
from studio.store.users import UserStore
from tests import examples
from tests.unit.recipes.test_blind_test import make_blind_test
from tests.unit.store.job_table import claim_a, in_five_minutes
from tests.unit.store.test_audit_log import decision

OLD_TEXTS = {
    "contests": '"entrants":',
    "votes": '"ballot":',
    "preset_versions": '"external_moderation": "withhold"',
    "requests": '"external_moderation":"pass"',
}
"""What documents have after the downgrade, by the old names of their tables."""
NOT_KNOWN_AGAIN = ("signed_in_at", "used_at")
"""Columns that 0018 adds and cannot fill in."""
NO_FIELD = '"external_moderation":"pass"'
"""A user's text that looks like a field: no migration changes it."""


def migrations(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def test_migrated_tables_match_the_declared_ones(url: str) -> None:
    database.Database(url).close()
    with create_engine(database.database_url(url)).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrations_downgrade_to_base_and_upgrade_again(url: str) -> None:
    database.Database(url).close()
    with create_engine(database.database_url(url)).connect() as connection:
        config = migrations(connection)
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
        assert "themes" in inspect(connection).get_table_names()


# Issue 19, 2.
def test_rows_survive_the_downgrade_to_0014_and_back(url: str) -> None:
    before = database.Database(url)
    fill(before)
    stored = read(before)
    before.close()
    with create_engine(database.database_url(url)).connect() as connection:
        command.downgrade(migrations(connection), "0014")
        tables = set(inspect(connection).get_table_names())
        assert {
            "presets",
            "judgements",
            "clients",
            "contests",
            "reports",
            "study_journal",
        } <= tables
        assert not {"themes", "moderation_decisions", "api_clients", "optuna_journal"} & tables
        names = {column["name"] for column in inspect(connection).get_columns("jobs")}
        assert {"letter", "expires", "heard", "turn", "cleared"} <= names
        stages = connection.scalars(text("SELECT stage FROM judgements ORDER BY id")).all()
        assert stages == ["words", "picture", "doodle"]
        journal = connection.scalars(text("SELECT document FROM study_journal ORDER BY id")).all()
        assert ["strength" in line for line in journal] == [True, True, False, False]
        assert "denoising_strength" not in "".join(journal)
        assert '\\"objective\\": \\"votes\\"' in journal[0]
        assert ['"looks"' in journal[2], '"stars"' in journal[3]] == [True, True]
        for table, old in OLD_TEXTS.items():
            assert old in connection.scalars(text(f"SELECT document FROM {table}")).one()
        connection.commit()
    after = database.Database(url)
    assert read(after) == stored
    with after.read_session() as session:
        stages = session.scalars(
            select(ModerationDecisionRow.stage).order_by(ModerationDecisionRow.id)
        ).all()
    assert stages == ["prompt", "image", "doodle"]
    after.close()


def fill(opened: database.Database) -> None:
    """A row in each table that migration 0015 renames, or renames columns of."""
    preset = examples.preset(safety=ModerationPolicy(external_moderation="fail_closed"))
    ThemeStore(opened).save(preset, "ada", "first")
    DeploymentStore(opened).add(DeploymentSpec(slug="spring", version=1))
    UserStore(opened).set_password("ada", "correct horse battery")
    UserStore(opened).create_session("ada", timedelta(hours=1))
    ApiClientStore(opened).create_or_rotate_key(ApiClient(name="app"))
    ReportStore(opened).add("spring", 1, "robustness", RobustnessReport(cases=()))
    test = BlindTestStore(opened).add(make_blind_test(2), "ada")
    vote = Vote(voter="bo", matchup=matchup_for(test.blind_test, "1", "bo", 0), choice="tie")
    BlindTestStore(opened).add_vote(test.id, vote, 0)
    policy = ModerationPolicy(external_moderation="fail_open", negative_prompt=NO_FIELD)
    request = examples.request(preset=examples.preset(safety=policy), theme_version=1)
    jobs = JobStore.open(opened)
    request_id = jobs.requests.create(request, "app", "live", in_five_minutes(), "k")[0].id
    claim_a(jobs, request_id)
    for stage in ("prompt", "image", "doodle"):
        AuditLog(opened).add(decision(stage=stage))
    fields = [{"field": "denoising_strength"}, {"field": "steps"}]
    study = json.dumps({"search_space": fields, "objective": "ratings"})
    OptunaJournalBackend(opened).append_logs(
        [
            {"user_attr": {"study": study}},
            {"param_name": "denoising_strength", "trial_id": 0},
            {"user_attr": {"metrics": "{}"}},
            {"user_attr": {"rating": 4}},
        ]
    )
    with opened.write_session() as session:
        variant = examples.variant(request_id=request_id)
        session.add(
            VariantRow(
                request_id=request_id,
                slot="A",
                theme_slug="spring",
                theme_version=1,
                image_sha256=examples.HASH,
                document=variant.model_dump_json(),
                created_at=examples.LONG_AGO,
                sampler=variant.recipe.sampler,
            )
        )


def read(opened: database.Database) -> list[object]:
    """Every row of every table, as the tables' classes read it."""
    rows: list[object] = []
    with opened.read_session() as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.c if column.name not in NOT_KNOWN_AGAIN]
            query = select(*columns).order_by(*table.primary_key)
            rows.append([tuple(row) for row in session.execute(query)])
    return rows


def test_upgrade_fills_in_the_base_images_of_old_requests(url: str) -> None:
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


def test_sqlite_database_is_copied_before_an_upgrade(tmp_path: Path) -> None:
    """Issue 18, 12 (review 7): there was no way back."""
    file = tmp_path / "studio.db"
    url = f"sqlite:///{file}"
    database.Database(url).close()
    assert list(tmp_path.glob("*.bak")) == []
    with create_engine(url).connect() as connection:
        command.downgrade(migrations(connection), "0012")
        connection.commit()
    database.Database(url).close()
    copy = tmp_path / "studio.db.0012.bak"
    for path, is_upgraded in ((copy, False), (file, True)):
        with create_engine(f"sqlite:///{path}").connect() as connection:
            names = {column["name"] for column in inspect(connection).get_columns("requests")}
            assert ("base_sha256" in names) == is_upgraded
    database.Database(url).close()
    assert list(tmp_path.glob("*.bak*")) == [copy]


def test_upgrade_is_refused_when_the_copy_fails(tmp_path: Path) -> None:
    file = tmp_path / "studio.db"
    url = f"sqlite:///{file}"
    database.Database(url).close()
    with create_engine(url).connect() as connection:
        command.downgrade(migrations(connection), "0012")
        connection.commit()
    (tmp_path / "studio.db.0012.bak.partial").mkdir()
    with pytest.raises(StorageUnavailableError, match="Cannot copy the database"):
        database.Database(url)
    with create_engine(url).connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0012"
