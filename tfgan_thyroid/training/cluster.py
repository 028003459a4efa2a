"""The workers of a distributed training, as the environment's TF_CONFIG names them. Imports no TensorFlow."""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tfgan_thyroid.errors import UserError

EXAMPLE = (
    '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, "task": {"type": "worker", "index": 0}}, '
    "with its own index on each worker"
)
WAIT_SECONDS = 300.0
"""How long a worker waits for the others to start."""


@dataclass(frozen=True)
class Cluster:
    """All workers, and which of them this process is."""

    addresses: tuple[str, ...]  # `HOST:PORT` of each worker, the chief first
    index: int  # of this process; 0 is the chief, who writes the run

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes checkpoints, logs and pictures."""
        return self.index == 0


def read_cluster(environment: Mapping[str, str]) -> Cluster:
    """The cluster that TF_CONFIG describes.

    Args:
        environment: of the process, such as `os.environ`.
    """
    text = environment.get("TF_CONFIG")
    if not text:
        raise UserError(f"--strategy multiworker needs the environment variable TF_CONFIG: {EXAMPLE}")
    try:
        fields = json.loads(text)
        jobs = {job: [str(address) for address in addresses] for job, addresses in fields["cluster"].items()}
        kind, number = fields["task"]["type"], int(fields["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"TF_CONFIG is not readable: give {EXAMPLE}") from None
    odd = set(jobs) - {"chief", "worker"}
    if odd:
        raise UserError(f"TF_CONFIG names a job {min(odd)!r}: only chief and worker take part in a training")
    addresses = (*jobs.get("chief", []), *jobs.get("worker", []))
    if kind not in jobs or not 0 <= number < len(jobs[kind]):
        raise UserError(f"TF_CONFIG says that this is {kind} {number}, and names no such task: give {EXAMPLE}")
    if len(addresses) < 2:
        raise UserError("TF_CONFIG names a single worker: name at least two, or train with --strategy none")
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or addresses.count(address) > 1:
            raise UserError(f"TF_CONFIG names the address {address!r}: give each worker its own HOST:PORT")
    first = len(jobs.get("chief", [])) if kind == "worker" else 0
    return Cluster(addresses, first + number)


def wait_for_workers(cluster: Cluster, seconds: float = WAIT_SECONDS) -> None:
    """Returns once every other worker answers at its address.

    Where a worker is missing, TensorFlow waits forever and cannot be interrupted. This logs while waiting, then times
    out.
    """
    port = int(cluster.addresses[cluster.index].rpartition(":")[2])
    try:
        here = socket.create_server(("", port))
    except OSError as error:
        raise UserError(f"cannot listen at port {port} of TF_CONFIG ({error.strerror}): give a free one") from None
    with here:
        deadline = time.monotonic() + seconds
        for index, address in enumerate(cluster.addresses):
            while index != cluster.index and not _answers(address):
                if time.monotonic() > deadline:
                    raise UserError(
                        f"worker {index} did not come to {address} within {seconds:.0f} s: start all workers at about "
                        "the same time, with one TF_CONFIG and addresses that they can reach"
                    )
                time.sleep(0.1)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1.0).close()
    except OSError:
        return False
    return True
