"""Malformed model files from outside: each is reported by name, and none breaks the list of the others."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from studio.errors import CorruptModelError, IncompatibleModelError, ModelError
from studio.models.catalog import ModelCatalog
from studio.models.discovery import MAX_DEPTH
from studio.models.identification import identify_model
from studio.models.safetensors_file import MAX_HEADER, read_header
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from tests.unit.models.test_identification import KOHYA, PEFT, UNET, checkpoint, write

TENSOR = {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}
DEEP = "[" * 100_000


def file_of(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + b"\0\0"


def file_with(**entries: object) -> bytes:
    return file_of(json.dumps(entries).encode())


def tensor(**changes: object) -> bytes:
    return file_with(w=TENSOR | changes)


def metadata(written: object) -> bytes:
    return file_with(__metadata__=written, w=TENSOR)


# Issue 18, 12 (review 3.2): one such file broke the Models page, `models list` and `scan`.
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "cut": b"\x10\0\0",
    "no size": b"\xff" * 64,
    "size zero": bytes(16),
    "size beyond the file": (500).to_bytes(8, "little") + b"{}",
    "size beyond what is read": (MAX_HEADER + 1).to_bytes(8, "little") + b"{}",
    "no json": file_of(b"not json"),
    "no utf-8": file_of(b'{"\xff": 1}'),
    "list": file_of(b"[]"),
    "number": file_of(b"12"),
    "null": file_of(b"null"),
    "nested deeply": file_of(DEEP.encode()),
    "nested deeply in metadata": file_of(b'{"__metadata__":{"a":' + DEEP.encode()),
    "long number": file_of(b'{"w":{"shape":[' + b"9" * 5000 + b"]}}"),
    "metadata null": metadata(None),
    "metadata list": metadata([1]),
    "metadata text": metadata("modelspec"),
    "metadata number": metadata(3),
    "tensor null": file_with(w=None),
    "tensor list": file_with(w=[1]),
    "tensor text": file_with(w="F16"),
    "no valid shape": file_with(w={"dtype": "F16", "data_offsets": [0, 2]}),
    "shape null": tensor(shape=None),
    "shape text": tensor(shape="12"),
    "shape of lists": tensor(shape=[[1], [2]]),
    "shape of floats": tensor(shape=[1.5]),
    "shape of truths": tensor(shape=[True]),
    "shape negative": tensor(shape=[-1]),
    "shape infinite": file_of(b'{"w":{"dtype":"F16","shape":[Infinity],"data_offsets":[0,2]}}'),
    "shape not a number": file_of(b'{"w":{"dtype":"F16","shape":[NaN],"data_offsets":[0,2]}}'),
    "no offsets": file_with(w={"dtype": "F16", "shape": [1]}),
    "one offset": tensor(data_offsets=[2]),
    "three offsets": tensor(data_offsets=[0, 1, 2]),
    "offsets null": tensor(data_offsets=None),
    "offsets of texts": tensor(data_offsets=["0", "2"]),
    "offsets backwards": tensor(data_offsets=[2, 0]),
    "offsets infinite": file_of(b'{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,Infinity]}}'),
    "offsets beyond the file": tensor(data_offsets=[0, 10**30]),
    "first layer without sides": file_with(
        **{f"{UNET}input_blocks.0.0.weight": TENSOR | {"shape": []}}
    ),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_header_is_corrupt(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "odd.safetensors"
    file.write_bytes(MALFORMED[kind])
    with pytest.raises(CorruptModelError, match=r"^odd\.safetensors ") as caught:
        identify_model(file)
    assert len(str(caught.value)) < 500


def test_malformed_files_do_not_hide_other_models(tmp_path: Path) -> None:
    directory = tmp_path / "loras"
    write(directory / "good.safetensors", {PEFT: (8, 128)})
    for kind, content in MALFORMED.items():
        (directory / f"{kind}.safetensors").write_bytes(content)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert [model.name for model in catalog.list_models()] == ["good"]
    reasons = {path.stem: str(reason) for path, reason in catalog.list_problems()}
    assert reasons.keys() == MALFORMED.keys()
    assert all(f"{kind}.safetensors" in reason for kind, reason in reasons.items())


@pytest.mark.parametrize(
    "tags",
    [DEEP, '{"a": {"b": Infinity}}', '{"a": {"b": NaN}}', '{"a": {"b": [1]}}', '{"a": null}', "3"],
)
def test_malformed_tags_give_no_trigger_words(tmp_path: Path, tags: str) -> None:
    file = write(tmp_path / "b.safetensors", {KOHYA: (8, 768)}, {"ss_tag_frequency": tags})
    assert identify_model(file).trigger_words == ()


def test_long_trigger_phrase_is_truncated(tmp_path: Path) -> None:
    file = write(
        tmp_path / "b.safetensors",
        {KOHYA: (8, 768)},
        {"modelspec.trigger_phrase": "glow, " * 10**5},
    )
    assert sum(len(word) for word in identify_model(file).trigger_words) < 1000


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.sampled_from([
    "__metadata__", "w", KOHYA, PEFT, f"{UNET}input_blocks.0.0.weight", "task_embedding",
    "cond_stage_model.transformer.x", "decoder.conv_in.weight", "control_model.x.attn2.to_k.weight",
])  # fmt: skip
entries = st.fixed_dictionaries(
    {},
    optional={
        "dtype": anything,
        "shape": anything,
        "data_offsets": anything,
        "ss_tag_frequency": anything,
    },
)
headers = st.dictionaries(names, entries | anything, max_size=4) | anything


def check_identify(file: Path) -> None:
    """Fails where the file is neither identified nor refused with a message that names it."""
    message = ""
    try:
        identify_model(file)
    except ModelError as error:
        message = str(error)
    assert not message or file.name in message


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(headers)
def test_any_header_is_identified_or_refused(tmp_path: Path, header: object) -> None:
    file = tmp_path / "odd.safetensors"
    file.write_bytes(file_of(json.dumps(header).encode()))
    check_identify(file)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_any_changed_byte_is_identified_or_refused(
    tmp_path: Path, offset: int, replacement: bytes
) -> None:
    file = tmp_path / "odd.safetensors"
    original = write(tmp_path / "original.safetensors", checkpoint(), {"a": "b"}).read_bytes()
    file.write_bytes(original[:offset] + replacement + original[offset + len(replacement) :])
    check_identify(file)


CONFIGURATIONS: dict[str, bytes] = {
    "nested deeply": DEEP.encode(),
    "no utf-8": b"\xff\xfe{",
    "megabytes": b'{"a": "' + b"x" * (5 * 2**20) + b'"}',
    "long number": b'{"cross_attention_dim": ' + b"9" * 5000 + b"}",
    "ten million layers": b'{"num_hidden_layers": 10000000}',
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_malformed_configuration_is_reported(tmp_path: Path, kind: str) -> None:
    directory = tmp_path / "controlnets" / "odd"
    directory.mkdir(parents=True)
    save_file({"w": np.zeros(1)}, directory / "diffusion_pytorch_model.safetensors")
    (directory / "config.json").write_bytes(CONFIGURATIONS[kind])
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_models() == ()
    [(path, reason)] = catalog.list_problems()
    assert path == directory
    assert "model odd" in str(reason)


@pytest.mark.parametrize(
    "content", ["12", "[]", '"text"', "null", '{"cross_attention_dim": [768]}']
)
def test_unrelated_configuration_gives_an_unknown_family(tmp_path: Path, content: str) -> None:
    directory = tmp_path / "controlnets" / "odd"
    directory.mkdir(parents=True)
    save_file({"w": np.zeros(1)}, directory / "diffusion_pytorch_model.safetensors")
    (directory / "config.json").write_text(content)
    [model] = ModelCatalog((tmp_path,), HashCache(None)).list_models()
    assert model.family == "unknown"


def test_unexpected_exception_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("studio.models.inspection.identify_model", fail)
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_models() == ()
    with pytest.raises(
        CorruptModelError, match=r"Cannot read LoRA glow \(ZeroDivisionError: odd\)"
    ):
        catalog.get("lora", ModelRef(name="glow"))


# Issue 18, 12 (review 3.3): symlink loops, pipes, preview images that are links to other directories.


def loop(directory: Path) -> None:
    (directory / "a").symlink_to(directory)
    (directory / "b").symlink_to(directory)


def upward(directory: Path) -> None:
    (directory / "up").symlink_to(directory.parent.parent)
    (directory / "root").symlink_to("/")


def self_loop(directory: Path) -> None:
    (directory / "me").symlink_to(directory / "me")
    (directory / "one").symlink_to(directory / "two")
    (directory / "two").symlink_to(directory / "one")


@pytest.mark.parametrize("add_links", [loop, upward, self_loop])
def test_symlink_loops_are_scanned_once(tmp_path: Path, add_links: Callable[[Path], None]) -> None:
    directory = tmp_path / "loras"
    write(directory / "sorted" / "glow.safetensors", {PEFT: (8, 128)})
    add_links(directory)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_names("lora") == ("glow",)
    assert catalog.list_problems() == ()


def test_symlink_to_a_directory_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "many" / "glow.safetensors", {PEFT: (8, 128)})
    (tmp_path / "own" / "loras").mkdir(parents=True)
    (tmp_path / "own" / "loras" / "few").symlink_to(tmp_path / "disk" / "many")
    (tmp_path / "own" / "loras" / "more").symlink_to(tmp_path / "disk")
    write(tmp_path / "disk" / "shine.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((tmp_path / "own",), HashCache(None))
    assert catalog.list_names("lora") == ("glow", "shine")


def test_scan_depth_is_limited(tmp_path: Path) -> None:
    directory = tmp_path / "loras"
    write(directory / "glow.safetensors", {PEFT: (8, 128)})
    write(directory / "/".join("d" * (MAX_DEPTH + 1)) / "deep.safetensors", {PEFT: (8, 128)})
    assert ModelCatalog((tmp_path,), HashCache(None)).list_names("lora") == ("glow",)


def test_pipes_and_broken_links_are_not_opened(tmp_path: Path) -> None:
    directory = tmp_path / "loras"
    write(directory / "glow.safetensors", {PEFT: (8, 128)})
    os.mkfifo(directory / "pipe.safetensors")
    (directory / "gone.safetensors").symlink_to(tmp_path / "nowhere")
    os.mkfifo(directory / "glow.yaml")
    net = tmp_path / "controlnets" / "net"
    net.mkdir(parents=True)
    os.mkfifo(net / "config.json")
    os.mkfifo(net / "diffusion_pytorch_model.safetensors")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert [model.name for model in catalog.list_models()] == ["glow"]
    reasons = {path.name: str(reason) for path, reason in catalog.list_problems()}
    assert reasons.keys() == {"pipe.safetensors", "gone.safetensors", "net"}
    assert all("not a regular file" in reason for reason in reasons.values())
    with pytest.raises(CorruptModelError, match="not a regular file"):
        read_header(directory / "pipe.safetensors")


def test_unreadable_directory_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    unreadable = tmp_path / "loras" / "unreadable"
    unreadable.mkdir()
    original = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path == unreadable:  # Root, who may run this test, can read every directory.
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert [model.name for model in catalog.list_models()] == ["glow"]
    [(path, reason)] = catalog.list_problems()
    assert path == unreadable
    assert "(Permission denied)" in str(reason)


def test_hidden_files_are_ignored(tmp_path: Path) -> None:
    """Such as `._glow.safetensors`, which macOS writes to other file systems."""
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    (tmp_path / "loras" / "._glow.safetensors").write_bytes(b"\0\5\x16\7")
    (tmp_path / "loras" / ".cache" / "deep").mkdir(parents=True)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert (catalog.list_names("lora"), catalog.list_problems()) == (("glow",), ())


def test_preview_image_outside_the_directories_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    own = tmp_path / "own"
    lora = write(own / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((own,), HashCache(None))
    image = lora.with_suffix(".png")
    for target in (tmp_path / "secret.png", tmp_path / "nowhere", image, Path("/etc/passwd")):
        image.symlink_to(target)
        assert catalog.preview_image("lora", "glow") is None
        image.unlink()
    os.mkfifo(image)
    assert catalog.preview_image("lora", "glow") is None
    image.unlink()
    (own / "images").mkdir()
    (own / "images" / "glow.png").write_bytes(b"picture")
    image.symlink_to(own / "images" / "glow.png")
    assert catalog.preview_image("lora", "glow") == image


def test_preview_image_on_another_disk_is_found(tmp_path: Path) -> None:
    lora = write(tmp_path / "disk" / "glow.safetensors", {PEFT: (8, 128)})
    lora.with_suffix(".png").write_bytes(b"picture")
    (tmp_path / "own" / "loras").mkdir(parents=True)
    (tmp_path / "own" / "loras" / "disk").symlink_to(tmp_path / "disk")
    catalog = ModelCatalog((tmp_path / "own",), HashCache(None))
    assert catalog.preview_image("lora", "glow") == tmp_path / "own" / "loras" / "disk" / "glow.png"


# Issue 18, 17 (review B3): every listed name can be used in a recipe.
LISTED = [
    "Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "100%", "[style] neon+ink!",
    "春日野餐", "a..b", "1.5", "naïve", "𝓂odel 🎨", "<x>", 'quo"ted', "tab(le)", "-dash", "ⅳ", "a" * 200,
]  # fmt: skip


@pytest.mark.parametrize("name", LISTED)
def test_name_in_any_script_is_found(tmp_path: Path, name: str) -> None:
    lora = write(tmp_path / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
    lora.with_name(f"{name}.png").write_bytes(b"picture")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_names("lora") == (name,)
    assert catalog.get("lora", ModelRef(name=name)).path == lora
    assert catalog.preview_image("lora", name) == lora.with_name(f"{name}.png")


@pytest.mark.parametrize(
    "name",
    ["two\nlines", "bell\x07", "\x1b[2J", "c1\x9b", "turned\u202ename", "a" * 201, "back\\slash"],
)
def test_invalid_model_name_is_a_problem(tmp_path: Path, name: str) -> None:
    write(tmp_path / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_models() == ()
    [(_, reason)] = catalog.list_problems()
    assert "Rename it" in str(reason)
    assert str(reason).isprintable()


def test_undecodable_model_name_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    (tmp_path / "loras" / "glow.safetensors").rename(tmp_path / "loras" / "\udcff.safetensors")
    (tmp_path / "loras" / "\udcfe.ckpt").write_bytes(b"\x80")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_models() == ()
    reasons = [str(reason) for _, reason in catalog.list_problems()]
    assert len(reasons) == 2
    assert all(reason.encode() for reason in reasons)


def test_controlnet_union_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleModelError, match="is a ControlNet-Union"):
        identify_model(
            write(
                tmp_path / "u.safetensors",
                {
                    "task_embedding": (6, 320),
                    "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
                },
            )
        )
