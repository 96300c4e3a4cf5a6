"""The arithmetic of capacity, against numbers that were computed by hand."""

import numpy as np
import pytest

from hashbench.codes.binary import BinaryCodes
from hashbench.codes.set_writer import SetWriter
from hashbench.errors import ConfigError
from hashbench.planning.capacity import Kept, Machine, Wanted, needs
from hashbench.planning.encoding import Encoding
from hashbench.planning.rate import Rate
from hashbench.planning.scan import Scan

GIB = 2**30


def kept(code=8, held=12, shared=1000, pair=2e-9, alone=4e-9):
    scan = Scan("aqd", "numba", held, 100, 32, Rate(pair / 2, 2), Rate(alone, 1), 0.0)
    return Kept(code, shared, scan)


ENCODING = Encoding(Rate(0.001, 2), Rate(0.008, 2), Rate(0.001, 2))


def test_a_billion_images_by_hand():
    found = needs(
        Wanted(10**9, queries_per_second=5, latency=0.1, id_bytes=16, thumbnail_bytes=76),
        Machine(4 * GIB, 0.5, 4),
        kept(),
        ENCODING,
    )
    assert found.memory == 12 * 10**9
    assert found.disk == 100 * 10**9 + 1000
    assert found.machine_bytes == 1000 + 16 * 2**20 * 4
    # 2 GiB less 64 MiB and 1,000 bytes leave 2,080,373,784 bytes: 5.77 machines.
    # 10^9 pairs of 2 ns on four cores are .5 s: 2.5 machines. 4 s alone against .1 s: 40.
    assert found.machines == {"memory": 6, "load": 3, "latency": 40}
    assert found.count == 40
    # 10 ms an image on two cores are 5 ms on four.
    assert found.encode_seconds == pytest.approx(5e6)
    assert found.alone_seconds == pytest.approx(4.0)
    assert found.search_seconds == pytest.approx(0.5)
    assert found.latency == pytest.approx(0.1)
    assert found.queries_per_second == pytest.approx(80)


def test_as_many_machines_as_are_found_do_what_was_asked_for():
    for items in (10, 10**6, 123_456_789, 10**11):
        wanted, machine = Wanted(items, 7, 0.05), Machine(8 * GIB, 0.8, 2)
        found = needs(wanted, machine, kept(), ENCODING)
        assert found.latency <= wanted.latency * (1 + 1e-9)
        assert found.queries_per_second >= wanted.queries_per_second * (1 - 1e-9)
        assert found.memory / found.count + found.machine_bytes <= 0.8 * machine.memory * (1 + 1e-9)
        # One less would not.
        fewer = found.count - 1
        assert not fewer or (
            found.alone_seconds / fewer > wanted.latency
            or fewer / found.search_seconds < wanted.queries_per_second
            or found.memory / fewer + found.machine_bytes > 0.8 * machine.memory
        )


def test_few_images_need_one_machine():
    found = needs(Wanted(1), Machine(GIB, 1, 2), kept(), ENCODING)
    assert found.machines == {"memory": 1, "load": 1}


def test_a_gpu_computes_while_the_cores_decode():
    on_gpu = Encoding(Rate(0.004, 2), Rate(0.001, 0), Rate(0.002, 0))
    assert on_gpu.seconds(2) == pytest.approx(0.004)
    assert on_gpu.seconds(8) == pytest.approx(0.003)


def test_features_that_are_given_need_no_decoding():
    assert Encoding(None, None, Rate(0.5, 2)).seconds(1) == 1


def test_the_disk_is_what_a_set_of_codes_takes(tmp_path):
    items, shards = 40_000, 4
    codes = np.random.default_rng(0).integers(0, 256, (items, 8), dtype=np.uint8)
    writer = SetWriter.begin(tmp_path / "set", shards, {})
    for number, part in enumerate(np.array_split(codes, shards)):
        names = [f"{row:016}" for row in range(len(part))]
        writer.put(number, BinaryCodes(part), names)
    writer.finish()
    taken = sum(path.stat().st_size for path in (tmp_path / "set").iterdir())
    found = needs(Wanted(items, id_bytes=16), Machine(GIB, 1, 2), kept(code=8, shared=0), ENCODING)
    # What is not counted is the manifest and the headers: a kilobyte a shard, and one for the set.
    assert found.disk < taken < found.disk + 1024 * (shards + 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Wanted(0), "0 items. Expected one or more."),
        (lambda: Wanted(5, queries_per_second=0), "queries a second 0. Expected a number above 0."),
        (lambda: Wanted(5, queries_per_second=float("nan")), "queries a second nan."),
        (lambda: Wanted(5, latency=-1), "seconds a search -1."),
        (lambda: Wanted(5, id_bytes=-1), "a negative number of bytes an item."),
        (lambda: Machine(float("inf"), 0.8, 2), "bytes of memory inf."),
        (lambda: Machine(GIB, 1.5, 2), "share of the memory 1.5. Expected at most 1."),
        (lambda: Machine(GIB, 0, 2), "share of the memory 0."),
        (lambda: Machine(GIB, 1, 0), "0 cores. Expected one or more."),
        (
            lambda: needs(Wanted(10**6), Machine(1000, 1, 2), kept(), ENCODING),
            "1 of 1,000 bytes of memory. Expected more than the 32,001,000 that a machine needs",
        ),
    ],
)
def test_numbers_that_cannot_be(make, message):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        make()
