"""What the studio is told from outside: STUDIO_* variables, overridden by flags. Frozen."""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from studio.messages import invalid

_PACKAGE = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """`home` holds the database, pictures and the user's own models. `database` is the address of
    another database, PostgreSQL say, as SQLAlchemy writes it, `broker` that of the Redis through which
    a fleet of workers draws what apps ask for; without one this process draws. `picture_store` is the
    address of a bucket for pictures, such as s3://bucket/pictures, instead of files in `home`.
    `moderation_url` is a webhook that has a say on pictures, `moderation_secret` what signs them.

    `api_port` is where `studio serve` answers apps. One signs in as soon as there is a user, and wherever `host` is
    not loopback; `sign_in` asks for it without users too, `no_sign_in` lets everybody in who can reach `host`.
    `trusted_proxies` are the addresses or networks (CIDR) of proxies whose X-Forwarded-* headers are believed;
    `secure_cookies` has cookies sent over https alone: auto where such a proxy says that the browser uses it.
    `model_folders` are further folders with models, also A1111's and ComfyUI's trees.
    `resident_base_models` stay on the device and `ram_base_models` in RAM, as far as `device_gb`
    and `ram_gb` (gigabytes; None: no limit) allow. `precision` auto is fp16 on CUDA and fp32
    elsewhere; `exact` leaves out what trades likeness for speed; `batch` draws variants at once
    that differ in prompts and seed alone, which a graphics card does quicker; `compile` has torch
    compile base models; a job may take `job_seconds` (None: as long as it takes). A worker tells Prometheus its figures
    at `metrics_port` of `host` (0: nowhere); `log_json` has the log written as JSON. Clients' doodles, words and
    pictures are deleted after `request_days`, the record of decisions after `record_days` (None: kept).
    """

    model_config = SettingsConfigDict(env_prefix="STUDIO_", frozen=True, extra="ignore")

    database: SecretStr = SecretStr("")
    broker: SecretStr = SecretStr("")
    picture_store: str = ""
    moderation_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    moderation_secret: SecretStr = SecretStr("")
    home: Path = Field(default_factory=lambda: user_data_path("doodle-theme-studio"))
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860
    api_port: Annotated[int, Field(ge=0, le=65535)] = 7861
    sign_in: bool = False
    no_sign_in: bool = False
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    secure_cookies: bool | Literal["auto"] = "auto"
    model_folders: Annotated[tuple[Path, ...], NoDecode] = ()
    hub: Annotated[str, Field(pattern=r"^https?://")] = "https://huggingface.co"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    resident_base_models: Annotated[int, Field(ge=1, le=16)] = 2
    ram_base_models: Annotated[int, Field(ge=1, le=64)] = 4
    device_gb: Annotated[float, Field(gt=0)] | None = None
    ram_gb: Annotated[float, Field(gt=0)] | None = None
    precision: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    exact: bool = False
    batch: bool = False
    compile: bool = False
    job_seconds: Annotated[float, Field(gt=0)] | None = None
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    log_json: bool = False
    request_days: Annotated[int, Field(ge=1)] | None = None
    record_days: Annotated[int, Field(ge=1)] | None = None

    @field_validator("model_folders", mode="before")
    @classmethod
    def _split(cls, folders: object) -> object:
        """As in PATH: several folders with the system's separator between them."""
        if isinstance(folders, str):
            return tuple(Path(f).expanduser().absolute() for f in folders.split(os.pathsep) if f)
        return folders

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, proxies: object) -> object:
        """Networks with commas or spaces between them, each as CIDR writes it."""
        if isinstance(proxies, str):
            proxies = tuple(re.findall(r"[^,\s]+", proxies))
        if isinstance(proxies, tuple | list):
            return tuple(str(ip_network(each, strict=False)) for each in proxies)
        return proxies

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.sign_in and self.no_sign_in:
            raise invalid("auth.sign_in_both_ways")
        return self

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
        """As SQLAlchemy reads it; may hold a password."""
        return self.database.get_secret_value() or f"sqlite:///{self.home / 'studio.db'}"


def shipped(name: str) -> Path:
    """A folder that ships with the product: `assets` or `presets`.

    Inside the package when it was installed from a wheel, beside it in a checkout.
    """
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
