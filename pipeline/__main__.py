"""Lists the commands: `python -m pipeline`."""

from collections.abc import Sequence

from tfgan_thyroid import command

COMMANDS = {
    "simulate": "write simulated thyroid scans, with gland masks if asked for",
    "preprocess": "turn a folder of scans into a dataset directory of TFRecords",
    "validate": "check a dataset directory: records, splits, schema, statistics",
    "run": "the whole pipeline, from a folder of scans to a blessed model in saved_models",
    "status": "what a pipeline's root holds, and where an artifact comes from",
    "clean": "remove artifacts that no pushed model needs",
    "rollback": "serve an earlier version again",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one line for each command."""
    command.parser("pipeline", __doc__, "python -m pipeline.preprocess --help").parse_args(argv)
    for name, purpose in COMMANDS.items():
        print(f"python -m pipeline.{name:10} {purpose}")
    return 0


if __name__ == "__main__":
    command.run(main)
