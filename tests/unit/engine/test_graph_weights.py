"""Weights that graphs read: where they lie, and in which memory format."""

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from torch import nn

from studio.engine.graphs.weights_fingerprint import WeightsFingerprint, has_hooks
from studio.engine.library_logging import ignore_peft_warnings


class SmallNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(batch, 3, height, width) to (batch, 4, height - 2, width - 2)."""
        output: torch.Tensor = self.last(self.first(image))
        return output


def test_fingerprint_follows_the_addresses_of_weights() -> None:
    net = SmallNet()
    fingerprint = WeightsFingerprint.of([net])
    assert WeightsFingerprint.of([net]) == fingerprint
    assert fingerprint.is_current
    kept = net.first.weight.data
    net.first.weight.data = kept.clone()
    assert not fingerprint.is_current
    assert WeightsFingerprint.of([net]) != fingerprint
    net.first.weight.data = kept
    assert fingerprint.is_current
    del net
    assert not fingerprint.is_current


def test_fingerprint_has_the_enabled_adapters_only() -> None:
    unet = UNet2DConditionModel(
        block_out_channels=(16, 32),
        norm_num_groups=8,
        cross_attention_dim=8,
        attention_head_dim=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )
    bare = WeightsFingerprint.of([unet])
    config = LoraConfig(r=2, target_modules=["to_q"])
    for name in ("one", "two"):
        with ignore_peft_warnings():
            unet.add_adapter(config, name)
    unet.disable_adapters()
    assert sorted(WeightsFingerprint.of([unet]).addresses) == sorted(bare.addresses)
    unet.enable_adapters()
    unet.set_adapter("one")
    one = WeightsFingerprint.of([unet])
    unet.set_adapter("two")
    two = WeightsFingerprint.of([unet])
    assert len(one.addresses) == len(two.addresses) > len(bare.addresses)
    assert one != two
    assert one.is_current


def test_hooks_that_may_move_weights_are_seen() -> None:
    net = SmallNet()
    assert not has_hooks([net])
    behind = net.register_forward_hook(lambda *_: None)
    assert not has_hooks([net])
    behind.remove()
    for hook in (net.first.register_forward_pre_hook, net.first.register_forward_hook):
        handle = hook(lambda *_: None)
        assert has_hooks([net])
        handle.remove()
    assert not has_hooks([net])
