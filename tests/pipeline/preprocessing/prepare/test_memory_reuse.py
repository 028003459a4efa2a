import subprocess
import sys

import pytest

# Page faults while a megabyte is taken, filled and given back a hundred times; two, so that neither is the heap's top.
FAULTS = """
import resource
import sys

import numpy as np

from pipeline.preprocessing.prepare.memory_reuse import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory() and keep_freed_memory()


def take_and_give_back():
    blocks = [np.full(2**20, 7, np.uint8) for _ in range(3)]
    return sum(int(block[0]) for block in blocks)


take_and_give_back()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    take_and_give_back()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator alone has these settings")
def test_a_block_that_was_given_back_is_taken_again_without_fetching_its_pages():
    def faults(mode):
        done = subprocess.run([sys.executable, "-c", FAULTS, mode], capture_output=True, text=True, check=True)
        return int(done.stdout)

    pages = 3 * 2**20 // 4096
    assert faults("keep") < 2 * pages  # at most once, not a hundred times
