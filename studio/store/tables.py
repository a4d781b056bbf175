"""The database's tables. Documents are kept as the JSON they are exchanged in."""

from datetime import datetime

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class ThemeRow(Base):
    """A theme, under the name its newest version has."""

    __tablename__ = "themes"
    __table_args__ = (Index("ix_themes_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    latest: Mapped[int]
    archived: Mapped[bool] = mapped_column(server_default=false())
    versions: Mapped[list["ThemeVersionRow"]] = relationship(back_populates="theme")


class ThemeVersionRow(Base):
    """One saved version. Rows are only ever added."""

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


class BaseImageRow(Base):
    """A base image. Its pixels are in the pictures folder, named by their hash."""

    __tablename__ = "base_images"

    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    keypoints: Mapped[list[list[float] | None] | None] = mapped_column(JSON)
    position: Mapped[int]
    retired: Mapped[bool] = mapped_column(server_default=false())


class VariantRow(Base):
    """A finished variant. `prompt`, in lower case, and `models`, each name between line ends,
    repeat what the document says, to be searched."""

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("request_id", "slot"),
        Index("ix_variants_created_at", "created_at"),
        Index("ix_variants_theme", "theme_slug", "id"),
        Index("ix_variants_image", "image_sha256"),
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


class DeploymentRow(Base):
    """What an operator ordered to be served. Rows are only ever added."""

    __tablename__ = "deployments"
    __table_args__ = (Index("ix_deployments_theme", "slug", "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(63))
    slug: Mapped[str] = mapped_column(String(63))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class UserRow(Base):
    """Who may sign in. `password` is a salt and scrypt's key."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SessionRow(Base):
    """A browser that is signed in, until it signs out or the session `expires`."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(String(63))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReportRow(Base):
    """What was found out about a preset version. Rows are only ever added."""

    __tablename__ = "evaluation_reports"
    __table_args__ = (Index("ix_evaluation_reports_version", "slug", "version", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BlindTestRow(Base):
    __tablename__ = "blind_tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class VoteRow(Base):
    """One choice of one voter. Rows are only ever added."""

    __tablename__ = "votes"
    __table_args__ = (Index("ix_votes_voter", "blind_test_id", "voter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    blind_test_id: Mapped[int] = mapped_column(ForeignKey("blind_tests.id"))
    voter: Mapped[str] = mapped_column(String(80))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OptunaJournalRow(Base):
    """One line of Optuna's journal of tuning studies. Rows are only ever added."""

    __tablename__ = "optuna_journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(Text)


class ApiClientRow(Base):
    """Who may use the API. Of the key only a hash is kept."""

    __tablename__ = "api_clients"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RequestRow(Base):
    """What a client asked for; `document` is the whole request, so that any machine can answer."""

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
    """Whether what the client sent, and the pictures, were deleted for their age."""


class ModerationDecisionRow(Base):
    """A decision of the safety stages; columns repeat what the document says, to be searched."""

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
    """One job of a request: the truth about its state, whoever works on it."""

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
    """When it was put into the queue, begun, or last given a sign of life."""
    model: Mapped[str] = mapped_column(String(200), server_default="")
    fair_share_tier: Mapped[int] = mapped_column(server_default="0")
    moderation_override: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Whether a reviewer lets its picture pass, whatever a judge says."""
