"""The checks as cases of pytest: names, settings, expected failures, and pictures as fixtures."""

import subprocess
import sys
import textwrap
from pathlib import Path

import broken
import numpy as np
import pytest

from hashbench.data.supervision import Supervision
from hashbench.errors import ConfigError, UnknownNameError
from hashbench.testing import parametrize_with_checks
from hashbench.testing.checks import CHECKS, name_of
from hashbench.testing.subject import Subject

FOLDER = Path(__file__).parent


@parametrize_with_checks([broken.Good, Subject(broken.OnPixels, name="on-pixels")], bits=[24])
def test_conformance(method, check):
    check(method)


def cases(*methods, **options):
    return {case.id: case for case in parametrize_with_checks(methods, **options).args[1]}


def test_each_pair_is_a_case_with_a_name():
    found = cases(broken.Good, Subject(broken.Good, name="again"))
    assert list(found)[:1] == ["good-check_presets"]
    assert set(found) == {f"{name}-{name_of(check)}" for name in ("good", "again") for check in CHECKS}
    assert [mark.name for mark in found["good-check_gpu"].marks] == ["gpu"]


def test_settings_and_bits_reach_the_method():
    subject = cases(broken.Good, settings={"good": {"steps": 2}}, bits=[64])["good-check_fit"].values[0]
    assert subject.config.steps == 2 and subject.bits == (64,)


def test_what_is_expected_to_fail_names_a_check_and_a_reason():
    reason = {"check_bits": "only 32"}
    for given in (reason, {"good": reason}):
        (mark,) = cases(broken.Good, xfail=given)["good-check_bits"].marks
        assert (mark.name, mark.kwargs["reason"], mark.kwargs["strict"]) == ("xfail", "only 32", True)
    with pytest.raises(UnknownNameError, match="unknown check 'check_bit'. Did you mean 'check_bits'"):
        cases(broken.Good, xfail={"check_bit": "why"})
    with pytest.raises(UnknownNameError, match="unknown method among those to check 'god'"):
        cases(broken.Good, xfail={"god": {"check_bits": "why"}})
    with pytest.raises(UnknownNameError, match="unknown method among those to check 'god'"):
        cases(broken.Good, settings={"god": {}})
    with pytest.raises(ConfigError, match="check_bits: Expected a reason"):
        cases(broken.Good, xfail={"check_bits": " "})


def test_a_stranger_sees_names_and_reasons_and_needs_no_configuration(tmp_path):
    code = """
        import broken, pytest
        from hashbench.testing import parametrize_with_checks

        XFAIL = {"check_codes": "float64 is meant", "check_bits": "no longer true"}

        @parametrize_with_checks([broken.Doubles], xfail=XFAIL)
        def test_conformance(method, check):
            check(method)

        def test_pictures(hashbench_pictures, hashbench_pixels, hashbench_backbone):
            assert len(hashbench_pictures.database()) == 336 and len(hashbench_pixels.database()) == 16
            assert hashbench_backbone.DIM == 64
        """
    (tmp_path / "test_it.py").write_text(textwrap.dedent(code))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-ra",
        "--strict-markers",
        "-p",
        "no:cacheprovider",
        "test_it.py",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(FOLDER), "PATH": "", "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "XFAIL test_it.py::test_conformance[good-check_codes] - float64 is meant" in done.stdout
    assert (
        "FAILED test_it.py::test_conformance[good-check_bits] - [XPASS(strict)] no longer true"
        in done.stdout
    )
    assert "1 failed, 21 passed, 1 skipped, 1 xfailed" in done.stdout, done.stdout


def test_a_failure_is_told_without_the_kits_own_frames():
    check = cases(broken.Doubles)["good-check_codes"].values[1]
    with pytest.raises(pytest.fail.Exception, match="embed gave float64") as failure:
        check(Subject(broken.Doubles))
    assert failure.value.pytrace is False


def test_the_pictures_are_what_they_are_said_to_be(hashbench_pictures, hashbench_pixels):
    from hashbench.tags.embeddings import embed_tags

    for pictures in (hashbench_pictures, hashbench_pixels):
        assert pictures.labels.any(axis=1).all() and pictures.query_labels.any(axis=1).all()
        assert not pictures.items.flags.writeable and not pictures.labels.flags.writeable
        # From the training images, no way leads to the queries.
        assert pictures.items.base is None and pictures.labels.base is None
        for supervision in Supervision:
            view = pictures.train(supervision)
            assert len(view) == len(pictures.labels) == len(pictures.tags)
        assert embed_tags(pictures.tags.vocabulary).known.mean() > 0.9
        assert np.unique(pictures.concepts).tolist() == list(range(len(pictures.names)))
    assert hashbench_pictures.items.shape == (336, 96) and hashbench_pictures.queries.shape == (64, 96)
    assert hashbench_pixels.items.shape == (16, 32, 32, 3) and hashbench_pixels.items.dtype == np.uint8


def test_the_pictures_take_little_room():
    from hashbench.testing import pictures

    assert Path(pictures.__file__).with_name("pictures.npz").stat().st_size < 200_000
