import json
import shutil

import numpy as np
import pytest

from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.segmentation.examples import load_examples
from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic


@pytest.fixture
def pairs(tmp_path, labelled_dataset):
    """A folder of pairs as `generate` writes them, from the first five labelled scans."""
    examples = load_examples(labelled_dataset, "train")
    for kind in ("images", "masks"):
        (tmp_path / "pairs" / kind).mkdir(parents=True)
    for index in range(5):
        write(tmp_path / "pairs", f"synthetic_{index:010d}.png", examples.images[index], 255 * examples.masks[index])
    return tmp_path / "pairs"


def write(folder, name, image, mask):
    for kind, pixels in (("images", image), ("masks", mask)):
        (folder / kind / name).write_bytes(encode_png(pixels[..., 0].astype(np.uint8)))


def test_a_split_is_read_with_masks_and_hashes(labelled_dataset):
    examples = load_examples(labelled_dataset, "test")
    assert len(examples) == 8
    assert examples.images.shape == examples.masks.shape == (8, 16, 16, 1)
    assert (examples.images.dtype, examples.masks.dtype) == (np.uint8, bool)
    assert examples.source_ids[0] == "test0000"
    assert examples.group_ids[:3] == ["test-group0", "test-group0", "test-group1"]
    bright = examples.images.astype(float)[examples.masks].mean()
    assert bright - examples.images.astype(float)[~examples.masks].mean() == pytest.approx(120, abs=5)


def test_a_larger_limit_draws_the_same_scans_and_more(labelled_dataset):
    examples = load_examples(labelled_dataset, "train")
    small, large, other = examples.draw(4, seed=1), examples.draw(9, seed=1), examples.draw(9, seed=2)
    assert set(small.source_ids) < set(large.source_ids) != set(other.source_ids)
    assert large.source_ids == sorted(large.source_ids)
    with pytest.raises(UserError, match="21 labelled scans were asked for, 20 are there"):
        examples.draw(21, seed=0)


def test_scans_are_chosen_by_their_ids(labelled_dataset):
    examples = load_examples(labelled_dataset, "train")
    chosen = examples.with_ids(["train0003", "train0001"])
    np.testing.assert_array_equal(chosen.images, examples.images[[3, 1]])
    with pytest.raises(UserError, match="test0000"):
        examples.with_ids(["test0000"])


def test_a_folder_of_pairs_is_read_in_the_order_of_its_names(pairs, labelled_dataset):
    examples = load_examples(labelled_dataset, "train")
    found = load_synthetic(pairs, 16)
    np.testing.assert_array_equal(found.images, examples.images[:5])
    np.testing.assert_array_equal(found.masks, examples.masks[:5])
    assert len(set(found.source_ids)) == 5
    assert not any("synthetic" in name for name in found.source_ids)
    np.testing.assert_array_equal(load_synthetic(pairs, 16, limit=2).images, examples.images[:2])


def test_a_data_set_of_generated_pairs_gives_its_train_split(labelled_dataset):
    assert load_synthetic(labelled_dataset, 16).source_ids == load_examples(labelled_dataset, "train").source_ids


def test_more_pairs_than_there_are_is_told(pairs):
    with pytest.raises(UserError, match="9 generated pairs were asked for, .* has 5"):
        load_synthetic(pairs, 16, limit=9)


def test_a_data_set_without_masks_is_told_with_the_remedy(make_labelled_dataset, tmp_path):
    make_labelled_dataset(tmp_path / "plain", {"train": 2}, masks=False)
    with pytest.raises(UserError, match="has no masks.*--masks"):
        load_examples(tmp_path / "plain", "train")


def test_a_data_set_with_masks_of_another_size_or_value_is_told(make_labelled_dataset, tmp_path):
    make_labelled_dataset(tmp_path / "small", {"train": 2}, mask_size=12)
    with pytest.raises(UserError, match="the mask of record train0000 .* has 12x12 pixels, wanted 16x16"):
        load_examples(tmp_path / "small", "train")
    make_labelled_dataset(tmp_path / "ones", {"train": 2}, mask_value=1)
    with pytest.raises(UserError, match="the mask of record train0000 .* has the value 1, wanted 0 and 255"):
        load_examples(tmp_path / "ones", "train")


