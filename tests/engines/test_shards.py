"""Codes of pictures and their scores are the same from Ray's workers as from this process, to the byte."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from spread_work import DiesOnce

from hashbench.codes.storage import load_codes
from hashbench.encoding.encode import encode
from hashbench.encoding.encoder import EncoderMaker
from hashbench.engines.choice import Engine, spread
from hashbench.progress import SilentProgress
from hashbench.sharded import DatabaseLabels, Queries, evaluate_shards

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
]
TESTS = Path(__file__).parent.parent


@pytest.fixture
def pictures(tmp_path):
    from stranger import draw

    (tmp_path / "pictures").mkdir()
    for number in range(40):
        (tmp_path / "pictures" / f"{number:02}.png").write_bytes(draw(number)[0])
    (tmp_path / "pictures" / "notes.jpg").write_text("no picture")
    return tmp_path / "pictures"


def with_a_death(spreading, mark, make, jobs):
    """The same, but for a worker that dies in the middle of its second job."""
    return spreading(DiesOnce(make, mark), jobs)


def test_shards_are_equal_to_the_byte_though_a_worker_dies(run, pictures, tmp_path, monkeypatch):
    folder = Path(run("--method", "wsdhq", "--bits", "16", "--set", "iterations=3")[0]["run_dir"])
    maker = EncoderMaker(folder, pictures, None, "cpu", keep_embeddings=True)
    query, _, embeddings = load_codes(folder / "codes.npz")
    labels = np.arange(40) % 3
    np.save(tmp_path / "labels.npy", labels)
    asking = Queries(query, embeddings, np.arange(len(query)) % 3)

    def coded_and_scored(where, spreading=None):
        given = {} if spreading is None else {"spread": spreading}
        codes = encode(maker, tmp_path / where, SilentProgress(), items=9, **given).codes
        report = evaluate_shards(
            codes.folder,
            DatabaseLabels(tmp_path / "labels.npy"),
            asking,
            SilentProgress(),
            metrics=["map@20"],
            **given,
        )
        return codes, report.scores

    here, expected = coded_and_scored("here")
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}:{TESTS / 'stranger'}")
    with spread(Engine.RAY, workers=2) as spreading:
        dying = partial(with_a_death, spreading, tmp_path / "mark")
        there, found = coded_and_scored("there", dying)
    assert (tmp_path / "mark").exists()
    names = sorted(path.name for path in here.folder.iterdir())
    assert names == sorted(path.name for path in there.folder.iterdir()) and len(names) == 7
    for name in names:
        assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes()
    for distance, presets in expected.items():
        for preset, scores in presets.items():
            for metric, values in scores.per_query.items():
                other = found[distance][preset].per_query[metric]
                assert np.array_equal(values, other, equal_nan=True)


def test_only_codes_in_shards_are_scored_elsewhere(cli, tmp_path):
    np.savez(tmp_path / "codes.npz", query_codes=np.eye(8), database_codes=np.eye(8))
    status, out, err = cli("evaluate", tmp_path / "codes.npz", tmp_path / "codes.npz", "--engine", "ray")
    assert (status, out) == (2, "") and "Expected a folder of codes" in err
