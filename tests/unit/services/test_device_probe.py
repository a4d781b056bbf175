"""The device is looked at when a server starts, and what was found is logged. Issue 20, 7."""

import logging
import sys

import pytest

from studio.services import device_probe
from studio.services.device_probe import DeviceProbe
from studio.settings import Settings


@pytest.fixture(autouse=True)
def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "studio")


@pytest.mark.parametrize("setting", ["auto", "cpu"])
def test_machine_without_a_card_is_told_without_torch(
    setting: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(device_probe, "has_graphics_card", lambda: False)
    monkeypatch.setitem(sys.modules, "studio.engine.devices", None)  # Its import would fail.
    probe = DeviceProbe(Settings(device=setting))
    assert probe.info is None
    probe.run()
    assert probe.info is not None
    assert (probe.info.device, probe.info.problem) == ("cpu", None)
    assert caplog.messages == [f"rendering on the CPU (STUDIO_DEVICE is {setting})"]


def test_device_that_cannot_be_used_is_an_error_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    probe = DeviceProbe(Settings(device="cuda:31"))
    probe.run()
    assert probe.info is not None
    assert probe.info.device == "cuda:31"
    assert "Device “cuda:31” cannot be used" in str(probe.info.problem)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("ERROR", str(probe.info.problem))


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:100", "xpu", ""])
def test_other_devices_are_refused(device: str) -> None:
    with pytest.raises(ValueError, match="device"):
        Settings(device=device)


def test_settings_name_a_second_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", "cuda:1")
    assert Settings().device == "cuda:1"
