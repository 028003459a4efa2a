"""Raw scans to a dataset directory: a Beam job (`python -m pipeline.preprocess`)."""

import argparse
import dataclasses
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline.transforms.find_scans import ScanFile
    from pipeline.transforms.settings import PreprocessSettings
    from tfgan_thyroid.data.mask_labels import MaskLabel
    from tfgan_thyroid.data.schema import DatasetInfo

_DESCRIPTION = """\
Reads PNG, JPEG, BMP, TIFF and DICOM scans, also in zip archives, crops, resizes and writes them as TFRecords, split
into train, eval and test with every patient (group) and every duplicate in one split. docs/data.md has recipes. Flags
that are not listed here go to Apache Beam, such as --direct_running_mode=multi_processing --direct_num_workers=4.

Names of files, folders and patients reach the data set as hashes alone (rejected.jsonl, which names refused files,
stays with you), and nothing of a header does. This is no certified de-identification tool: what is burned into the
pixels stays, unless --crop leaves it out or --inpaint-overlays finds it. Look at contact_sheet.png and crop_sheet.png
before you pass a data set on."""
_EXAMPLE = (
    "python -m pipeline.preprocess --input data/phantoms/images --masks data/phantoms/masks --output data/phantoms256"
)

Value = TypeVar("Value")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    arguments, beam_flags = parser.parse_known_args(argv)
    from pipeline import preprocess_report as report
    from pipeline.beam_options import pipeline_options
    from pipeline.staging import check_output
    from pipeline.transforms.find_scans import find_scans

    output = Path(os.path.realpath(arguments.output))
    scans = find_scans(arguments.input, arguments.masks, arguments.mask_format, _mask_label(arguments))
    _check_apart(arguments, output, scans)
    check_output(output, arguments.overwrite)
    settings = _settings(arguments, scans)
    try:
        options = pipeline_options(beam_flags)
    except UserError as error:
        parser.error(str(error))
    report.print_settings(settings, scans)
    if arguments.dry_run:
        report.print_plan(settings, scans, as_json=arguments.json)
        return 0
    started = time.monotonic()
    info = run(settings, scans, output, options, strict=arguments.strict)
    report.print_result(info, output, time.monotonic() - started, as_json=arguments.json)
    return 0


def run(
    settings: "PreprocessSettings",
    scans: Sequence["ScanFile"],
    output: Path,
    options: "PipelineOptions",
    *,
    strict: bool = False,
) -> "DatasetInfo":
    """Write the dataset directory `output` from `scans`, in place of a dataset that may be there.

    Raises:
        UserError: no scan was accepted, or one was refused and `strict` is set; `output` is then as it was.
    """
    from pipeline.beam_options import run_pipeline
    from pipeline.preprocess_report import describe_rejected
    from pipeline.progress import progress_bar
    from pipeline.staging import publish, staging_directory
    from pipeline.transforms.prepare_scans import spill_batches
    from pipeline.transforms.preprocess_scans import PreprocessScans
    from tfgan_thyroid.data.schema import DatasetInfo

    with staging_directory(output) as staging:
        settings = dataclasses.replace(settings, staging=staging)
        settings.spill.mkdir()
        with progress_bar(settings.spill, len(scans), unit="scan"):
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
    from pipeline.transforms.crop_sheet import SET_ASIDE
    from pipeline.transforms.group_scans import choose_pattern
    from pipeline.transforms.name_lists import read_group_file, read_split_lists
    from pipeline.transforms.settings import PreprocessSettings

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
    from tfgan_thyroid.data.mask_labels import MaskLabel

    if arguments.masks is None and (arguments.mask_label is not None or arguments.mask_format != "auto"):
        raise UserError("--mask-format and --mask-label say how to read masks: give --masks as well")
    return MaskLabel(arguments.mask_label, arguments.mask_label_may_be_absent)


def _check_apart(arguments: argparse.Namespace, output: Path, scans: Sequence["ScanFile"]) -> None:
    """Raise `UserError` if the output lies where scans are looked for, or would replace some."""
    folders = [folder for folder in (arguments.input, arguments.masks) if folder is not None and os.path.isdir(folder)]
    if "**" in arguments.input:
        from pipeline.transforms.find_scans import input_root

        folders.append(input_root(arguments.input))
    for folder in folders:
        if Path(os.path.realpath(folder)) in [output, *output.parents]:
            raise UserError(f"the output {output} lies in {folder}, among the scans: give --output a folder outside")
    paths = {os.fsdecode(scan.path) for scan in scans}
    paths |= {os.fsdecode(scan.mask.source.path) for scan in scans if scan.mask is not None}
    inside = next((path for path in paths if output in Path(os.path.realpath(path)).parents), None)
    if inside is not None:
        raise UserError(f"the scan {inside} lies in the output {output}: give --output another folder")


