"""The database's tables. `document` columns hold pydantic documents as JSON."""

from datetime import datetime

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The declarative base; Alembic compares its metadata with the migrations."""


class ThemeRow(Base):
    """A theme with the name of its latest version."""

    __tablename__ = "themes"
    __table_args__ = (Index("ix_themes_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    latest: Mapped[int]
    archived: Mapped[bool] = mapped_column(server_default=false())
    tags: Mapped[list[str]] = mapped_column(JSON, server_default="[]", default=list)
    versions: Mapped[list["ThemeVersionRow"]] = relationship(back_populates="theme")


class ThemeVersionRow(Base):
    """A saved version of a theme. Append-only."""

    __tablename__ = "theme_versions"
    __table_args__ = (UniqueConstraint("theme_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id"))
    version: Mapped[int]
    document: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(80))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    theme: Mapped[ThemeRow] = relationship(back_populates="versions")


class ThemeReviewRow(Base):
    """A comment on a theme version, or a decision on it. Append-only; `kind` repeats the document's."""

    __tablename__ = "theme_reviews"
    __table_args__ = (Index("ix_theme_reviews_version", "slug", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BaseImageRow(Base):
    """A base image. Its pixels and those of its zones are in the image store, under their hashes."""

    __tablename__ = "base_images"

    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    keypoints: Mapped[list[list[float] | None] | None] = mapped_column(JSON)
    zones: Mapped[dict[str, str | None] | None] = mapped_column(JSON)
    position: Mapped[int]
    retired: Mapped[bool] = mapped_column(server_default=false())


class VariantRow(Base):
    """A finished variant.

    `prompt` (in lower case), `models` (each name between line feeds) and `sampler` repeat values of
    the document for searches. `doodle_sha256` is set where the doodle is in the image store.
    """

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("request_id", "slot"),
        Index("ix_variants_created_at", "created_at"),
        Index("ix_variants_theme", "theme_slug", "id"),
        Index("ix_variants_image", "image_sha256"),
        Index("ix_variants_doodle", "doodle_sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(String(32))
    slot: Mapped[str] = mapped_column(String(1))
    theme_slug: Mapped[str] = mapped_column(String(63))
    theme_version: Mapped[int | None]
    image_sha256: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    prompt: Mapped[str] = mapped_column(Text, server_default="")
    models: Mapped[str] = mapped_column(Text, server_default="")
    sampler: Mapped[str] = mapped_column(String(40), server_default="")
    doodle_sha256: Mapped[str | None] = mapped_column(String(64))


class VariantLabelRow(Base):
    """A star (without a name), a tag or a collection of a variant. It goes with the variant."""

    __tablename__ = "variant_labels"
    __table_args__ = (Index("ix_variant_labels_name", "kind", "name", "variant_id"),)

    variant_id: Mapped[int] = mapped_column(
        ForeignKey("variants.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    author: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SavedSearchRow(Base):
    """A filter of the history under a name."""

    __tablename__ = "saved_searches"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    document: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SelectionRow(Base):
    """The variant that an operator picked among those of a run on the studio page."""

    __tablename__ = "selections"
    __table_args__ = (Index("ix_selections_theme", "theme_slug", "theme_version"),)

    request_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    slot: Mapped[str] = mapped_column(String(1))
    theme_slug: Mapped[str] = mapped_column(String(63))
    theme_version: Mapped[int | None]
    author: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeploymentRow(Base):
    """A deployment of a theme to a channel. Append-only."""

    __tablename__ = "deployments"
    __table_args__ = (Index("ix_deployments_theme", "slug", "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(63))
    slug: Mapped[str] = mapped_column(String(63))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class UserRow(Base):
    """An operator who may sign in. `password_hash` is a salt and an scrypt key."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signed_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SessionRow(Base):
    """The session of a signed-in browser."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(String(63))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReportRow(Base):
    """An evaluation report on a theme version. Append-only."""

    __tablename__ = "evaluation_reports"
    __table_args__ = (Index("ix_evaluation_reports_version", "slug", "version", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BlindTestRow(Base):
    """A blind test. Append-only."""

    __tablename__ = "blind_tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class VoteRow(Base):
    """A vote in a blind test. Append-only."""

    __tablename__ = "votes"
    __table_args__ = (Index("ix_votes_voter", "blind_test_id", "voter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    blind_test_id: Mapped[int] = mapped_column(ForeignKey("blind_tests.id"))
    voter: Mapped[str] = mapped_column(String(80))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class GridRow(Base):
    """A grid (X/Y/Z plot). `document` has all that renders it; the other columns are for lists.

    `axes` is a JSON list of axes. `state` and `done` (images) are those of the last time it ran.
    """

    __tablename__ = "grids"
    __table_args__ = (Index("ix_grids_theme", "slug", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63))
    theme_name: Mapped[str] = mapped_column(String(80))
    version: Mapped[int | None]
    slot: Mapped[str] = mapped_column(String(1))
    axes: Mapped[str] = mapped_column(Text)
    images: Mapped[int]
    done: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    document: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OptunaJournalRow(Base):
    """A line of Optuna's journal of tuning studies. Append-only."""

    __tablename__ = "optuna_journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(Text)


class ApiClientRow(Base):
    """An API client, with the hash of its key."""

    __tablename__ = "api_clients"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RequestRow(Base):
    """A client's request. `document` is complete, so that any worker can render it."""

    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("client", "idempotency_key"),
        Index("ix_requests_theme", "theme", "version"),
        Index("ix_requests_base", "base_sha256"),
        Index("ix_requests_age", "redacted", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client: Mapped[str] = mapped_column(String(63))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    theme: Mapped[str] = mapped_column(String(63))
    version: Mapped[int]
    channel: Mapped[str] = mapped_column(String(63))
    selected_slot: Mapped[str | None] = mapped_column(String(1))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    base_sha256: Mapped[str] = mapped_column(String(64))
    redacted: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Whether doodle, prompt and images were deleted (retention)."""


class ModerationDecisionRow(Base):
    """A decision of moderation. Columns repeat values of the document for searches."""

    __tablename__ = "moderation_decisions"
    __table_args__ = (
        Index("ix_moderation_decisions_created_at", "created_at"),
        Index("ix_moderation_decisions_client", "client", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    client: Mapped[str] = mapped_column(String(63))
    request_id: Mapped[str] = mapped_column(String(32))
    stage: Mapped[str] = mapped_column(String(10))
    verdict: Mapped[str] = mapped_column(String(10))
    theme: Mapped[str] = mapped_column(String(63))
    document: Mapped[str] = mapped_column(Text)
    review: Mapped[str | None] = mapped_column(Text)


class JobRow(Base):
    """A job of a request. This row, not the broker, says what state it is in."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("request_id", "slot"),
        Index("ix_jobs_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    slot: Mapped[str] = mapped_column(String(1))
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    error: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    heartbeat_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When it was queued, claimed, or last got a heartbeat."""
    model: Mapped[str] = mapped_column(String(200), server_default="")
    fair_share_tier: Mapped[int] = mapped_column(server_default="0")
    moderation_override: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Whether a reviewer released its image, so that it is not moderated again."""