def test_an_empty_split_is_told_with_those_that_are_filled(make_labelled_dataset, tmp_path):
    make_labelled_dataset(tmp_path / "train-only", {"train": 2})
    with pytest.raises(UserError, match="no records in split 'test' .filled: train 2.; give --splits"):
        load_examples(tmp_path / "train-only", "test")


def test_a_damaged_record_is_told(labelled_dataset, tmp_path):
    shutil.copytree(labelled_dataset, tmp_path / "damaged")
    (shard,) = (tmp_path / "damaged" / "Split-test").iterdir()
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(UserError, match="a record of .*damaged is damaged"):
        load_examples(tmp_path / "damaged", "test")


def test_pairs_of_another_image_size_are_told(pairs, labelled_dataset):
    with pytest.raises(UserError, match="synthetic_0000000000.png has 16x16 pixels, wanted 32x32: generate pairs"):
        load_synthetic(pairs, 32)
    with pytest.raises(UserError, match="has images of 16 pixels, the labelled scans have 32"):
        load_synthetic(labelled_dataset, 32)


def test_a_generated_mask_of_another_size_or_value_is_told(pairs):
    image = np.zeros((16, 16, 1))
    write(pairs, "synthetic_0000000000.png", image, np.zeros((8, 16, 1)))
    with pytest.raises(UserError, match="masks/synthetic_0000000000.png has 16x8 pixels, wanted 16x16"):
        load_synthetic(pairs, 16)
    write(pairs, "synthetic_0000000000.png", image, np.full((16, 16, 1), 128))
    with pytest.raises(UserError, match="masks/synthetic_0000000000.png has the value 128, wanted 0 and 255"):
        load_synthetic(pairs, 16)


def test_an_image_without_its_mask_and_a_file_that_is_no_image_are_told(pairs):
    (pairs / "masks" / "synthetic_0000000002.png").unlink()
    with pytest.raises(UserError, match="synthetic_0000000002.png is not in masks/ .1 files without their pair"):
        load_synthetic(pairs, 16)
    (pairs / "masks" / "synthetic_0000000002.png").write_bytes(b"not a picture")
    with pytest.raises(UserError, match="synthetic_0000000002.png cannot be used .not an image"):
        load_synthetic(pairs, 16)


def test_a_folder_with_neither_is_told(tmp_path):
    with pytest.raises(UserError, match="neither a data set .* nor a folder of pairs"):
        load_synthetic(tmp_path, 16)


def test_soft_masks_are_read_where_asked_for_and_weights_from_the_manifest(pairs):
    hard = load_synthetic(pairs, 16)
    np.testing.assert_array_equal(hard.targets, 255 * hard.masks)
    with pytest.raises(UserError, match="is not in soft_masks/"):
        load_synthetic(pairs, 16, soft=True)
    names = sorted(path.name for path in (pairs / "images").iterdir())
    (pairs / "soft_masks").mkdir()
    for name in names:
        (pairs / "soft_masks" / name).write_bytes(encode_png(np.full((16, 16), 77, np.uint8)))
    entries = [{"file": f"images/{name}", "weight": 0.1 * place} for place, name in enumerate(names)]
    (pairs / "manifest.json").write_text(json.dumps({"images": entries}))
    soft = load_synthetic(pairs, 16, soft=True)
    assert (soft.targets == 77).all()
    np.testing.assert_allclose(soft.loss_weights, [0.0, 0.1, 0.2, 0.3, 0.4], rtol=1e-6)
    np.testing.assert_array_equal(soft.masks, hard.masks)  # what is scored is still 0 and 255
    both = hard.append(soft.select([4, 0]))
    assert both.targets[0].max() == 255
    assert both.loss_weights.tolist() == pytest.approx([1.0] * 5 + [0.4, 0.0])
    (pairs / "manifest.json").write_text("{")
    with pytest.raises(UserError, match="manifest.json is damaged"):
        load_synthetic(pairs, 16)


def test_a_data_set_has_no_soft_masks(labelled_dataset):
    with pytest.raises(UserError, match="soft masks are in folders of label"):
        load_synthetic(labelled_dataset, 16, soft=True)
