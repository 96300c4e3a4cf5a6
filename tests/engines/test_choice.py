"""What cannot be done is said in one line, before anything is started."""

import sys
import time
from types import SimpleNamespace

import pytest

from hashbench.engines import pool
from hashbench.engines.choice import Engine, carrier, spread
from hashbench.engines.cluster import Cluster, _survey, running
from hashbench.errors import ConfigError, HashbenchError
from hashbench.spread import here

BASE = ("run", "--dataset", "shapes", "--backbone", "pooled", "--bits", "16", "--method", "signs")


def machines(*resources):
    """A Ray of machines with those resources."""
    return SimpleNamespace(nodes=lambda: [{"Alive": True, "Resources": each} for each in resources])


def test_the_local_engine_is_this_process():
    with spread(Engine.LOCAL) as spreading:
        assert spreading is here


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--address", "auto"), "an address, workers or a share of a GPU, and engine 'local'. Expected"),
        (("--workers", "2"), "an address, workers or a share of a GPU, and engine 'local'. Expected"),
        (("--engine", "ray", "--jobs", "2"), "--engine ray with --jobs or --devices: Expected --workers"),
        (
            ("--engine", "ray", "--devices", "2"),
            "--engine ray with --jobs or --devices: Expected --workers",
        ),
        (("--engine", "ray", "--gpus-per-run", "1.5"), "1.5 GPUs a worker: Expected a share from 0 to 1"),
        (("--engine", "ray", "--gpus-per-run", "-1"), "-1 GPUs a worker: Expected a share from 0 to 1"),
        (("--engine", "ray", "--address", "head"), "address 'head': Expected HOST:PORT of a Ray cluster"),
        (("--engine", "ray", "--address", "ray://a:1"), "address 'ray://a:1': Expected HOST:PORT of a Ray"),
        (("--engine", "ray", "--address", "127.0.0.1:9"), "no Ray cluster answers at '127.0.0.1:9'"),
        (
            ("--engine", "ray", "--address", "127.0.0.1:99999"),
            "no Ray cluster answers at '127.0.0.1:99999'",
        ),
    ],
)
def test_options_that_cannot_be_are_one_line(cli, tmp_path, options, line):
    begun = time.monotonic()
    status, out, err = cli(*BASE, "--runs", tmp_path / "runs", *options)
    assert status == 2 and out == ""
    assert err.splitlines()[-1].startswith(f"error: {line}")
    assert time.monotonic() - begun < 20


def test_no_workers_are_refused():
    with pytest.raises(ConfigError, match="0 workers: Expected 1 or more"):
        carrier(Engine.RAY, workers=0)


def test_a_ray_that_is_not_installed_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"Expected hashbench\[ray\]"), running(None, 2, None):
        pass


def test_a_cluster_of_another_version_is_one_line(monkeypatch):
    told = "Version mismatch: The cluster was started with:\n    Ray: 2.50.0\n    Python: 3.11.7\n"

    def init(**_):
        raise RuntimeError(told)

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init, shutdown=lambda: None))
    with pytest.raises(ConfigError) as raised, running("auto", 2, None):
        pass
    assert str(raised.value) == (
        "Ray at 'auto' cannot be joined: Version mismatch: The cluster was started with: Ray: 2.50.0 "
        "Python: 3.11.7. Expected a cluster of the same Ray, Python and RAY_AUTH_MODE, with a part on this "
        "machine."
    )


def test_a_job_that_is_lost_for_good_is_an_error(monkeypatch):
    monkeypatch.setattr(pool, "each", lambda *_: iter([(1, 1), (2, pool.Lost("its worker was lost"))]))
    done = pool.over(Cluster(2, 1, 0, 2))(None, [1, 2])
    assert next(done) == (1, 1)
    with pytest.raises(HashbenchError, match="a job is not done: its worker was lost. Expected"):
        next(done)


def test_workers_are_as_many_as_fit_the_machines():
    assert _survey(machines({"CPU": 8}, {"CPU": 5}), 2, None, None) == Cluster(6, 2, 0.0, 4)
    assert _survey(machines({"CPU": 8, "GPU": 2}, {"CPU": 64}), 1, None, None) == Cluster(2, 1, 1.0, 2)
    assert _survey(machines({"CPU": 8, "GPU": 2}, {"CPU": 64}), 1, None, 0) == Cluster(72, 1, 0, 64)
    assert _survey(machines({"CPU": 8, "GPU": 1}), 1, 3, 0.5) == Cluster(3, 1, 0.5, 2)
    with pytest.raises(ConfigError, match="no machine of the cluster has 4 cores and 1 GPUs"):
        _survey(machines({"CPU": 2, "GPU": 1}, {"CPU": 8}), 4, None, 1)
