"""What a server would find: a SavedModel loaded by its tags in a fresh process, its warm-up requests played to it.

`python -m pipeline.components.infra_check VERSION` prints one JSON document. Run by InfraValidator.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_thyroid.quiet import quiet_tensorflow


def check(version: Path) -> dict[str, Any]:
    """Loads a version and asks it.

    Returns:
        `load_seconds`, `warm_up_requests`, `seconds_per_image` at batch 8, and `problems`, in words.
    """
    quiet_tensorflow()
    from tfgan_thyroid.serving.export import warmup
    from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion

    problems = []
    started = time.perf_counter()
    loaded = LoadedVersion(version)
    load_seconds = time.perf_counter() - started
    played = warmup.replay(version, loaded.run)
    if not played:
        problems.append("it brings no warm-up requests")
    seeds = np.arange(8)
    started = time.perf_counter()
    first = loaded.run("serving_default", {"seed": seeds})
    seconds = (time.perf_counter() - started) / len(seeds)
    again = loaded.run("serving_default", {"seed": seeds})
    if list(first["image_bytes"]) != list(again["image_bytes"]):
        problems.append("the same seeds gave other images the second time")
    if len(set(first["image_bytes"])) < 2:
        problems.append("different seeds give the same image")
    latent_size = loaded.inputs("generate_from_latent")["latent"].shape[-1]
    if latent_size is None:
        return {"problems": [*problems, "generate_from_latent does not say how long a latent is"]}
    latents = np.random.default_rng(0).normal(size=(4, latent_size)).astype(np.float32)
    images = loaded.run("generate_from_latent", {"latent": latents})["image"]
    if images.ndim != 4 or images.shape[0] != 4 or images.shape[1] != images.shape[2] or images.shape[3] != 1:
        problems.append(f"generate_from_latent gives shape {list(images.shape)}, not [4, size, size, 1]")
    if not np.isfinite(images).all() or np.abs(images).max() > 1.0:
        problems.append("generate_from_latent leaves [-1, 1]")
    return {
        "load_seconds": load_seconds,
        "warm_up_requests": played,
        "seconds_per_image": seconds,
        "image_shape": list(images.shape[1:]),
        "problems": problems,
    }


if __name__ == "__main__":
    print(json.dumps(check(Path(sys.argv[1]))))
