"""Features whose packages are extras say which extra they need. Issue 19, 6."""

import subprocess
import sys

import pytest

from studio.errors import InvalidInputError
from studio.messages import message
from studio.optional_dependencies import require_extra


def test_an_installed_extra_is_let_pass() -> None:
    require_extra("json", "tuning", message("request.purpose_study"))


def test_a_missing_one_names_the_extra_and_what_needs_it() -> None:
    with pytest.raises(
        InvalidInputError, match=r"A tuning study requires the extra `tuning`.*'\.\[tuning\]'"
    ):
        require_extra("no_such_module", "tuning", message("request.purpose_study"))


def test_the_studio_is_imported_without_them() -> None:
    """In a fresh interpreter that cannot import any of the packages."""
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('optuna', 'statsmodels')))\n"
        "import studio.app, studio.server.routers.tuning, studio.server.routers.blind_tests\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
