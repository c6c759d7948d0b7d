"""What a process that trains is set up to, in a process of its own."""

import json
import os
import platform
import subprocess
import sys

import pytest

PROBE = """
import json, resource
from threading import Thread
import torch
from aecore.device import prepare_for_training

def page_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        torch.ones(1_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def look():  # in a thread, as tasks are run
    given_back = page_faults()
    prepare_for_training()
    page_faults()
    print(json.dumps([given_back, page_faults(), (torch.tensor([1e-39]) * 1).item()]))

thread = Thread(target=look)
thread.start()
thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, with no such choice")
def test_a_process_that_trains_keeps_its_memory_and_takes_tiny_numbers_for_zero():
    as_by_dask = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}  # what `dask worker` gives its processes
    said = subprocess.run(
        [sys.executable, "-c", PROBE], env=as_by_dask, check=True, capture_output=True, text=True
    ).stdout
    given_back, kept, tiny = json.loads(said)
    assert given_back >= 100
    assert kept < given_back / 10
    assert tiny == 0
