"""`python -m tfgan_thyroid.label`: masks by U-Nets, from each kind of images, and back into `segment`."""

import json

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid import generate, label, segment, train
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.examples import load_examples
from tfgan_thyroid.segmentation.metrics import confusion
from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic


@pytest.fixture(scope="module")
def unets(labelled_dataset, tmp_path_factory):
    """Two trained U-Nets, one as a run directory and one exported."""
    outdir = tmp_path_factory.mktemp("unets")
    for seed in (0, 1):
        flags = ["--width", "8", "--batch-size", "6", "--epochs", "20", "--loss", "both", "--seed", str(seed)]
        flags += ["--outdir", str(outdir), *(["--export-to", str(outdir / "exported")] if seed else [])]
        assert segment.main(["--data", str(labelled_dataset), *flags]) == 0
    return [str(outdir / "00000-unet-16px-20real"), str(outdir / "exported")]


@pytest.fixture(scope="module")
def generator(labelled_dataset, tmp_path_factory):
    """A run of a few iterations on the same scans."""
    outdir = tmp_path_factory.mktemp("generator")
    tiny = ["width=4", "latent_size=8", "batch_size=4", "metric_samples=0"]
    flags = [f"--set={field}" for field in tiny]
    assert train.main(["--data", str(labelled_dataset), "--iterations", "3", *flags, "--outdir", str(outdir)]) == 0
    return str(next(outdir.iterdir()))


def labelled(unets, images, output, *flags):
    assert label.main(["--unets", *unets, "--images", str(images), "--output", str(output), *flags]) == 0
    return json.loads((output / "manifest.json").read_text())


def test_unseen_scans_get_masks_close_to_the_drawn_ones_and_the_least_agreed_are_left_out(
    unets, labelled_dataset, tmp_path
):
    manifest = labelled(unets, labelled_dataset, tmp_path / "labelled", "--split", "test", "--leave-out", "0.25")
    assert (manifest["labelled"], manifest["left_out"], len(manifest["images"])) == (8, 2, 6)
    assert not manifest["synthetic"]
    assert len(set(manifest["unets"])) == 2
    agreement = manifest["agreement"]
    assert agreement["least_kept"] >= agreement["greatest_left_out"]
    pairs, test = load_synthetic(tmp_path / "labelled", 16, soft=True), load_examples(labelled_dataset, "test")
    drawn = {image.tobytes(): mask for image, mask in zip(test.images, test.masks, strict=True)}
    dice = [confusion(drawn[i.tobytes()], m).dice for i, m in zip(pairs.images, pairs.masks, strict=True)]
    assert np.mean(dice) > 0.8
    np.testing.assert_array_equal(pairs.masks, pairs.targets >= 128)  # a mask is where the probability is a half
    assert set(np.unique(pairs.targets)) - {0, 255}
    with Image.open(tmp_path / "labelled" / "agreement.png") as sheet:
        assert sheet.size[0] > 800


def test_images_of_a_generator_say_that_they_are_synthetic_and_a_u_net_learns_from_them(
    unets, generator, labelled_dataset, tmp_path
):
    output = tmp_path / "labelled"
    manifest = labelled(unets, generator, output, "--count", "9", "--seed", "5", "--leave-out", "0.34", "--weigh")
    assert manifest["synthetic"]
    assert manifest["source"]["first_seed"] == 5
    assert len(manifest["images"]) == 6
    assert all(entry["weight"] == entry["agreement"] for entry in manifest["images"])
    first = output / manifest["images"][0]["file"]
    assert Image.open(first).text["Synthetic"] == "true"
    assert generate.main(["--run", generator, "--output", str(tmp_path / "plain"), "--count", "20"]) == 0
    seed = int(first.stem.removeprefix("labelled_"))
    plain = tmp_path / "plain" / "images" / f"synthetic_{seed:010d}.png"
    np.testing.assert_array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(plain)))
    flags = ["--limit", "4", "--width", "4", "--batch-size", "4", "--epochs", "1", "--outdir", str(tmp_path / "runs")]
    flags += ["--synthetic", str(output), "--soft", "--synthetic-share", "0.5", "--synthetic-weight", "0.5"]
    assert segment.main(["--data", str(labelled_dataset), *flags]) == 0
    assert (tmp_path / "runs" / "00000-unet-16px-4real-6generated" / "summary.json").is_file()
    # A folder that says that its images are generated stays so when it is labelled.
    assert labelled(unets, tmp_path / "plain", tmp_path / "again", "--leave-out", "0")["synthetic"]


@pytest.mark.parametrize(
    ("layout", "image", "mask", "index"),
    [
        ("nnunet", "imagesTr/labelled_{}_0000.png", "labelsTr/labelled_{}.png", "dataset.json"),
        ("coco", "images/labelled_{}.png", "masks/labelled_{}.png", "annotations.json"),
        ("dicom", "images/labelled_{}.dcm", "masks/labelled_{}.png", None),
    ],
)
def test_labelled_images_are_written_in_the_layouts_of_generate(layout, image, mask, index, unets, generator, tmp_path):
    output = tmp_path / layout
    manifest = labelled(unets, generator, output, "--count", "2", "--seed", "5", "--leave-out", "0", "--layout", layout)
    plain = labelled(unets, generator, tmp_path / "plain", "--count", "2", "--seed", "5", "--leave-out", "0")
    for place, (entry, expected) in enumerate(zip(manifest["images"], plain["images"], strict=True)):
        name = f"{5 + place:010d}"
        assert (entry["file"], entry["mask"]) == (image.format(name), mask.format(name))
        with Image.open(tmp_path / "plain" / expected["mask"]) as file:
            foreground = np.asarray(file) > 0
        with Image.open(output / entry["mask"]) as file:
            np.testing.assert_array_equal(np.asarray(file), foreground * (1 if layout == "nnunet" else 255))
        with Image.open(tmp_path / "plain" / expected["file"]) as file:
            pixels = np.asarray(file)
        if layout == "dicom":
            read = pytest.importorskip("pydicom").dcmread(output / entry["file"])
            assert read.ConversionType == "SYN"
            np.testing.assert_array_equal(read.pixel_array, pixels)
        else:
            with Image.open(output / entry["file"]) as file:
                np.testing.assert_array_equal(np.asarray(file), pixels)
    if index is not None:
        assert "synthetic images, of no patient; masks by U-Nets" in (output / index).read_text()


def test_mistakes_are_told_before_anything_is_written(unets, labelled_dataset, make_labelled_dataset, tmp_path):
    output = tmp_path / "labelled"
    with pytest.raises(UserError, match="at least 2 U-Nets"):
        labelled(unets[:1], labelled_dataset, output)
    larger = make_labelled_dataset(tmp_path / "larger", {"train": 4}, image_size=32)
    with pytest.raises(UserError, match="a U-Net for 16x16 pixels, the images have 32x32"):
        labelled(unets, larger, output)
    with pytest.raises(UserError, match="not a run directory"):
        labelled([str(tmp_path), *unets], labelled_dataset, output)
    with pytest.raises(UserError, match="layout dicom states the model and seed"):
        labelled(unets, labelled_dataset, output, "--layout", "dicom")
    assert not output.exists()


def test_a_dry_run_writes_nothing(unets, labelled_dataset, tmp_path, capsys):
    arguments = ["--unets", *unets, "--images", str(labelled_dataset), "--output", str(tmp_path / "x"), "--dry-run"]
    assert label.main(arguments) == 0
    assert "by 2 U-Nets" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
