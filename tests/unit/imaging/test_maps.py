"""Control maps, pose maps, compositing, and PNG metadata."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from studio.imaging.compositing import overlay_doodle
from studio.imaging.control_maps import EDGE_THRESHOLD, _edge_lines, lineart_map, scribble_map
from studio.imaging.openpose_renderer import LIMB_COLORS, render_openpose_map
from studio.imaging.png_io import decode_png
from studio.imaging.png_metadata import png_with_metadata, read_metadata
from tests import examples


def layer(*boxes: tuple[tuple[int, int, int, int], examples.Color]) -> Image.Image:
    image = Image.new("RGBA", (256, 256))
    for box, color in boxes:
        image.paste(color, box)
    return image


def lit(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray(image)[..., 0] > 0


def test_filled_shape_gives_its_outline() -> None:
    lines = lit(scribble_map(layer(((60, 60, 180, 180), (200, 0, 0, 255)))))
    assert lines[60, 100]
    assert lines[120, 60]
    assert not lines[120, 120]
    assert not lines[20, 20]


def test_border_between_two_colors_gives_a_line() -> None:
    doodle = layer(((60, 60, 120, 180), (200, 0, 0, 255)), ((120, 60, 180, 180), (0, 0, 200, 255)))
    assert lit(scribble_map(doodle))[120, 120]


@pytest.mark.parametrize(
    "doodle",
    [layer(), layer(((0, 0, 256, 256), (0, 0, 0, 255))), layer(((0, 0, 256, 256), (9, 9, 9, 90)))],
    ids=["empty", "one color all over", "barely there"],
)
def test_doodle_without_borders_gives_a_black_map(doodle: Image.Image) -> None:
    assert not lit(scribble_map(doodle)).any()


# Issue 18, 18.
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    num_colors=st.integers(1, 5),
    thickness=st.sampled_from([1, 3, 5, 13, 25]),
)
def test_dilation_equals_pillows_max_filter(
    seed: int, width: int, height: int, num_colors: int, thickness: int
) -> None:
    """Compared with an edge test per pixel and Pillow's MaxFilter."""
    rng = np.random.default_rng(seed)
    colors = rng.integers(0, 256, (num_colors, 4), dtype=np.uint8)
    spots = rng.integers(0, num_colors, (height // 6 + 1, width // 6 + 1))
    pixels = colors[spots.repeat(6, axis=0).repeat(6, axis=1)[:height, :width]]
    edges = np.zeros((height, width), np.uint8)
    for y, x in np.ndindex(height, width):
        for above, before in ((1, 0), (0, 1)):
            if y >= above and x >= before:
                distance = color_distance(pixels[y, x], pixels[y - above, x - before])
                edges[y, x] |= 255 * (distance >= EDGE_THRESHOLD)
    expected = Image.fromarray(edges)
    if thickness > 1:
        expected = expected.filter(ImageFilter.MaxFilter(thickness))
    assert (
        np.asarray(_edge_lines(Image.fromarray(pixels), thickness))[..., 1] == np.asarray(expected)
    ).all()


def color_distance(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> int:
    first, second = (rgba[:3].astype(int) if rgba[3] > 127 else -EDGE_THRESHOLD for rgba in (a, b))
    return int(np.broadcast_to(np.abs(first - second), 3).sum())


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_line_width_grows_with_the_image(side: int) -> None:
    doodle = Image.new("RGBA", (side, side))
    doodle.paste((200, 0, 0, 255), (side // 4, side // 4, side, side))
    row = lit(scribble_map(doodle))[side // 2]
    assert row.sum() == pytest.approx(side / 85, abs=2)


def test_pose_map_has_each_joint_in_its_color() -> None:
    points = tuple((0.1 + 0.045 * i, 0.2 + 0.03 * (i % 7)) for i in range(18))
    pixels = np.asarray(render_openpose_map(points, 512, 512))
    for (x, y), color in zip(points, LIMB_COLORS, strict=True):
        assert tuple(pixels[round(y * 512), round(x * 512)]) == color


def test_hidden_joints_omit_their_limbs() -> None:
    only_nose = ((0.5, 0.5), *([None] * 17))
    rendered = np.asarray(render_openpose_map(only_nose, 256, 256)).any(axis=-1)
    assert 0 < rendered.sum() < 40


def test_doodle_is_composited_over_the_base() -> None:
    base = Image.new("RGB", (256, 256), (10, 200, 10))
    composite = overlay_doodle(base, layer(((60, 60, 180, 180), (200, 0, 0, 255))))
    assert composite.getpixel((100, 100)) == (200, 0, 0)
    assert composite.getpixel((10, 10)) == (10, 200, 10)
    assert overlay_doodle(base, None).getpixel((100, 100)) == (10, 200, 10)


def test_png_metadata_round_trip_with_chinese() -> None:
    png = png_with_metadata(Image.new("RGB", (8, 8)), '{"prompt": "红色连衣裙"}')
    assert read_metadata(decode_png(png, "it")) == '{"prompt": "红色连衣裙"}'
    assert read_metadata(decode_png(examples.png(), "it")) is None
    assert png == png_with_metadata(Image.new("RGB", (8, 8)), '{"prompt": "红色连衣裙"}')


@pytest.mark.parametrize("side", [64, 256, 512, 1024])
def test_lineart_has_thinner_lines_than_scribble(side: int) -> None:
    doodle = Image.new("RGBA", (side, side))
    doodle.paste((200, 0, 0, 255), (side // 4, side // 4, side, side))
    fine, coarse = lit(lineart_map(doodle)), lit(scribble_map(doodle))
    assert 0 < fine.sum() < coarse.sum()
    assert (coarse | ~fine).all()
