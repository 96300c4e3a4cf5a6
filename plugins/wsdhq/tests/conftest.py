"""What a piece of work holds in tensors, to the byte."""

import pytest
from torch.profiler import ProfilerActivity, profile


@pytest.fixture
def tensor_bytes():
    """The most bytes that tensors made in a piece of work hold at a time, and what it returned.

    Exact, where resident memory has what libraries and the allocator keep for later.
    """

    def measured(work):
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            result = work()
        held = highest = 0
        for event in seen.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                highest = max(highest, held)
        return highest, result

    return measured
