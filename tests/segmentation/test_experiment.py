import pytest

from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import load_examples
from tfgan_thyroid.segmentation.experiment import train_and_score, train_and_score_examples
from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic

CONFIG = SegmentationConfig(width=8, batch_size=6, epochs=30, loss="both", labelled_limit=12)


@pytest.fixture(scope="module")
def scores(labelled_dataset):
    return train_and_score(CONFIG, labelled_dataset)


def test_a_u_net_learns_bright_discs_and_is_scored_on_the_test_split(scores):
    assert [image.source_id for image in scores.images] == [f"test{i:04d}" for i in range(8)]
    assert set(scores.group_means("dice")) == {f"test-group{i}" for i in range(4)}
    assert scores.image_mean()["dice"] > 0.9


def test_a_call_that_names_the_same_scans_gives_the_same_scores_and_another_seed_others(labelled_dataset, scores):
    ids = load_examples(labelled_dataset, "train").draw(12, seed=0).source_ids
    assert train_and_score(CONFIG, labelled_dataset, labelled_ids=ids) == scores
    assert train_and_score(CONFIG, labelled_dataset, labelled_ids=ids, seed=1) != scores


def test_generated_pairs_come_on_top_as_a_folder_or_as_examples(
    labelled_dataset, make_labelled_dataset, scores, tmp_path
):
    generated = make_labelled_dataset(tmp_path / "generated", {"train": 9}, seed=5)
    config = CONFIG.replace(synthetic_limit=6)
    from_path = train_and_score(config, labelled_dataset, synthetic=generated)
    assert from_path == train_and_score(config, labelled_dataset, synthetic=load_synthetic(generated, 16))
    assert from_path != scores


def test_generated_pairs_can_be_all_that_is_trained_on_or_scored_on(labelled_dataset):
    real, other = (load_examples(labelled_dataset, split) for split in ("train", "test"))
    scores = train_and_score_examples(CONFIG.replace(image_size=16, epochs=1), other, real)
    assert [image.source_id for image in scores.images] == real.source_ids
