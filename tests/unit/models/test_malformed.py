"""Malformed model files from outside: each is reported by name, and none breaks the list of the others."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from studio.errors import CorruptModelError, IncompatibleModelError, ModelError
from studio.models.catalog import ModelCatalog
from studio.models.identification import identify_model
from studio.models.safetensors_file import MAX_HEADER
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
