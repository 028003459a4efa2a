"""Generated images are annotated elsewhere, as the paper's were, and come back through preprocessing as pairs."""

import json

import numpy as np
import pytest
from PIL import Image

from pipeline import preprocess
from tfgan_thyroid import generate
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic
from tfgan_thyroid.training.fit import fit
from tfgan_thyroid.training.new_run import new_record

SMALL = {"width": 4, "latent_size": 8, "batch_size": 4, "iterations": 1, "metric_samples": 0}
COUNT = 6


@pytest.fixture(scope="module")
def generated(tmp_path_factory, make_dataset):
    """A folder of `generate` from a model that has never seen a mask."""
    folder = tmp_path_factory.mktemp("hand")
    run = RunDirectory.create(folder / "runs", new_record(make_dataset(folder / "data"), "train", "cpu", SMALL))
    fit(run)
    words = ["--run", str(run.path), "--output", str(folder / "generated"), "--count", str(COUNT)]
    assert generate.main(words) == 0
    return folder / "generated" / "images"


def drawn(index):
    """The mask that a hand drew on image `index`: rows 2 to 2 + index, columns 4 to 11."""
    mask = np.zeros((16, 16), bool)
    mask[2 : 3 + index, 4:12] = True
    return mask


def draw_png(folder, name, index):
    Image.fromarray(np.where(drawn(index), 255, 0).astype(np.uint8)).save(folder / name)


def draw_labelme(folder, name, index):
    corners = [[4, 2], [12, 2], [12, 3 + index], [4, 3 + index]]
    shape = {"label": "thyroid", "points": corners, "shape_type": "polygon"}
    document = {"shapes": [shape], "imagePath": name, "imageWidth": 16, "imageHeight": 16}
    (folder / name.replace(".png", ".json")).write_text(json.dumps(document))


@pytest.mark.end_to_end
@pytest.mark.parametrize("draw", [draw_png, draw_labelme])
def test_every_generated_image_comes_back_with_the_mask_that_was_drawn_on_it(generated, tmp_path, draw):
    masks = tmp_path / "drawn"
    masks.mkdir()
    names = sorted(path.name for path in generated.iterdir())
    for index, name in enumerate(names):
        draw(masks, name, index)
    words = ["--input", str(generated), "--masks", str(masks), "--output", str(tmp_path / "pairs")]
    assert preprocess.main([*words, "--crop", "none", "--image-size", "16", "--splits", "train=1.0"]) == 0
    pairs = load_synthetic(tmp_path / "pairs", 16)
    images = [np.asarray(Image.open(generated / name)).tobytes() for name in names]
    found = {image.tobytes(): mask[..., 0] for image, mask in zip(pairs.images, pairs.masks, strict=True)}
    assert len(pairs) == len(found) == COUNT
    for index, image in enumerate(images):
        np.testing.assert_array_equal(found[image], drawn(index))
