"""Times generation by a SavedModel, in process and through the preview server, beside PyTorch.

`python -m benchmarks.serving` from the repository's root. In each round every side makes one batch after the other, in
turn, so that a slow spell of the machine meets all.
"""

import argparse
import dataclasses
import importlib.util
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.preview_server import preview_server
from benchmarks.scaffold import add_counts, document, parser, publish
from tfgan_thyroid import command
from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.quiet import quiet_tensorflow
from tfgan_thyroid.serving.client.rest_client import RestClient
from tfgan_thyroid.serving.versions import versions_in

Side = Callable[[int], Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    flags = _parser().parse_args(arguments)
    with ExitStack() as stack:
        model = flags.model or _paper_model(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        versions = versions_in(model)
        if not versions:
            raise UserError(f"{model} holds no version: export a model with python -m tfgan_thyroid.export")
        version = versions[max(versions)]
        config = json.loads((version / "model_card.json").read_text())["config"]
        sides, cold_start = _our_sides(model, version, config["latent_size"], max(flags.batch_sizes), stack)
        if importlib.util.find_spec("torch") is not None:
            sides["pytorch"] = _peer(config)
        results = {size: _measure(sides, size, flags.rounds, flags.batches) for size in flags.batch_sizes}
    shape = {key: config[key] for key in ("image_size", "width", "latent_size", "channels")}
    lines = [f"cold start to first image {cold_start:.1f} s", *_lines(results)]
    publish(flags, document(flags, model=shape, cold_start_seconds=cold_start, results=results), lines)
    return 0


def _paper_model(folder: Path) -> Path:
    """A generator of the paper's size with its initial weights, exported: speed does not depend on what it learned."""
    from tfgan_thyroid.networks.generator import build_generator
    from tfgan_thyroid.serving.export.signatures import GeneratorSignatures
    from tfgan_thyroid.serving.export.version import save

    config = Config()
    generator = build_generator(config.image_size, config.channels, config.width, config.latent_size)
    version = folder / "paper" / "1"
    offered = GeneratorSignatures(generator)
    save(version, offered.traced())
    (version / "model_card.json").write_text(json.dumps({"config": dataclasses.asdict(config)}))
    return version.parent


def _our_sides(
    model: Path, version: Path, latent_size: int, largest: int, stack: ExitStack
) -> tuple[dict[str, Side], float]:
    """What is measured of ours, and the seconds from starting the server to its first image.

    By name: images of latents in process, PNG files of seeds in process, PNG files of seeds through the server.
    """
    quiet_tensorflow()
    from tfgan_thyroid.serving.preview.loaded_version import LoadedVersion

    start = time.perf_counter()
    url, _ = stack.enter_context(preview_server(model, "--max-batch-size", str(largest)))
    client = stack.enter_context(closing(RestClient(url, model.resolve().name)))
    client.images([0])
    cold_start = time.perf_counter() - start
    loaded = LoadedVersion(version)
    rng = np.random.default_rng(0)

    def images(size: int) -> Any:
        return loaded.run("generate_from_latent", {"latent": rng.normal(size=[size, latent_size]).astype(np.float32)})

    def png_files(size: int) -> Any:
        return loaded.run("serving_default", {"seed": np.arange(size)})

    served = {"images": images, "png_files": png_files, "png_files_served": lambda size: client.images(range(size))}
    return served, cold_start


def _peer(config: dict[str, Any]) -> Side:
    """Images of latents by the PyTorch implementation of the same generator."""
    import torch

    from benchmarks.pytorch_networks import build_generator

    generator = build_generator(config["image_size"], config["channels"], config["width"], config["latent_size"]).eval()
    generator.requires_grad_(False)

    def images(size: int) -> Any:
        with torch.inference_mode():
            return generator(torch.randn(size, config["latent_size"], 1, 1)).numpy()

    return images


def _measure(sides: dict[str, Side], size: int, rounds: int, batches: int) -> dict[str, dict[str, float]]:
    milliseconds: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side(size)
        side(size)
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in order:
            for _ in range(batches):
                start = time.perf_counter()
                sides[name](size)
                milliseconds[name].append(1e3 * (time.perf_counter() - start))
    result = {}
    for name, values in milliseconds.items():
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        median = statistics.median(values)
        result[name] = {"images_per_second": 1e3 * size / median, "p50_ms": median, "p99_ms": cuts[98]}
    result["ratios"] = _ratios("served_to_in_process", milliseconds, "png_files_served", "png_files", rounds)
    if "pytorch" in sides:
        result["ratios"] |= _ratios("images_to_pytorch", milliseconds, "images", "pytorch", rounds)
    return result


def _ratios(label: str, milliseconds: dict[str, list[float]], name: str, other: str, rounds: int) -> dict[str, float]:
    """Of the speeds: by the medians of all batches, and the least and the greatest of a round."""

    def ratio(chosen: slice) -> float:
        return statistics.median(milliseconds[other][chosen]) / statistics.median(milliseconds[name][chosen])

    batches = len(milliseconds[name]) // rounds
    by_round = [ratio(slice(start, start + batches)) for start in range(0, rounds * batches, batches)]
    return {label: ratio(slice(None)), f"{label}_least": min(by_round), f"{label}_greatest": max(by_round)}


def _lines(results: dict[int, dict[str, dict[str, float]]]) -> list[str]:
    return [
        f"batch {size:3} {name:17} " + ", ".join(f"{key} {value:.2f}" for key, value in values.items())
        for size, sides in results.items()
        for name, values in sides.items()
    ]


def _parser() -> argparse.ArgumentParser:
    result = parser(
        "serving",
        "Time generation by a SavedModel in process and through python -m tfgan_thyroid.serve, and by a PyTorch "
        "implementation of the same generator where PyTorch is installed.",
        "",
    )
    add = result.add_argument
    add(
        "--model",
        type=Path,
        metavar="DIR",
        help="model directory, saved_models/NAME (default: one of the paper's size, not trained)",
    )
    add("--batch-sizes", type=command.counts, default="1,8,32", metavar="N,N", help="images a request")
    add_counts(result, rounds=(4, "of all sides in turn"), batches=(5, "of a side in a round"))
    return result


if __name__ == "__main__":
    command.run(main)
