"""The command `evaluate` on small real things: what it prints and leaves behind, and a clear line for each mistake."""

import contextlib
import io
import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid import evaluate
from tfgan_thyroid.data.records.input_pipeline import load_images
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation import generated_images, image_sources
from tfgan_thyroid.evaluation.generated_images import run_images
from tfgan_thyroid.metric_catalog import RESULTS
from tfgan_thyroid.metrics.suite import evaluate_metrics
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, append_line, read_lines

FEW = ["--samples", "8", "--draws", "2"]


@pytest.fixture
def own_run(run, tmp_path):
    copy = tmp_path / "run-of-patient-smith"
    shutil.copytree(run.path, copy)
    return RunDirectory(copy)


@pytest.fixture(scope="module")
def whole(run, dataset, tmp_path_factory):
    """One evaluation of a run with everything on: the run, the output, and the printed document."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(run.path, folder / "run-of-patient-smith")
    copy, output = RunDirectory(folder / "run-of-patient-smith"), folder / "out"
    words = ["--real", dataset, "--generated", copy.path, "--audit", "--features", "encoder", "--output", output]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert evaluate.main([*map(str, words), *FEW, "--json"]) == 0
    return copy, output, json.loads(printed.getvalue())


def call(*words):
    return evaluate.main([str(word) for word in words])


def test_it_leaves_a_report_figures_numbers_and_a_line(whole):
    run, output, document = whole
    pictures = {"real", "generated", "metrics", "spectrum", "speckle", "closest_pairs", "distances", "curves"}
    pictures |= {"reconstructions", "interpolations", "latents"}
    files = {f"{name}.png" for name in pictures} | {"report.html", "evaluation.json"}
    assert {path.name for path in output.iterdir()} == files
    assert set(document["metrics"]) == set(RESULTS)
    for name in pictures:
        with Image.open(output / f"{name}.png") as image:
            assert min(image.size) >= 32, name
    assert json.loads((output / "evaluation.json").read_text()) == {
        name: value for name, value in document.items() if name != "output"
    }
    (line,) = read_lines(run.metrics_file)
    assert line["iteration"] == 0
    assert line["evaluation"]["metrics"] == document["metrics"]


def test_the_numbers_are_those_of_the_metrics_by_the_papers_protocol(run, dataset, tmp_path, capsys):
    words = ["--real", dataset, "--generated", run.path, "--metrics", "mmd,1nn", "--output", tmp_path / "out", "--json"]
    assert call(*words, *FEW) == 0
    document = json.loads(capsys.readouterr().out)
    real, generated = load_images(dataset, "train", 100), run_images(run, "latest", None, 16)
    expected = evaluate_metrics(["mmd", "1nn"], real, generated, samples=8, draws=2, seed=0)
    assert set(document["metrics"]) == set(expected)
    for name, estimate in expected.items():
        assert document["metrics"][name]["mean"] == pytest.approx(estimate.mean, abs=1e-9)
    assert set(document["metrics"]["mmd"]) >= {"mean", "std", "floor", "n", "draws", "seed", "features", "definition"}
    lines = read_lines(run.metrics_file)
    run.metrics_file.unlink()  # the fixture is shared
    assert len(lines) == 1


def test_an_evaluations_line_is_no_score_of_a_checkpoint_in_training(own_run, dataset, tmp_path):
    append_line(own_run.metrics_file, {"iteration": 0, "mmd": {"mean": 0.5, "std": 0.0, "floor": None}})
    call("--real", dataset, "--generated", own_run.path, *FEW, "--metrics", "mmd", "--output", tmp_path / "out")
    first, second = read_lines(own_run.metrics_file)
    assert "mmd" in first and "mmd" not in second
    assert checkpoints.best_iteration(own_run, "mmd") == 0


class _Page(HTMLParser):
    """What a report's markup holds."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.anchors, self.ids, self.open, self.loads = [], [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        if tag not in ("img", "meta", "source", "br", "link"):
            self.open.append(tag)
        if tag == "img":
            self.images.append(found)
        self.ids += [found["id"]] if "id" in found else []
        self.anchors += [found["href"]] if tag == "a" else []
        self.loads += [found[name] for name in ("src", "srcset") if name in found]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_stands_alone_and_is_accessible(whole):
    _, output, _ = whole
    text = (output / "report.html").read_text()
    page = _Page(text)
    assert page.open == []
    assert all(source.startswith("data:image/png;base64,") for source in page.loads)
    assert "http" not in text and "@import" not in text and "url(" not in text
    assert "script" not in page.tags
    assert all(len(image["alt"]) > 10 for image in page.images)
    assert len(page.images) == 11
    assert {anchor[1:] for anchor in page.anchors} <= set(page.ids)
    assert page.tags.count("h1") == 1 and '<html lang="en">' in text
    for words in ("prefers-color-scheme: dark", "width=device-width", "<th scope=row>", "<caption>"):
        assert words in text
    sections = {"images", "metrics", "audit", "speckle", "encoder", "training", "provenance"}
    assert sections <= set(page.ids)


