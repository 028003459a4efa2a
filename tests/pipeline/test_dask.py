"""The job on a distributed engine: a Dask cluster of two worker processes."""

import json
import subprocess
import sys

import pytest

from pipeline.transforms.prepare_scans import SCANS_PER_BATCH

pytest.importorskip("distributed", reason="needs Dask: pip install 'apache-beam[dask]', or the dev extra")

pytestmark = pytest.mark.slow

# A process of its own, so that the cluster's threads and warnings stay out of the other tests'.
CLUSTER = """
import json
import sys

from distributed import LocalCluster

from pipeline.preprocess import main
from tfgan_thyroid import command

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        flags = ["--runner=DaskRunner", f"--dask_client_address={cluster.scheduler_address}", "--dask_npartitions=4"]
        command.run(lambda _: main([*sys.argv[1:], *flags]))
"""


def run_on_a_cluster(tmp_path, folder, *flags):
    script = tmp_path / "on_a_cluster.py"
    script.write_text(CLUSTER)
    words = ["--input", folder, "--output", tmp_path / "set", "--image-size", 16, *flags]
    return subprocess.run([sys.executable, script, *map(str, words)], capture_output=True, text=True, check=False)


def test_a_cluster_of_two_workers_writes_the_same_bytes(
    tmp_path, write_scans, write_broken_scans, patients, preprocess, tree
):
    folder = write_scans(tmp_path / "scans", patients(20, 5))  # several batches, so that both workers get some
    reasons = write_broken_scans(folder)
    assert len(list(folder.iterdir())) > 2 * SCANS_PER_BATCH
    assert preprocess(folder, tmp_path / "here", "--group-pattern", r"patient\d+") == 0
    result = run_on_a_cluster(tmp_path, folder, "--group-pattern", r"patient\d+", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert (sum(document["counts"].values()), document["rejected"]) == (100, len(reasons))
    assert tree(tmp_path / "set") == tree(tmp_path / "here")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "on_a_cluster.py", "scans", "set"]
