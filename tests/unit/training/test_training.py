"""What the courses of the pocket models lay their weight on."""

import pytest
import torch

from training.train_base_model import StartMix, blend_start, prompt_loss_weights

SHAPE = (3, 4, 8, 8)


def test_what_is_worn_counts_most_and_the_whole_counts_as_before() -> None:
    bare = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
    worn = bare + 0.05
    worn[:, :, 2:4, 2:4] += 2
    loss_weights = prompt_loss_weights(worn, bare)
    assert loss_weights.shape == (3, 1, 8, 8)
    assert loss_weights.mean((1, 2, 3)) == pytest.approx(torch.ones(3), abs=1e-5)
    assert (loss_weights[:, :, 2:4, 2:4].amin() > 4 * loss_weights[:, :, 5:].amax()).item()


@pytest.mark.parametrize(
    ("time", "share"), [(999, 1.0), (450, 1.0), (275, 0.5), (100, 0.0), (0, 0.0)]
)
def test_less_of_a_start_is_left_the_later_it_is(time: int, share: float) -> None:
    drawn, clean = torch.ones(SHAPE), torch.zeros(SHAPE)
    start = blend_start(drawn, clean, torch.full((3,), time), StartMix(drawn=1, bare=0, whole=1))
    assert start == pytest.approx(torch.full(SHAPE, share))


def test_who_starts_from_the_picture_itself_has_it_whole() -> None:
    drawn, clean = torch.ones(SHAPE), torch.zeros(SHAPE)
    none = StartMix(drawn=0, bare=0, whole=1)
    assert not blend_start(drawn, clean, torch.full((3,), 999), none).any()
