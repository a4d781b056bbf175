"""Drawn data in files: drawn once, read while more is drawn; what a page asks for is its target."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skia")

from studio.imaging.compositing import overlay_doodle
from training.scene_store import CHUNK, DETAILS, IMAGES, DataFolder, detail_of
from training.scenes import draw_scene


def test_a_folder_is_drawn_once_and_read_by_fields(tmp_path: Path) -> None:
    """Issue 21, 1."""
    folder = DataFolder(tmp_path, scenes=CHUNK, effect_scenes=0, captions=8)
    folder.draw(workers=1)
    store = folder.main
    assert store.done() == [0]
    scene = draw_scene(store.first_seed + 3)
    images = store.field("images")[3]
    assert (
        images[IMAGES.index("composite")] == np.asarray(overlay_doodle(scene.base, scene.doodle))
    ).all()
    assert store.captions(0)["ink"][3] == scene.captions["ink"]
    drawn_at = (store.folder / "0.json").stat().st_mtime_ns
    folder.draw(workers=1)
    assert (store.folder / "0.json").stat().st_mtime_ns == drawn_at


@pytest.mark.parametrize("seed", range(4))
def test_marks_stay_and_nobody_puts_clothes_on(seed: int) -> None:
    """Issue 21, 2."""
    scene = draw_scene(seed, "marks")
    bare, target = (np.asarray(images["ink"]).astype(int) for images in (scene.bare, scene.targets))
    changed = np.abs(bare - target).max(axis=-1) > 24
    drawn = np.asarray(scene.doodle)[..., 3] > 0
    assert scene.outfit == ()
    assert changed.mean() < 0.12
    assert changed[drawn].mean() > 0.5 if drawn.any() else not changed.any()


@pytest.mark.parametrize("seed", range(6))
def test_a_page_without_shapes_gives_clothes_its_color(seed: int) -> None:
    """Issue 21, 2."""
    scene = draw_scene(seed, "adversarial")
    page = np.asarray(scene.doodle)
    if (page == page[0, 0]).all():
        assert {garment.color for garment in scene.outfit} == {tuple(page[0, 0, :3].tolist())}


def test_details_are_motifs_first_then_patterns() -> None:
    found = {detail_of(scene.character, scene.outfit)[0] for scene in map(draw_scene, range(60))}
    assert found <= set(DETAILS)
    assert len(found) > 6
