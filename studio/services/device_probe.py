"""Finds out at the start which device renders here, and logs it."""

import logging
import platform
import threading

from studio.engine.graphics_cards import has_graphics_card, machine_memory
from studio.engine.stats import DeviceInfo
from studio.errors import StudioError
from studio.settings import Settings

log = logging.getLogger(__name__)


class DeviceProbe:
    """Looks at the device in the background, before the engine is built for the first image.

    torch, whose import takes seconds, is asked only where there may be another device than the CPU.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.info: DeviceInfo | None = None
        """None until the device has been looked at."""

    def start(self) -> None:
        """Begins to look at the device in a thread of its own."""
        threading.Thread(target=self.run, name="device probe", daemon=True).start()

    def run(self) -> None:
        """Looks at the device and logs what was found."""
        setting = self._settings.device
        try:
            if setting == "cpu" or (setting == "auto" and not has_graphics_card()):
                self.info = DeviceInfo("cpu", platform.machine(), machine_memory())
                log.info("rendering on the CPU (STUDIO_DEVICE is %s)", setting)
                return
            from studio.engine.devices import describe_setting, log_device

            self.info = describe_setting(
                setting, self._settings.precision, self._settings.disable_approximations
            )
            log_device(self.info)
        except StudioError as error:
            self.info = DeviceInfo(setting, problem=error.message)
            log.error("%s", error)
