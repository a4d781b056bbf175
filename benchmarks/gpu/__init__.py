"""The engine on a graphics card against plain diffusers and ComfyUI: `python -m benchmarks.gpu`."""
