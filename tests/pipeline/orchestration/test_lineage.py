import io

import pytest
from PIL import Image

from pipeline.orchestration.artifact import Artifact
from pipeline.orchestration.lineage import find_artifact, lineage_picture, lineage_tree
from tfgan_thyroid.errors import UserError


@pytest.fixture
def root(tmp_path):
    parents = {
        "ExampleGen/examples/1": (),
        "SchemaGen/schema/2": ("ExampleGen/examples/1",),
        "Trainer/model/3": ("ExampleGen/examples/1", "SchemaGen/schema/2"),
    }
    for name, above in parents.items():
        (tmp_path / name).mkdir(parents=True)
        Artifact(name, name.split("/")[1].title(), "0123456789abcdef", {}, above, "t0", "t1").write(tmp_path / name)
    return tmp_path


def test_the_tree_names_every_use_on_a_line_and_tells_an_ancestor_once(root):
    tree = lineage_tree(root, find_artifact(root, "Trainer/model/3")).splitlines()
    assert [line[: line.index("  ", 8)] for line in tree] == [
        "Trainer/model/3",
        "├── ExampleGen/examples/1",
        "└── SchemaGen/schema/2",
        "    └── ExampleGen/examples/1",
    ]
    assert tree[-1].endswith("ExampleGen/examples/1  (above)")


def test_the_picture_is_a_png_of_the_same(root):
    picture = Image.open(io.BytesIO(lineage_picture(root, find_artifact(root, "Trainer/model/3"))))
    assert picture.format == "PNG"
    assert picture.width > picture.height
    # Three columns: data in blue twice, then the model in orange.
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} <= colours


def test_an_artifact_that_is_not_there_is_named(root):
    with pytest.raises(UserError, match="Trainer/model/9.*pipeline.status"):
        find_artifact(root, "Trainer/model/9")
