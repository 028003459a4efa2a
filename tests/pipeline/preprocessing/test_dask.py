"""The pipeline's data steps on a distributed engine: a Dask cluster of two worker processes."""

import json
import subprocess
import sys

import pytest

from pipeline.components.example_gen import ExampleGen
from pipeline.orchestration.orchestrator import Orchestrator
from pipeline.preprocessing.prepare.prepare_scans import SCANS_PER_BATCH

pytest.importorskip("distributed", reason="needs Dask: pip install 'apache-beam[dask]', or the dev extra")

pytestmark = pytest.mark.slow

FLAGS = ["--image-size", "16", "--group-pattern", r"patient\d+"]

# A process of its own, so that the cluster's threads and warnings stay out of the other tests'.
CLUSTER = """
import sys

from distributed import LocalCluster

from pipeline.run import main
from tfgan_thyroid import command

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        flags = ["--runner=DaskRunner", f"--dask_client_address={cluster.scheduler_address}", "--dask_npartitions=4"]
        command.run(lambda _: main([*sys.argv[1:], *flags]))
"""


def test_a_cluster_of_two_workers_writes_the_same_bytes_and_the_cache_does_not_ask_where(
    tmp_path, write_scans, write_broken_scans, patients, preprocess, tree
):
    folder = write_scans(tmp_path / "scans", patients(20, 5))  # several batches, so that both workers get some
    reasons = write_broken_scans(folder)
    assert len(list(folder.iterdir())) > 2 * SCANS_PER_BATCH
    assert preprocess(folder, tmp_path / "here", *FLAGS[2:]) == 0
    schema = (tmp_path / "here" / "schema.pbtxt").read_text()
    (tmp_path / "other.pbtxt").write_text(schema.replace("max: 16", "max: 8").replace("min: 16", "min: 8"))
    (tmp_path / "on_a_cluster.py").write_text(CLUSTER)
    # A schema that the data break, so that the pipeline stops before it trains.
    words = ["--input", folder, *FLAGS, "--schema", tmp_path / "other.pbtxt", "--pipeline-root", tmp_path / "root"]
    command = [sys.executable, tmp_path / "on_a_cluster.py", *words, "--serving-dir", tmp_path / "saved"]
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert (result.returncode, "schema drift" in result.stderr) == (1, True), result.stderr
    examples = tmp_path / "root" / "ExampleGen" / "examples" / "1"
    info = json.loads((examples / "dataset.json").read_text())
    assert (sum(info["counts"].values()), info["rejected"]) == (100, len(reasons))
    assert {**tree(examples), "artifact.json": b""} == {**tree(tmp_path / "here"), "artifact.json": b""}
    again = Orchestrator(tmp_path / "root").plan([ExampleGen(str(tmp_path / "root"), str(folder), None, FLAGS)])
    assert [step.taken_from for step in again] == [1]
