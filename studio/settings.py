"""What the studio is told from outside: STUDIO_* variables, overridden by flags. Frozen."""

from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_PACKAGE = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """`home` holds the database, pictures and the user's own models."""

    model_config = SettingsConfigDict(env_prefix="STUDIO_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("doodle-theme-studio"))
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    resident_base_models: Annotated[int, Field(ge=1, le=16)] = 2

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """The server leaves the folder it was started in; relative paths must not follow it."""
        return home.expanduser().absolute()

    @property
    def models_home(self) -> Path:
        return self.home / "models"

    @property
    def pictures(self) -> Path:
        return self.home / "pictures"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.home / 'studio.db'}"


def shipped(name: str) -> Path:
    """A folder that ships with the product: `assets` or `presets`.

    Inside the package when it was installed from a wheel, beside it in a checkout.
    """
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
