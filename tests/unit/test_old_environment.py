"""The environment variables' names of before 0.2 still work, and say so once."""

from pathlib import Path

import pytest

from studio.old_environment import OLD_VARIABLES, _warn_renamed
from studio.settings import Settings


@pytest.fixture(autouse=True)
def nothing_said_yet() -> None:
    _warn_renamed.cache_clear()


def test_each_old_name_stands_for_a_setting() -> None:
    assert set(OLD_VARIABLES.values()) <= set(Settings.model_fields)


def test_an_old_name_sets_the_field_and_warns_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("STUDIO_DATA_DIR", raising=False)
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv("STUDIO_RESIDENT_BASE_MODELS", "3")
    monkeypatch.setenv("STUDIO_MODEL_FOLDERS", f"{tmp_path}/a:{tmp_path}/b")
    for _ in range(2):
        settings = Settings()
        assert settings.data_dir == tmp_path
        assert settings.max_models_on_device == 3
        assert settings.extra_model_dirs == (tmp_path / "a", tmp_path / "b")
    said = [record.getMessage() for record in caplog.records]
    assert said.count("STUDIO_HOME is now STUDIO_DATA_DIR: the old name will go") == 1
    assert len(said) == 3


def test_the_new_name_goes_before_the_old_one_and_a_flag_before_both(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STUDIO_JOB_SECONDS", "5")
    monkeypatch.setenv("STUDIO_JOB_TIMEOUT_SECONDS", "7")
    assert Settings().job_timeout_seconds == 7
    assert Settings(job_timeout_seconds=9).job_timeout_seconds == 9
    assert caplog.records == []


def test_an_invalid_value_under_an_old_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVICE_GB", "-1")
    with pytest.raises(ValueError, match="max_device_memory_gb"):
        Settings()


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("1", "on"), ("true", "on"), ("0", "off"), ("no", "off"), ("on", "on"), ("AUTO", "auto")],
)
def test_batches_are_still_switched_by_yes_and_no(
    monkeypatch: pytest.MonkeyPatch, value: str, meaning: str
) -> None:
    monkeypatch.setenv("STUDIO_BATCH", value)
    assert Settings().batch_variants == meaning


def test_another_word_for_batches_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_BATCH_VARIANTS", "sometimes")
    with pytest.raises(ValueError, match="batch_variants\n.*'auto', 'on' or 'off'"):
        Settings()
