"""The command line: output, files, and errors as one line with an exit code."""

import getpass
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from studio.app import create_app_container
from studio.cli.main import main
from studio.cli.models import ModelKind
from studio.recipes.generation.recipe import ModelType
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.services.requests.request_spec import GenerationRequestSpec
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer


class Ran:
    """A finished command: exit code, stdout and stderr."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Command = Callable[..., Ran]


@pytest.fixture
def studio_command(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["studio", *(str(a) for a in arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return run


def test_help_imports_no_heavy_library() -> None:
    script = (
        "import sys; from studio.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch','gradio','diffusers','sqlalchemy','pydantic','numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("[]")
    assert "render" in done.stdout


def test_base_images_are_listed_with_keypoints_and_exported(
    studio_command: Command, tmp_path: Path
) -> None:
    listed = json.loads(studio_command("base-images", "list", "--json").out)
    assert {"id", "name", "width", "height", "keypoints"} <= listed[0].keys()
    assert all(len(base["keypoints"]) == 18 for base in listed)
    file = tmp_path / "out" / "mia.png"
    assert studio_command("base-images", "export", "mia", file).code == 0
    with Image.open(file) as image:
        assert image.size == (listed[0]["width"], listed[0]["height"])


def test_theme_is_exported_and_imported_as_the_next_version(
    studio_command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "mine.json"
    assert studio_command("themes", "export", "first-light", file).code == 0
    document = json.loads(file.read_text())
    document["recipes"]["A"]["steps"] = 11
    file.write_text(json.dumps(document))
    assert json.loads(studio_command("themes", "import", file, "--json").out)[0]["version"] == 2
    assert json.loads(studio_command("themes", "show", "first-light").out) == document
    assert "first-light" in studio_command("themes", "list").out
    versions = json.loads(studio_command("themes", "versions", "first-light", "--json").out)
    assert [(v["version"], v["message"]) for v in versions] == [
        (2, "imported from mine.json"),
        (1, "shipped"),
    ]


def test_selections_are_counted_by_version(studio_command: Command, home: Path) -> None:
    studio = create_app_container(Settings(data_dir=home), FakeRenderer)
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    asked = studio.serving.requests.submit(
        ApiClient(name="app"), GenerationRequestSpec("first-light", "mia", seed=5)
    )
    list(studio.rendering.renders.run(asked.id).events())
    studio.stores.jobs.requests.select_variant(asked.id, "B")
    counts = json.loads(studio_command("themes", "selections", "first-light", "--json").out)
    assert counts == [{"version": 1, "A": 0, "B": 1, "C": 0, "D": 0, "all": 1}]
    assert studio_command("themes", "selections", "nothing").code == 3


def test_diff_lists_changed_fields(studio_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    studio_command("themes", "export", "first-light", file)
    document = json.loads(file.read_text())
    steps = document["recipes"]["A"]["steps"]
    document["recipes"]["A"]["steps"] = steps + 1
    file.write_text(json.dumps(document))
    studio_command("themes", "import", file)
    changed = [{"field": "A, Sampling steps", "before": str(steps), "after": str(steps + 1)}]
    assert json.loads(studio_command("themes", "diff", "first-light", "--json").out) == changed
    same = studio_command("themes", "diff", "first-light", "--from", "2", "--to", "2", "--json")
    assert json.loads(same.out) == []
    assert "Sampling steps" in studio_command("themes", "diff", "first-light").out
    assert studio_command("themes", "diff", "first-light", "--from", "9").code == 3


def test_models_are_listed_with_hashes(studio_command: Command) -> None:
    listed = json.loads(studio_command("models", "list", "--json").out)
    assert {m["kind"] for m in listed} == {"checkpoint", "controlnet", "lora"}
    assert all(len(m["sha256"]) == 64 and m["bytes"] > 1000 for m in listed)


RENDER = ("render", "--out", "out", "--seed", 1)
FIRST = (*RENDER, "--theme", "first-light")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((*RENDER, "--theme", "nope", "--base-image", "mia"), 3, "Theme not found: “nope”"),
        ((*FIRST, "--base-image", "nobody"), 3, "Base image not found: “nobody”. Available: mia,"),
        ((*FIRST, "--base-image", "mia", "--prompt", "x" * 10_000), 2, "10,000 characters"),
        ((*FIRST, "--base-image", "mia", "--doodle", "missing.png"), 2, "cannot be read"),
        ((*FIRST, "--base-image", "mia", "--doodle", "text.png"), 2, "is not a PNG"),
        ((*FIRST, "--base-image", "mia", "--doodle", "small.png"), 2, "is 8 x 8 pixels"),
        (("render", "--theme", "first-light", "--base-image", "mia", "--out", "text.png/x"), 2, "Cannot write to the folder"),
        (("themes", "import", "text.png"), 2, "Preset file text.png is not valid JSON"),
        (("themes", "show", "first-light", "--version", "7"), 3, "has no version 7"),
        (("ui", "--port", "99999"), 2, "Invalid setting: port"),
        (("ui", "--host", "0.0.0.0"), 6, "there are no users"),
    ],
)  # fmt: skip
def test_error_is_one_line_with_an_exit_code(
    studio_command: Command,
    arguments: tuple[object, ...],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("no picture")
    Path("small.png").write_bytes(examples.png((8, 8)))
    ran = studio_command(*arguments)
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran.err
    assert ran.err.startswith("studio: ")
    assert message in ran.err
    assert not Path("out/result.json").exists()


def test_unusable_data_directory_is_named(
    studio_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "file" / "home"))
    ran = studio_command("themes", "list")
    assert ran.code == 5
    assert "Cannot create the data directory" in ran.err
    assert "STUDIO_DATA_DIR" in ran.err


def test_full_disk_is_one_line_and_leaves_no_partial_file(home: Path) -> None:
    """A limit on file sizes replaces the full disk: writes beyond 20 kB fail."""
    home.mkdir()

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ran = subprocess.run(
        [sys.executable, "-m", "studio.cli", "themes", "list"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit_file_size,
    )
    assert ran.returncode == 5, ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "has free space" in ran.stderr
    assert not [f for f in home.rglob("*") if f.suffix == ".png"]


def test_unusable_database_is_named(studio_command: Command, home: Path) -> None:
    (home / "studio.db").mkdir(parents=True)
    ran = studio_command("themes", "list")
    assert ran.code == 5
    assert "Cannot use the database" in ran.err
    assert ran.err.count("\n") == 1


def test_relative_data_directory_becomes_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(data_dir=Path("here")).data_dir == tmp_path / "here"
    assert Settings(data_dir=Path("~/there")).data_dir == Path.home() / "there"


def test_base_image_is_added_with_keypoints_from_a_file(
    studio_command: Command, tmp_path: Path
) -> None:
    file, points = tmp_path / "zoe.png", tmp_path / "points.json"
    file.write_bytes(examples.png((128, 128)))
    listed = json.loads(studio_command("base-images", "list", "--json").out)
    points.write_text(json.dumps(listed[0]["keypoints"]))
    ran = studio_command("base-images", "add", "zoe", file, "--name", "Zoe", "--keypoints", points)
    assert (ran.code, ran.out) == (0, "zoe: 128x128, 18 of 18 keypoints\n")
    bare = studio_command("base-images", "add", "bare", file)
    assert bare.out == "bare: 128x128, no keypoints (required by pose units)\n"
    assert [i["id"] for i in json.loads(studio_command("base-images", "list", "--json").out)][
        -2:
    ] == ["zoe", "bare"]


# Issue 23, 1.
def test_zones_are_proposed_replaced_by_files_and_cleared(
    studio_command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "mask.png"
    file.write_bytes(examples.png(color=(255, 255, 255, 255)))
    run = partial(studio_command, "base-images", "zones")
    assert run("mia").out == "mia: a clothes zone, a protected zone\n"
    assert run("mia", "--clear").out == "mia: no clothes zone, no protected zone\n"
    assert run("mia", "--protected", file).out == "mia: no clothes zone, a protected zone\n"
    assert run("mia", "--propose").out == "mia: a clothes zone, a protected zone\n"
    file.write_bytes(examples.png((64, 64)))
    refused = run("mia", "--clothes", file)
    assert (refused.code, "64 x 64 pixels" in refused.err) == (2, True)
    assert "Detector not found" in run("mia", "--propose", "--segmenter", "none").err


def test_missing_detector_is_named(studio_command: Command, tmp_path: Path) -> None:
    ran = studio_command("base-images", "detect-pose", "mia", "--detector", "vitpose-base-simple")
    assert ran.code == 3
    assert "Detector not found: “vitpose-base-simple”. Available: none" in ran.err


def test_theme_is_checked_deployed_rolled_back_and_undeployed(studio_command: Command) -> None:
    checked = json.loads(studio_command("themes", "check", "first-light", "--json").out)
    assert {line["level"] for line in checked} == {"pass", "warning"}
    deployed = studio_command(
        "themes", "deploy", "first-light", "--author", "ada", "--note", "season opens"
    )
    assert deployed.code == 0
    assert "ada" in deployed.out
    active = json.loads(studio_command("themes", "status", "--json").out)
    assert [(each["slug"], each["version"]) for each in active] == [("first-light", 1)]
    back = studio_command("themes", "rollback", "first-light")
    assert (back.code, "no earlier version" in back.err) == (3, True)
    assert studio_command("themes", "undeploy", "first-light", "--note", "a bug").code == 0
    assert json.loads(studio_command("themes", "status", "--json").out) == []
    log = json.loads(studio_command("themes", "deployments", "first-light", "--json").out)
    assert [(each["version"], each["note"]) for each in log] == [
        ("undeployed", "a bug"),
        (1, "season opens"),
    ]
    # Issue 18, 16: without --author the log has the name of the operating system's user.
    assert [each["author"] for each in log] == [getpass.getuser(), "ada"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--starts-at", "tomorrow"), "Invalid time: “tomorrow”"),
        (
            ("--starts-at", "2026-12-01"),
            "time zone missing; use a time such as 2026-12-01T00:00+01:00",
        ),
        (("--canary-percent", "5"), "a canary needs a version and at least 1% of traffic"),
        (("--channel", "no/such"), "Invalid deployment: channel"),
    ],
)
def test_invalid_deployment_is_explained(
    studio_command: Command, options: tuple[str, ...], message: str
) -> None:
    ran = studio_command("themes", "deploy", "first-light", *options)
    assert (ran.code, message in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--x", "denoising_strength"), 2, "is not a valid axis"),
        (("--x", "no_such=1"), 2, "Recipe field not found: “no_such”"),
        (("--x", "steps=8", "--recipe", "E"), 2, "Choose A, B, C or D"),
        (("--x", "steps=8", "--theme", "nobody"), 3, "Theme not found"),
    ],
)
def test_invalid_sweep_is_explained_before_it_starts(
    studio_command: Command, tmp_path: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    ran = studio_command(
        "sweep",
        "--theme",
        "first-light",
        "--base-image",
        "mia",
        "--out",
        tmp_path / "out",
        *options,
    )
    assert (ran.code, message in ran.err) == (code, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("alias", "name", "server"),
    [
        ("run", "ui", "studio.ui.server.serve"),
        ("serve", "api", "studio.server.api_server.serve"),
    ],
)
def test_former_command_name_works_and_names_the_new_one(
    studio_command: Command,
    monkeypatch: pytest.MonkeyPatch,
    alias: str,
    name: str,
    server: str,
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(server, served.append)
    old, new = studio_command(alias, "--port", "8000"), studio_command(name, "--port", "8000")
    assert (old.code, old.err) == (0, f"`studio {alias}` is deprecated: use `studio {name}`\n")
    assert (new.code, new.err) == (0, "")
    assert served[0] == served[1]
    assert f" {alias} " not in studio_command("--help").out


def test_model_kinds_of_the_command_line_are_those_of_recipes() -> None:
    assert {kind.value for kind in ModelKind} == set(get_args(ModelType))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--objective", "looks"), "objective"),
        (("--recipe", "E"), "slot"),
        (("--vary", "steps"), "steps"),
    ],
)
def test_invalid_study_is_explained(
    studio_command: Command, options: tuple[str, ...], message: str
) -> None:
    arguments = ("tuning", "start", "first-light", "--vary", "denoising_strength=0.4..0.8")
    ran = studio_command(*arguments, *options)
    assert (ran.code, message in ran.err) == (2, True)


def test_theme_is_duplicated_archived_and_unarchived(studio_command: Command) -> None:
    made = studio_command("themes", "duplicate", "first-light", "Garden party", "--json")
    assert json.loads(made.out) == [{"slug": "garden-party", "version": 1, "name": "Garden party"}]
    assert studio_command("themes", "archive", "garden-party").code == 0
    assert "garden-party" not in studio_command("themes", "list").out
    assert "garden-party" in studio_command("themes", "list", "--archived").out
    assert studio_command("themes", "unarchive", "garden-party").code == 0
    assert "garden-party" in studio_command("themes", "list").out
