"""Serves SavedModels on this machine for previews and tests: `python -m tfgan_thyroid.serve saved_models/NAME`."""

import argparse
import signal
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command, places
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.versions import versions_in


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.serve",
        "Serve SavedModels over the REST API of TF Serving: status, metadata, predict. For development and tests: no "
        "gRPC, no authentication. Production is TF Serving (docs/serving.md).",
        "python -m tfgan_thyroid.serve saved_models/thyroid",
    )
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="model directories, saved_models/NAME, with versions in them",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; the default is this machine alone")
    parser.add_argument("--port", type=_port, default=8501, help="0 takes a free one and says which")
    parser.add_argument(
        "--keep", type=command.positive_int, default=1, metavar="N", help="how many of the newest versions are served"
    )
    parser.add_argument(
        "--poll-seconds", type=command.seconds, default=1.0, metavar="S", help="between looks for new versions"
    )
    parser.add_argument(
        "--max-batch-size", type=command.positive_int, default=64, metavar="N", help="larger requests are refused"
    )
    return parser


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a whole number from 0 to 65535")
    return value


def _directories(paths: Sequence[Path]) -> dict[str, Path]:
    """The models by name, each of which must hold a version."""
    directories: dict[str, Path] = {}
    for path in paths:
        name = path.resolve().name
        if name in directories:
            raise UserError(f"two models are named {name}: {directories[name]} and {path}")
        if not path.is_dir():
            raise UserError(f"{path} {places.describe(path)}: export a model with python -m tfgan_thyroid.export")
        if (path / "config.json").is_file():
            export = command.line("tfgan_thyroid.export", "--run", path, "--output", f"saved_models/{path.name}")
            raise UserError(f"{path} {places.describe(path)}; export its model first: {export}")
        if not versions_in(path):
            raise UserError(
                f"{path} holds no version (a directory named by a whole number) and {places.describe(path)}: give the "
                "model directory, saved_models/NAME"
            )
        directories[name] = path
    return directories


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def main(argv: Sequence[str] | None = None) -> int:
    """Loads the models, says where it listens, and serves until it is stopped."""
    args = _parser().parse_args(argv)
    directories = _directories(args.models)
    command.start_log()
    from tfgan_thyroid.serving.preview.http_server import build_app, listen, serve
    from tfgan_thyroid.serving.preview.served_model import ServedModel, polling

    models = {name: ServedModel(name, path, args.keep) for name, path in directories.items()}
    with listen(args.host, args.port) as listening:
        for model in models.values():
            model.poll()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # uvicorn raises the signal again when it has stopped
        host, port = listening.getsockname()[:2]
        print(
            f"serving {', '.join(models)} at {_url(host, port)} (for development and tests; Ctrl-C stops)", flush=True
        )
        with polling(models.values(), args.poll_seconds):
            serve(build_app(models, args.max_batch_size), listening)
    print("stopped")
    return 0


if __name__ == "__main__":
    command.run(main)
