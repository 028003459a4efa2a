"""Beam's own flags, checked, and the run itself: in this process and off the network unless a flag asks for it."""

import contextlib
import logging
import logging.handlers
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from apache_beam import Pipeline, PTransform
    from apache_beam.options.pipeline_options import PipelineOptions

# Beam knows the other runners by their last names.
DASK_RUNNER = "apache_beam.runners.dask.dask_runner.DaskRunner"


def pipeline_options(flags: Sequence[str]) -> "PipelineOptions":
    """The options of a run from the flags that its command does not know.

    Beam itself drops a flag that it does not know, so a mistyped flag would pass without a word: refused here.
    `DirectRunner` is the default. It would try to download and start the Prism runner first; it leaves that be for
    pipelines that allow unsafe triggers, and a batch job has no triggers.
    """
    for before, word in zip(["", *flags], flags, strict=False):
        if not word.startswith("--") and (not before.startswith("--") or "=" in before):
            raise UserError(f"{word!r} belongs to no flag: see --help")
    with _without_warnings():
        from apache_beam.options import pipeline_options as beam

        options = beam.PipelineOptions(list(flags))
        runner = options.view_as(beam.StandardOptions)
        if (runner.runner or "").lower() in ("daskrunner", DASK_RUNNER.lower()):
            from apache_beam.runners.dask import dask_runner  # noqa: F401 - importing it declares its flags

            runner.runner = DASK_RUNNER
        known = options.get_all_options()
        unknown = options.get_all_options(retain_unknown_options=True).keys() - known.keys()
    for flag in (word.split("=")[0] for word in flags):
        if flag.lstrip("-").replace("-", "_") in unknown:
            raise UserError(f"{flag} is neither a flag of this command nor one of Beam's")
    if runner.runner is None or runner.runner.lower() in ("direct", "directrunner"):
        runner.runner = "DirectRunner"
        options.view_as(beam.TypeOptions).allow_unsafe_triggers = True
    workers = options.view_as(beam.WorkerOptions)
    workers.default_sdk_harness_log_level = workers.default_sdk_harness_log_level or "CRITICAL"
    return options


def check_runner(options: "PipelineOptions") -> None:
    """Raise `UserError` if Beam knows no such runner, or its packages are not there."""
    with _without_warnings():
        from apache_beam.options.pipeline_options import StandardOptions
        from apache_beam.runners.runner import create_runner

        try:
            create_runner(options.view_as(StandardOptions).runner)
        except (ValueError, ImportError, AttributeError) as error:
            raise UserError(f"Beam cannot start the runner: {error}") from None


def run_pipeline(elements: list, transform: "PTransform", options: "PipelineOptions") -> None:
    """Run `transform` over `elements` and wait for the end.

    Beam's log is held back: a full disk is reported in one line, anything unexpected with all that Beam logged.

    Raises:
        UserError: the runner cannot be reached, or the operating system refused something in a worker (disk full, no
            permission).
    """
    import apache_beam as beam

    with _held_log() as log:
        try:
            pipeline = beam.Pipeline(options=options)
        except (ValueError, ImportError, AttributeError) as error:
            raise UserError(f"Beam cannot start the runner: {error}") from None
        try:
            with pipeline:
                pipeline | "Elements" >> beam.Create(elements) | transform
        except RuntimeError as error:
            if "KeyboardInterrupt" in str(error):
                raise KeyboardInterrupt from None
            refused = re.search(r"\b\w+Error: \[Errno \d+\] (.*?)( \[while running|$)", str(error), re.MULTILINE)
            if refused is not None:
                raise UserError(f"a worker failed: {refused.group(1)}") from None
            log.setTarget(logging.StreamHandler())
            log.flush()
            raise
        finally:
            _disconnect(pipeline)


def _disconnect(pipeline: "Pipeline") -> None:
    """Close the connection to a Dask cluster, which Beam leaves open: the client would miss the cluster aloud.

    Beam sets the result only once a run has ended without an error.
    """
    client = getattr(getattr(pipeline, "result", None), "client", None)
    if client is not None:
        client.close()


@contextlib.contextmanager
def _held_log() -> Iterator[logging.handlers.MemoryHandler]:
    """Keeps what Beam logs in memory for the time of the block."""
    handler = logging.handlers.MemoryHandler(10_000, flushLevel=logging.CRITICAL + 1, flushOnClose=False)
    logger = logging.getLogger("apache_beam")
    propagated = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Beam warns on import of cloud clients that are not installed and not used."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
