"""Lists the commands: `python -m tfgan_thyroid`."""

from collections.abc import Sequence

from tfgan_thyroid import command

COMMANDS = {
    "train": "train a generative model, watched in TensorBoard",
    "generate": "write generated images as PNG files with a manifest",
    "evaluate": "compare generated with real images: metrics, memorisation audit, report",
    "reproduce": "make the paper's tables: every system, several seeds",
    "segment": "train and score a U-Net, with or without generated pairs",
    "pairs": "compare generated pairs of image and mask with real ones",
    "export": "export a generator as a SavedModel for TF Serving",
    "client": "download images from TF Serving",
    "serve": "serve SavedModels on this machine, for previews and tests",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one line for each command."""
    command.parser("tfgan_thyroid", __doc__, "python -m tfgan_thyroid.train --help").parse_args(argv)
    for name, purpose in COMMANDS.items():
        print(f"python -m tfgan_thyroid.{name:10} {purpose}")
    return 0


if __name__ == "__main__":
    command.run(main)
