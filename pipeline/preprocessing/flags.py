"""The flags of `python -m pipeline.preprocess`, by what they are about."""

import argparse
import re
from collections.abc import Callable
from typing import TypeVar

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError

_DESCRIPTION = """\
Reads PNG, JPEG, BMP, TIFF and DICOM scans, also in zip archives, crops, resizes and writes them as TFRecords, split
into train, eval and test with every patient (group) and every duplicate in one split. docs/data.md has recipes. Flags
that are not listed here go to Apache Beam, such as --direct_running_mode=multi_processing --direct_num_workers=4.

Names of files, folders and patients reach the data set as hashes alone (rejected.jsonl and duplicates.jsonl, which
name files, stay with you), and nothing of a header does. This is no certified de-identification tool: what is burned
into the pixels stays, unless --crop leaves it out or --inpaint-overlays finds it. Look at contact_sheet.png and
crop_sheet.png before you pass a data set on."""
_EXAMPLE = (
    "python -m pipeline.preprocess --input data/phantoms/images --masks data/phantoms/masks --output data/phantoms256"
)

Value = TypeVar("Value")


def preprocess_parser() -> argparse.ArgumentParser:
    """The parser of the command's own flags; what it does not know is Beam's."""
    parser = command.parser("pipeline.preprocess", _DESCRIPTION, _EXAMPLE)
    parser.allow_abbrev = False
    _add_files(parser)
    _add_masks(parser.add_argument_group("masks"))
    _add_picture(parser.add_argument_group("what is stored of a scan"))
    _add_splits(parser.add_argument_group("patients and splits"))
    _add_written(parser.add_argument_group("what is written"))
    _add_run(parser.add_argument_group("how it runs"))
    return parser


def _add_files(flags: argparse._ActionsContainer) -> None:
    add = flags.add_argument
    add(
        "--input",
        required=True,
        metavar="DIR|GLOB|FILE",
        help="folder of scans, read with its sub-folders and zip archives; a quoted glob; or one file or archive",
    )
    add("--output", required=True, metavar="DATASET", help="the dataset directory to write")


def _add_masks(flags: argparse._ActionsContainer) -> None:
    from tfgan_thyroid.data.masks.formats import MASK_FORMATS

    add = flags.add_argument
    add(
        "--masks",
        metavar="DIR|FILE",
        help="one mask a scan, of the same name up to the extension: a folder or zip archive of images, LabelMe JSON "
        "or DDTI XML; or one COCO JSON file for all",
    )
    add(
        "--mask-format",
        choices=("auto", *MASK_FORMATS),
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


def _add_picture(flags: argparse._ActionsContainer) -> None:
    add = flags.add_argument
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
    add("--white-level", type=command.positive_int, default=65535, metavar="VALUE", help="16-bit value that is white")
    add(
        "--inpaint-overlays",
        action="store_true",
        help="fill in coloured or bright calipers and text that are burned in over tissue; crop_sheet.png shows them",
    )


def _add_splits(flags: argparse._ActionsContainer) -> None:
    from pipeline.preprocessing.inputs.name_lists import parse_split_lists
    from pipeline.preprocessing.prepare.perceptual_hash import DEFAULT_DISTANCE, HASH_BITS, MAX_DISTANCE
    from pipeline.preprocessing.splits.plan_splits import parse_splits

    add = flags.add_argument
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
    groups = flags.add_mutually_exclusive_group()
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
    add("--seed", type=command.seed, default=0, metavar="N", help="draws the splits")


def _add_written(flags: argparse._ActionsContainer) -> None:
    add = flags.add_argument
    add("--salt-file", metavar="FILE", help="key for the hashes that stand for file and patient names")
    add("--shards", type=command.positive_int, default=4, metavar="N", help="TFRecord files a split, at most")
    add(
        "--contact-sheet-names",
        action="store_true",
        help="write file names on contact_sheet.png and crop_sheet.png, which name nobody otherwise",
    )


def _add_run(flags: argparse._ActionsContainer) -> None:
    add = flags.add_argument
    add("--overwrite", action="store_true", help="replace the dataset directory if it exists")
    add("--strict", action="store_true", help="fail, and write nothing, if any file is refused")
    add("--dry-run", action="store_true", help="show what would be done and how long it would take; write nothing")
    add("--json", action="store_true", help="print the result as JSON on standard output")


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
    from tfgan_thyroid.data.crops.policies import parse_crop

    parse_crop(text)
    return text


def _hash_distance(text: str) -> int | None:
    from pipeline.preprocessing.prepare.perceptual_hash import HASH_BITS, MAX_DISTANCE

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