def test_no_name_and_no_path_reaches_what_is_written(whole, dataset):
    run, output, document = whole
    texts = [json.dumps({name: value for name, value in document.items() if name != "output"})]
    texts += [(output / "report.html").read_text(), run.metrics_file.read_text()]
    for text in texts:
        for name in ("smith", str(dataset), dataset.name + "/", run.path.name, str(output.parent)):
            assert name not in text


def test_folders_are_compared_and_the_table_names_the_verdict(write_folder, tmp_path, capsys, phantoms):
    training, _, _, fresh = phantoms
    real, generated = write_folder("real", training), write_folder("generated", fresh)
    words = ["--real", real, "--generated", generated, "--metrics", "mmd,1nn", "--audit", "--output", tmp_path / "out"]
    assert call(*words, "--samples", "20", "--draws", "3") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "No verdict: two-sample is not among --metrics"
    first_words = [line.split()[0] for line in out.splitlines() if line]
    assert first_words[2] == "mmd"
    assert {"1nn", "1nn_real", "1nn_generated", "mmd,"} <= set(first_words)
    assert "memorisation audit passed" in out
    (line,) = read_lines(tmp_path / "out" / "metrics.jsonl")
    assert line["iteration"] is None
    assert "smith" not in json.dumps(line) + (tmp_path / "out" / "report.html").read_text()


def test_a_planted_copy_fails_the_audit_and_is_seen_in_the_document(write_folder, tmp_path, capsys, phantoms):
    training, _, _, fresh = phantoms
    copied = fresh.copy()
    copied[4] = training[9, :, ::-1]
    real, generated = write_folder("real", training), write_folder("generated", copied)
    words = ["--real", real, "--generated", generated, "--metrics", "mmd", "--audit", "--output", tmp_path / "out"]
    assert call(*words, "--samples", "20", "--json") == 0
    result = json.loads(capsys.readouterr().out)["audit"]
    assert not result["passed"]
    assert (result["closest"][0]["generated"], result["closest"][0]["training"]) == (4, 9)
    assert "audit: failed" in (tmp_path / "out" / "report.html").read_text()


def test_a_saved_model_is_evaluated(saved_model, dataset, tmp_path, capsys):
    words = ["--real", dataset, "--generated", saved_model, "--metrics", "1nn", "--output", tmp_path / "out", "--json"]
    assert call(*words, *FEW) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["generated"]["kind"] == "SavedModel"
    assert document["generated"]["trained_on"] == "digest-of-textures"


def test_a_generator_that_collapsed_to_one_image_is_measured_all_the_same(dataset, write_folder, tmp_path, capsys):
    generated = write_folder("collapsed", np.full((10, 16, 16, 1), 90, np.uint8))
    words = ["--real", dataset, "--generated", generated, "--audit", "--output", tmp_path / "out", "--json"]
    assert call(*words, *FEW, "--metrics", "1nn,ms-ssim,recall") == 0
    document = json.loads(capsys.readouterr().out)
    assert "10 of 10 generated images are of one grey level: they show nothing" in document["remarks"]
    metrics = document["metrics"]
    assert metrics["ms-ssim"]["mean"] == pytest.approx(1.0)
    assert metrics["1nn_generated"]["mean"] == 1.0
    assert metrics["recall"]["mean"] == 0.0


def test_few_images_and_equal_ones_are_remarked_under_the_table(dataset, write_folder, tmp_path, capsys):
    image = np.random.default_rng(0).integers(0, 256, size=(1, 16, 16, 1), dtype=np.uint8)
    generated = write_folder("one", np.repeat(image, 6, axis=0))
    words = ["--real", dataset, "--generated", generated, "--output", tmp_path / "out", "--metrics", "mmd,ms-ssim"]
    assert call(*words, "--samples", "8", "--draws", "1") == 0
    table = capsys.readouterr().out
    assert "draws hold 6 images of each kind instead of 8" in table
    assert "and 6 generated images" in table
    assert "all 6 generated images are the same image" in table
    assert "no real against real" not in table
    report = (tmp_path / "out" / "report.html").read_text()
    assert "All 6 generated images are the same image." in report


