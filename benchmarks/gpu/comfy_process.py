"""ComfyUI on the benchmark's request: `comfy_process.py DESCRIPTION`, with COMFY a checkout.

A script of its own: ComfyUI reads the command line and changes torch when it is imported. Prints a
line when it is ready and after each request, which a line on stdin starts.
"""

import importlib.machinery
import json
import os
import sys
import types
from importlib import import_module
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file


def import_comfy() -> None:
    """Its modules with stand-ins for the audio and video packages, which no picture needs."""
    sys.path.insert(0, os.environ["COMFY"])
    sys.argv = [sys.argv[0], *([] if torch.cuda.is_available() else ["--cpu"])]
    import_module("comfy.options").enable_args_parsing()
    for name in ("torchaudio", "torchaudio.transforms", "torchaudio.functional", "av", "torchsde"):
        try:
            __import__(name)
        except Exception:
            sys.modules[name] = _StandIn(name)


class _StandIn(types.ModuleType):
    __version__ = "2.9.0"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda *_, **__: None})


class Comfy:
    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.bases = [self._load(folder) for folder in case["checkpoints"]]
        load_controlnet = import_module("comfy.controlnet").load_controlnet
        self.nets = [
            load_controlnet(f"{folder}/diffusion_pytorch_model.safetensors")
            for folder in case["controlnets"]
        ]
        torch.manual_seed(0)
        size = case["size"]
        self.image = torch.rand(1, size, size, 3)
        self.hints = [torch.rand(1, size, size, 3) for _ in self.nets]

    def _load(self, folder: str) -> tuple[Any, Any, Any]:
        sd = import_module("comfy.sd")
        weights = "diffusion_pytorch_model.safetensors"
        encoders = [
            load_file(f"{folder}/{name}/model.safetensors")
            for name in ("text_encoder", "text_encoder_2")
            if os.path.exists(f"{folder}/{name}")  # noqa: PTH110
        ]
        clip = sd.load_text_encoder_state_dicts([_named_as_comfy_does(e) for e in encoders])
        vae = sd.VAE(sd=load_file(f"{folder}/vae/{weights}"))
        return sd.load_diffusion_model(f"{folder}/unet/{weights}"), clip, vae

    def request(self) -> None:
        with torch.inference_mode():
            for base_model, scale, weights, seed in self.case["variants"]:
                model, clip, vae = self.bases[int(base_model)]
                self.render(model, clip, vae, scale, weights, seed)

    def render(
        self, model: Any, clip: Any, vae: Any, scale: float, weights: list[float], seed: int
    ) -> Image.Image:
        sample = import_module("comfy.sample")
        prompts = [
            clip.encode_from_tokens_scheduled(clip.tokenize(text)) for text in self.case["prompts"]
        ]
        latents = vae.encode(self.image)
        for net, hint, weight in zip(self.nets, self.hints, weights, strict=True):
            prompts = [_with_controlnet(prompt, net, hint, weight) for prompt in prompts]
        samples = sample.sample(
            model,
            sample.prepare_noise(latents, seed),
            self.case["steps"],
            scale,
            "euler",
            "normal",
            *prompts,
            latents,
            denoise=1.0,
            disable_pbar=True,
        )
        pixels = vae.decode(samples)[0].float().clamp(0, 1).cpu().numpy()
        return Image.fromarray((pixels * 255).astype(np.uint8))


def _named_as_comfy_does(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """transformers 5 writes CLIP's text model without its prefix. Tensors of any shape."""
    if any(name.startswith("text_model.") for name in state):
        return state
    own = ("text_projection",)
    return {n if n.startswith(own) else f"text_model.{n}": t for n, t in state.items()}


def _with_controlnet(prompt: Any, net: Any, hint: torch.Tensor, weight: float) -> Any:
    """As ComfyUI's node ControlNetApply; `hint` is (1, height, width, 3)."""
    conditions = []
    for tensor, options in prompt:
        control = net.copy().set_cond_hint(hint.movedim(-1, 1), weight, (0.0, 1.0))
        control.set_previous_controlnet(options.get("control"))
        conditions.append(
            [tensor, options | {"control": control, "control_apply_to_uncond": False}]
        )
    return conditions


def main() -> None:
    description = json.loads(sys.argv[1])
    import_comfy()
    comfy = Comfy(description)
    print("studio-benchmark ready", flush=True)
    for _ in sys.stdin:
        comfy.request()
        print("studio-benchmark done", flush=True)


if __name__ == "__main__":
    main()
