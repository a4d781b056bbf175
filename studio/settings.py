"""Settings: STUDIO_* variables, overridden by flags."""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import (
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from studio.message_fields import invalid
from studio.old_environment import OldEnvironment

_PACKAGE = Path(__file__).resolve().parent


Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Settings of one process, frozen. Each field is read from `STUDIO_` and its name in capitals; a flag
    of a command goes before the variable. `docs/generate.py` makes the reference of them."""

    model_config = SettingsConfigDict(env_prefix="STUDIO_", frozen=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, OldEnvironment(settings_cls)

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("doodle-theme-studio"),
        description="The data directory: database, images, your own models and word lists. By default"
        " the user's data directory, on Linux `~/.local/share/doodle-theme-studio`.",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        description="URL of a PostgreSQL database, as SQLAlchemy writes it:"
        " `postgresql://user:password@host/name`. It needs the extra `postgresql`. Empty: the SQLite"
        " file `studio.db` in `STUDIO_DATA_DIR`.",
    )
    broker_url: SecretStr = Field(
        SecretStr(""),
        description="URL of the Redis queue from which workers get their jobs, e.g."
        " `redis://host:6379/0`. It needs the extra `cluster`. Empty: the process that serves also"
        " renders.",
    )
    image_store_url: str = Field(
        "",
        description="URL of a bucket for images, e.g. `s3://bucket/pictures`. It needs the extra `s3`;"
        " keys and endpoint are botocore's (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,"
        " `AWS_ENDPOINT_URL`). Empty: files in `STUDIO_DATA_DIR`.",
    )
    moderation_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="URL of a moderation webhook that checks each image of themes whose moderation policy uses"
        " external moderation. Empty: none.",
    )
    moderation_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret that signs calls of the moderation webhook (HMAC-SHA-256).",
    )
    host: str = Field(
        "127.0.0.1",
        description="Address that `studio ui`, `studio api` and a worker's metrics listen on. Other"
        " machines can reach the studio only at an address that is not loopback.",
    )
    port: Port = Field(7860, description="TCP port of `studio ui`.")
    api_port: Port = Field(7861, description="TCP port of `studio api`.")
    sign_in: bool = Field(
        False,
        description="Require sign-in even while there is no user and `STUDIO_HOST` is loopback. With a"
        " user it is always required.",
    )
    no_sign_in: bool = Field(
        False,
        description="Allow access without sign-in, from any address. Cannot be combined with"
        " `STUDIO_SIGN_IN`.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks (CIDR), separated by commas, of the proxies whose"
        " `X-Forwarded-*` headers are trusted. Empty: none.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Additional host names, separated by commas, that are accepted while sign-in is off"
        " (protection against DNS rebinding). Loopback, the address of `STUDIO_HOST` and IP addresses"
        " are always accepted.",
    )
    secure_cookies: bool | Literal["auto"] = Field(
        "auto",
        description="Whether the session cookie is sent over https only. `auto`: where a trusted proxy"
        " says that the browser uses https.",
    )
    extra_model_dirs: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        description="Additional folders with models, also model trees of A1111 and ComfyUI, separated by `:`"
        " as in `PATH`.",
    )
    hub_url: str = Field(
        "https://huggingface.co",
        pattern=r"^https?://",
        description="URL of the model hub that `studio models pull` downloads from. It has to be https,"
        " except on loopback.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$",
        description="The device that renders: `auto`, `cpu`, `cuda`, `cuda:1` (the second card). `auto`:"
        " the first card that torch can use, else the CPU.",
    )
    max_models_on_device: int = Field(
        2, ge=1, le=16, description="Number of base models that stay on the device."
    )
    max_models_in_ram: int = Field(
        4,
        ge=1,
        le=64,
        description="Number of base models that stay in RAM, those on the device included.",
    )
    max_device_memory_gb: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="Gigabytes of device memory that models may take. Unset: what the device has free.",
    )
    max_host_memory_gb: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Gigabytes of RAM that base models may take. Unset: no limit."
    )
    precision: Literal["auto", "fp32", "fp16", "bf16"] = Field(
        "auto",
        description="Number format of the weights. `auto`: fp16 on CUDA; bf16 on a CPU that computes in it"
        " (AMX, AVX512-BF16), unless `STUDIO_DISABLE_APPROXIMATIONS` is set; fp32 elsewhere.",
    )
    disable_approximations: bool = Field(
        False,
        description="Turn off approximations that trade exactness for speed: DeepCache, even where a recipe"
        " enables it, bf16 on a CPU unless `STUDIO_PRECISION` sets it, and `STUDIO_TORCH_COMPILE`.",
    )
    batch_variants: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Render variants in one batch where models, size and steps are the same. Quicker on a"
        " graphics card; the last bits of the pixels differ from those of single renders. `auto`: on CUDA,"
        " unless `STUDIO_DISABLE_APPROXIMATIONS` is set, which forbids it everywhere.",
    )
    cuda_graphs: bool = Field(
        True,
        description="On CUDA, record the steps of a render once and replay them: the card no longer waits"
        " for Python. Takes up to an eighth of its memory.",
    )
    torch_compile: bool = Field(
        False,
        description="Compile base models with `torch.compile`: faster steps after a slow first image."
        " Requires a C++ compiler.",
    )
    warm_up: bool = Field(
        True,
        description="Start the renderer and load the models of the theme that was saved last when `studio ui`"
        " starts, so that the first Generate does not wait for them.",
    )
    job_timeout_seconds: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="Seconds that one job may take before it ends with an error. Unset: no limit.",
    )
    metrics_port: Port = Field(
        0,
        description="TCP port on `STUDIO_HOST` where a worker serves Prometheus metrics. 0: none.",
    )
    log_json: bool = Field(
        False,
        description="Write the logs of `studio api` and `studio worker` as JSON, one object per line.",
    )
    request_retention_days: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Days after which clients' doodles, prompts and base images, and the images made of"
        " them, are deleted. Unset: never.",
    )
    audit_retention_days: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Days after which entries of the audit log are deleted. Unset: never.",
    )

    @field_validator("batch_variants", mode="before")
    @classmethod
    def _batching(cls, value: object) -> object:
        """The yes or no of before 0.3, as pydantic reads booleans; anything else as it is."""
        if str(value).lower() in {"auto", "on", "off"}:
            return str(value).lower()
        try:
            return "on" if TypeAdapter(bool).validate_python(value) else "off"
        except ValidationError:
            return value  # The error names the choices.

    @field_validator("extra_model_dirs", mode="before")
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
        proxies = _listed(proxies)
        if isinstance(proxies, tuple | list):
            return tuple(str(ip_network(proxy, strict=False)) for proxy in proxies)
        return proxies

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _names(cls, hosts: object) -> object:
        """Names with commas or spaces between them, as they stand in a Host header before the port."""
        hosts = _listed(hosts)
        for host in hosts if isinstance(hosts, tuple | list) else ():
            if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", str(host), re.ASCII):
                raise invalid("auth.host_invalid", host=str(host))
        return hosts

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.sign_in and self.no_sign_in:
            raise invalid("auth.sign_in_conflict")
        return self

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """The server leaves the folder it was started in; relative paths must not follow it."""
        return home.expanduser().absolute()

    @property
    def user_models_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def images_dir(self) -> Path:
        return self.data_dir / "pictures"

    @property
    def sqlalchemy_url(self) -> str:
        """As SQLAlchemy reads it; may hold a password."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'studio.db'}"


def _listed(entries: object) -> object:
    """The parts of a text with commas or spaces between them; anything else as it is."""
    return tuple(re.findall(r"[^,\s]+", entries)) if isinstance(entries, str) else entries


def bundled_path(name: str) -> Path:
    """A folder that ships with the product: `assets` or `presets`.

    Inside the package when it was installed from a wheel, beside it in a checkout.
    """
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
