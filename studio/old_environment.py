"""Reads settings from the environment variables' names of before 0.2, and says once that they changed."""

import logging
import os
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

OLD_VARIABLES = {
    "STUDIO_HOME": "data_dir",
    "STUDIO_DATABASE": "database_url",
    "STUDIO_BROKER": "broker_url",
    "STUDIO_PICTURE_STORE": "image_store_url",
    "STUDIO_MODEL_FOLDERS": "extra_model_dirs",
    "STUDIO_HUB": "hub_url",
    "STUDIO_RESIDENT_BASE_MODELS": "max_models_on_device",
    "STUDIO_RAM_BASE_MODELS": "max_models_in_ram",
    "STUDIO_DEVICE_GB": "max_device_memory_gb",
    "STUDIO_RAM_GB": "max_host_memory_gb",
    "STUDIO_EXACT": "disable_approximations",
    "STUDIO_BATCH": "batch_variants",
    "STUDIO_COMPILE": "torch_compile",
    "STUDIO_JOB_SECONDS": "job_timeout_seconds",
    "STUDIO_REQUEST_DAYS": "request_retention_days",
    "STUDIO_RECORD_DAYS": "audit_retention_days",
}
"""Fields of `Settings` by the variables that set them before."""


class OldEnvironment(PydanticBaseSettingsSource):
    """A settings source behind the environment: a variable under its new name goes first."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        for old, name in OLD_VARIABLES.items():
            if name == field_name and old in os.environ:
                return os.environ[old], field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None and f"STUDIO_{name.upper()}" not in os.environ:
                found[name] = value
        for old, name in OLD_VARIABLES.items():
            if name in found:
                _warn_renamed(old, f"STUDIO_{name.upper()}")
        return found


@cache
def _warn_renamed(old: str, new: str) -> None:
    logging.getLogger(__name__).warning("%s is now %s: the old name will go", old, new)
