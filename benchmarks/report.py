"""The measured numbers of a training iteration as a table for people."""

from typing import TextIO

from benchmarks.rounds import DISTURBING_CORES


def write_report(document: dict, stream: TextIO) -> None:
    """Writes machine, versions and one block a precision.

    Args:
        document: as `benchmarks.training_iteration` makes it.
        stream: where the text goes.
    """
    machine, settings = document["machine"], document["settings"]
    instructions = ", ".join(machine["bfloat16_instructions"]) or "none listed"
    lines = [
        f"machine    {machine['cpu']}, {machine['usable_cores']} usable cores, {machine['memory_gib']:.0f} GiB, "
        f"bfloat16 instructions: {instructions}, load average at the start {machine['load_average']:.1f}",
        f"versions   Python {machine['python']}, "
        + ", ".join(f"{name} {version}" for name, version in document["versions"].items()),
        f"iteration  {settings['image_size']}x{settings['image_size']} pixels, width {settings['width']}, "
        f"batch {settings['batch_size']}; {settings['rounds']} rounds of {settings['iterations']}",
    ]
    for precision, result in document["results"].items():
        lines += ["", *_precision_lines(precision, result)]
    print("\n".join(lines), file=stream, flush=True)


def _precision_lines(precision: str, result: dict) -> list[str]:
    columns = f"{'s/iteration':>12}{'min-max':>16}{'images/s':>10}{'peak GiB':>10}{'after warm-up':>15}{'GFLOP/s':>9}"
    lines = [f"{precision:<10}{columns}{'of ceiling':>12}"]
    for side, label in (("ours", "ours"), ("peer", "PyTorch")):
        if side in result:
            lines.append(f"{label:<10}{_side_columns(result[side])}")
    if "ratio" in result:
        ratio = result["ratio"]
        lines.append(
            f"{'ratio':<10}{ratio['median']:.2f} times PyTorch's speed "
            f"(by round {ratio['min']:.2f}-{ratio['max']:.2f}), {result['memory_ratio']:.2f} times its peak memory, "
            f"{result['training_memory_ratio']:.2f} without what importing took"
        )
    if max(result["foreign_cores"]) > DISTURBING_CORES:
        lines.append(
            f"{'caution':<10}other processes kept up to {max(result['foreign_cores']):.1f} cores busy: time again"
        )
    if "passes" in result:
        lines.append(f"{'pass':<14}{'GMAC':>8}{'s':>9}{'GFLOP/s':>9}{'of ceiling':>12}")
    for name, part in result.get("passes", {}).items():
        numbers = f"{part['gmacs']:>8.1f}{part['seconds']:>9.3f}{part['gflops']:>9.1f}"
        lines.append(f"{name:<14}{numbers}{part['fraction_of_ceiling']:>12.0%}")
    if result["ceiling_gflops"]:
        lines.append(f"{'ceiling':<10}{result['ceiling_gflops']:.0f} GFLOP/s, a 3x3 convolution 128 -> 256 alone")
    return lines


def _side_columns(side: dict) -> str:
    seconds = side["seconds"]
    spread = f"{seconds['min']:.3f}-{seconds['max']:.3f}"
    fraction = f"{side['fraction_of_ceiling']:.0%}" if side["fraction_of_ceiling"] else "-"
    return (
        f"{seconds['median']:>12.3f}{spread:>16}{side['images_per_second']:>10.2f}"
        f"{side['peak_bytes'] / 2**30:>10.2f}{side['peak_bytes_after_warm_up'] / 2**30:>15.2f}"
        f"{side['gflops']:>9.1f}{fraction:>12}"
    )