def _parser() -> argparse.ArgumentParser:
    from pipeline.transforms.name_lists import parse_split_lists
    from pipeline.transforms.perceptual_hash import DEFAULT_DISTANCE, HASH_BITS, MAX_DISTANCE
    from pipeline.transforms.plan_splits import parse_splits

    parser = command.parser("pipeline.preprocess", _DESCRIPTION, _EXAMPLE)
    parser.allow_abbrev = False
    add = parser.add_argument
    add(
        "--input",
        required=True,
        metavar="DIR|GLOB|FILE",
        help="folder of scans, read with its sub-folders and zip archives; a quoted glob; or one file or archive",
    )
    add("--output", required=True, metavar="DATASET", help="the dataset directory to write")
    add(
        "--masks",
        metavar="DIR|FILE",
        help="one mask a scan, of the same name up to the extension: a folder or zip archive of images, LabelMe JSON "
        "or DDTI XML; or one COCO JSON file for all",
    )
    add(
        "--mask-format",
        choices=("auto", "image", "coco", "labelme", "ddti"),
        default="auto",
        help="what the masks are, where a folder holds several kinds of files",
    )
    add(
        "--mask-label",
        metavar="LABEL",
        help="which structure of the masks to take: a name or number of COCO, a name of LabelMe, an index or grey "
        "value of a label map",
    )
    add(
        "--mask-label-may-be-absent",
        action="store_true",
        help="take a mask of other structures alone for an empty one, instead of refusing it",
    )
    add("--image-size", type=_checked(_image_size), default=256, metavar="PIXELS", help="4 * 2^n: 8, 16, ... 1024")
    add(
        "--crop",
        type=_checked(_crop),
        default="right-square",
        metavar="POLICY",
        help="right-square, center-square or none; auto (finds the tissue on the screen) or dicom-region (as the file "
        "states it), with a shape behind a colon (auto:none) or cropped to the square in its middle; or "
        "LEFT,TOP,WIDTH,HEIGHT in pixels of the scan",
    )
    add(
        "--splits",
        type=_checked(parse_splits),
        default="train=0.8,eval=0.1,test=0.1",
        metavar="FRACTIONS",
        help="share of the scans for each split; they sum to 1",
    )
    add(
        "--split-lists",
        type=_checked(parse_split_lists),
        metavar="LISTS",
        help="train=FILE,eval=FILE,test=FILE instead of --splits: text files with one scan a line, by path or by name; "
        "what would be in two splits stays in the one held out most",
    )
    groups = parser.add_mutually_exclusive_group()
    groups.add_argument(
        "--group-file",
        metavar="CSV",
        help="table with the columns file and group (patient or acquisition); scans of a group share a split",
    )
    groups.add_argument(
        "--group-pattern",
        type=_checked(_regular_expression),
        metavar="REGEX",
        help="finds the patient in a file name (its first group, else the match); such scans share a split. "
        r"If not given: patient\d+ where every name has it, else each file by itself",
    )
    add(
        "--near-duplicates",
        type=_checked(_hash_distance),
        default=DEFAULT_DISTANCE,
        metavar="BITS",
        help=f"scans share a split if their perceptual hashes differ in at most so many of {HASH_BITS} bits "
        f"(0 to {MAX_DISTANCE}); off: not sought",
    )
    add("--white-level", type=command.positive_int, default=65535, metavar="VALUE", help="16-bit value that is white")
    add(
        "--inpaint-overlays",
        action="store_true",
        help="fill in coloured or bright calipers and text that are burned in over tissue; crop_sheet.png shows them",
    )
    add(
        "--contact-sheet-names",
        action="store_true",
        help="write file names on contact_sheet.png and crop_sheet.png, which name nobody otherwise",
    )
    add("--salt-file", metavar="FILE", help="key for the hashes that stand for file and patient names")
    add("--shards", type=command.positive_int, default=4, metavar="N", help="TFRecord files a split, at most")
    add("--seed", type=command.seed, default=0, metavar="N", help="draws the splits")
    add("--overwrite", action="store_true", help="replace the dataset directory if it exists")
    add("--strict", action="store_true", help="fail, and write nothing, if any file is refused")
    add("--dry-run", action="store_true", help="show what would be done and how long it would take; write nothing")
    add("--json", action="store_true", help="print the result as JSON on standard output")
    return parser


def _checked(convert: Callable[[str], Value]) -> Callable[[str], Value]:
    """`convert` as an argparse type, whose `UserError` becomes the message of a wrong flag."""

    def checked(text: str) -> Value:
        try:
            return convert(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _image_size(text: str) -> int:
    from tfgan_thyroid.config import stage_count

    stage_count(int(text))
    return int(text)


def _crop(text: str) -> str:
    from tfgan_thyroid.data.crop_policies import parse_crop

    parse_crop(text)
    return text


def _hash_distance(text: str) -> int | None:
    from pipeline.transforms.perceptual_hash import HASH_BITS, MAX_DISTANCE

    if text == "off":
        return None
    if not text.isdecimal() or int(text) > MAX_DISTANCE:
        raise UserError(f"{text!r} is not a number from 0 to {MAX_DISTANCE} (of {HASH_BITS} bits), or off")
    return int(text)


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise UserError(f"{text!r} is not a regular expression: {error}") from None
    return text


if __name__ == "__main__":
    command.run(main)
