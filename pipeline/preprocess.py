"""Raw scans to a dataset directory: a Beam job (`python -m pipeline.preprocess`)."""

import argparse
import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline.preprocessing.inputs.find_scans import ScanFile
    from pipeline.preprocessing.settings import PreprocessSettings
    from tfgan_thyroid.data.masks.labels import MaskLabel
    from tfgan_thyroid.data.records.schema import DatasetInfo


class Job(NamedTuple):
    """What a command line asks for, checked against the files that are there; nothing has been written."""

    arguments: argparse.Namespace  # the flags
    settings: "PreprocessSettings"  # what decides the data set beside the scans
    scans: list["ScanFile"]  # the files to read
    output: Path  # the dataset directory
    beam_flags: list[str]  # flags of Beam, checked


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    job = read_job(argv)
    from pipeline.preprocessing import report
    from pipeline.preprocessing.beam_options import pipeline_options

    arguments = job.arguments
    report.print_settings(job.settings, job.scans)
    if arguments.dry_run:
        report.print_plan(job.settings, job.scans, as_json=arguments.json)
        return 0
    started = time.monotonic()
    options = pipeline_options(job.beam_flags)
    info = run(job.settings, job.scans, job.output, options, strict=arguments.strict)
    report.print_result(info, job.output, time.monotonic() - started, as_json=arguments.json)
    return 0


def read_job(argv: Sequence[str] | None) -> Job:
    """Parse the flags and check them; imports Beam only where a flag may be one of Beam's.

    Raises:
        UserError: no scans, an output that must not be replaced, or a file of a flag that cannot be used.
        SystemExit: a wrong flag.
    """
    from pipeline.preprocessing.flags import preprocess_parser

    parser = preprocess_parser()
    arguments, beam_flags = parser.parse_known_args(argv)
    from pipeline.preprocessing.inputs.find_scans import find_scans
    from pipeline.staging import check_output

    if beam_flags:
        from pipeline.preprocessing.beam_options import check_runner, pipeline_options

        try:
            options = pipeline_options(beam_flags)
        except UserError as error:
            parser.error(str(error))
        check_runner(options)
    output = Path(os.path.realpath(arguments.output))
    scans = find_scans(arguments.input, arguments.masks, arguments.mask_format, _mask_label(arguments))
    _check_apart(arguments, output, scans)
    check_output(output, arguments.overwrite)
    return Job(arguments, _settings(arguments, scans), scans, output, beam_flags)


def run(
    settings: "PreprocessSettings",
    scans: Sequence["ScanFile"],
    output: Path,
    options: "PipelineOptions",
    *,
    strict: bool = False,
) -> "DatasetInfo":
    """Write the dataset directory `output` from `scans`, in place of a dataset that may be there."""
    from pipeline.preprocessing.beam_options import run_pipeline
    from pipeline.preprocessing.prepare.prepare_scans import spill_batches
    from pipeline.preprocessing.preprocess_scans import PreprocessScans
    from pipeline.preprocessing.probe import probe_scans
    from pipeline.preprocessing.progress import watched_progress
    from pipeline.preprocessing.report import describe_rejected
    from pipeline.staging import publish, staging_directory
    from tfgan_thyroid.data.records.schema import DatasetInfo

    with staging_directory(output) as staging:
        probe = probe_scans(scans, settings)
        kept = {name: getattr(probe, name) for name in ("scans", "coloured", "drawn_on", "margins")}
        settings = dataclasses.replace(settings, staging=staging, probe=kept)
        settings.spill.mkdir()
        with watched_progress(settings.spill, len(scans), unit="scan"):
            run_pipeline(spill_batches(scans, settings), PreprocessScans(settings), options)
        info = DatasetInfo.load(staging)
        if not sum(info.counts.values()):
            raise UserError(f"none of the {len(scans)} files was accepted: {describe_rejected(staging, names=True)}")
        if strict and info.rejected:
            raise UserError(f"--strict, and {info.rejected} were refused: {describe_rejected(staging, names=True)}")
        settings.remove_spill()
        publish(staging, output)
    return info


def _settings(arguments: argparse.Namespace, scans: Sequence["ScanFile"]) -> "PreprocessSettings":
    """The settings that the flags and the file names make."""
    from pipeline.preprocessing.inputs.group_scans import choose_pattern
    from pipeline.preprocessing.inputs.name_lists import read_group_file, read_split_lists
    from pipeline.preprocessing.settings import PreprocessSettings
    from pipeline.preprocessing.sheets.crop_sheet import SET_ASIDE

    names = [scan.name for scan in scans]
    salt = None
    if arguments.salt_file is not None:
        salt = Path(arguments.salt_file).read_bytes()
        if not salt:
            raise UserError(f"the salt file {arguments.salt_file} is empty: put some 32 random bytes into it")
    return PreprocessSettings(
        image_size=arguments.image_size,
        crop=arguments.crop,
        white_level=arguments.white_level,
        masks=arguments.masks is not None,
        splits=arguments.splits,
        seed=arguments.seed,
        group_pattern=choose_pattern(arguments.group_pattern, names),
        shards=arguments.shards,
        salt=salt,
        mask_label=_mask_label(arguments),
        groups=None if arguments.group_file is None else read_group_file(arguments.group_file, names),
        listed=None if arguments.split_lists is None else read_split_lists(arguments.split_lists, names),
        near_duplicates=arguments.near_duplicates,
        inpaint_overlays=arguments.inpaint_overlays,
        sheet_names=arguments.contact_sheet_names,
        sheet_share=min(1.0, SET_ASIDE / max(1, len(scans))),
    )


def _mask_label(arguments: argparse.Namespace) -> "MaskLabel":
    from tfgan_thyroid.data.masks.labels import MaskLabel

    if arguments.masks is None and (arguments.mask_label is not None or arguments.mask_format != "auto"):
        raise UserError("--mask-format and --mask-label say how to read masks: give --masks as well")
    return MaskLabel(arguments.mask_label, arguments.mask_label_may_be_absent)


def _check_apart(arguments: argparse.Namespace, output: Path, scans: Sequence["ScanFile"]) -> None:
    """Raise `UserError` if the output lies where scans are looked for, or would replace some."""
    folders = [folder for folder in (arguments.input, arguments.masks) if folder is not None and os.path.isdir(folder)]
    if "**" in arguments.input:
        from pipeline.preprocessing.inputs.find_scans import input_root

        folders.append(input_root(arguments.input))
    for folder in folders:
        if Path(os.path.realpath(folder)) in [output, *output.parents]:
            raise UserError(f"the output {output} lies in {folder}, among the scans: give --output a folder outside")
    paths = {os.fsdecode(scan.path) for scan in scans}
    paths |= {os.fsdecode(scan.mask.source.path) for scan in scans if scan.mask is not None}
    inside = next((path for path in paths if output in Path(os.path.realpath(path)).parents), None)
    if inside is not None:
        raise UserError(f"the scan {inside} lies in the output {output}: give --output another folder")


if __name__ == "__main__":
    command.run(main)