def test_a_second_evaluation_replaces_files_and_adds_a_line(saved_model, dataset, tmp_path):
    words = ["--real", dataset, "--generated", saved_model, "--metrics", "mmd", "--output", tmp_path / "out", *FEW]
    assert call(*words) == call(*words) == 0
    first, second = read_lines(tmp_path / "out" / "metrics.jsonl")
    assert first == second
    assert not list((tmp_path / "out").glob(".*"))


def test_a_dry_run_computes_and_writes_nothing(run, dataset, tmp_path, capsys):
    output = tmp_path / "out"
    assert call("--real", dataset, "--generated", run.path, "--output", output, "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["generated"] == "1000 images to be generated by a run"
    assert not output.exists()
    assert not run.metrics_file.exists()


@pytest.mark.parametrize(
    ("flags", "match"),
    [
        (["--samples", "2"], "draws of at least"),
        (["--samples", "5"], "density needs draws of at least 6 images: 5 were asked for"),
        (["--checkpoint", "best"], "no mmd to choose the best checkpoint by"),
        (["--checkpoint", "12"], "no checkpoint '12'"),
        (["--split", "test"], "no records in split 'test'"),
        (["--features", "inception"], "needs --inception-weights FILE"),
        (["--features", "encoder", "--encoder-run", "missing"], "missing does not exist, not a run directory"),
    ],
)
def test_each_mistake_with_a_run_is_told(run, dataset, tmp_path, flags, match):
    with pytest.raises(UserError, match=match):
        call("--real", dataset, "--generated", run.path, "--output", tmp_path / "out", *FEW, *flags)
    assert not (tmp_path / "out").exists()


def test_sizes_that_differ_equal_images_few_images_and_a_missing_model_are_told(dataset, write_folder, tmp_path):
    out = ["--output", tmp_path / "out"]
    noise = np.random.default_rng(0).integers(0, 256, size=(6, 16, 16, 1), dtype=np.uint8)
    small, constant = write_folder("small", noise[:, :8, :8]), write_folder("constant", np.zeros_like(noise))
    with pytest.raises(UserError, match="have 16x16 pixels, the generated ones 8x8 pixels"):
        call("--real", dataset, "--generated", small, *out)
    with pytest.raises(UserError, match="all 6 real images are equal"):
        call("--real", constant, "--generated", write_folder("noise", noise), "--metrics", "mmd", *out)
    with pytest.raises(UserError, match="at least .* images of each kind"):
        call("--real", dataset, "--generated", write_folder("few", noise[:2]), *out)
    with pytest.raises(UserError, match="gone does not exist"):
        call("--real", dataset, "--generated", tmp_path / "gone", *out)
    with pytest.raises(UserError, match="--features encoder needs a run's encoder"):
        call("--real", dataset, "--generated", small, "--features", "encoder", *out)
    with pytest.raises(UserError, match="--weights goes with a run"):
        call("--real", dataset, "--generated", small, "--weights", "raw", *out)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_compared_is_told_before_anything_is_generated(run, write_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(generated_images, "_generate", lambda *_: pytest.fail("images were generated"))
    noise = np.random.default_rng(0).integers(0, 256, size=(8, 32, 32, 1), dtype=np.uint8)
    large, few = write_folder("large", noise), write_folder("few", noise[:3, :16, :16])
    with pytest.raises(UserError, match="have 32x32 pixels, the generated ones 16x16 pixels"):
        call("--real", large, "--generated", run.path, *FEW)
    with pytest.raises(UserError, match="at least 6 images of each kind, there are 3 real"):
        call("--real", few, "--generated", run.path, *FEW)


def test_images_that_were_not_looked_at_are_remarked_under_the_table(
    dataset, write_folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(image_sources, "MOST_IMAGES", 16)
    noise = np.random.default_rng(0).integers(0, 256, size=(16, 16, 16, 1), dtype=np.uint8)
    words = ["--generated", write_folder("noise", noise), "--metrics", "mmd", "--output", tmp_path / "out"]
    assert call("--real", dataset, *words, *FEW) == 0
    assert "only the first 16 real images are looked at, 8 are not" in capsys.readouterr().out


@pytest.mark.parametrize(
    "flags", [["--metrics", "fidelity"], ["--draws", "0"], ["--inception-weights", "x.h5"], ["--encoder-run", "x"]]
)
def test_wrong_flags_exit_with_2(flags, dataset, run):
    with pytest.raises(SystemExit) as stop:
        call("--real", dataset, "--generated", run.path, *flags)
    assert stop.value.code == 2
