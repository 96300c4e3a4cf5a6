"""`hashbench plugin check`: a table of rules kept and broken, and an exit status for scripts."""

import json

import pytest

from hashbench.testing.checks import CHECKS, name_of


def test_a_method_that_keeps_the_contract(cli):
    status, out, err = cli("plugin", "check", "lsh", "--format", "json")
    found = json.loads(out)
    assert status in (0, None), (out, err)
    assert [one["check"] for one in found] == [name_of(check) for check in CHECKS]
    assert {one["outcome"] for one in found} <= {"ok", "skipped"}
    assert all(one["seconds"] >= 0 and (one["outcome"] == "ok") == (one["message"] == "") for one in found)


def test_a_method_that_breaks_rules_ends_with_status_1(cli):
    status, out, _ = cli("plugin", "check", "peeker")
    assert status == 1
    assert "check_supervision" in out and "failed" in out and "declare more." in out
    assert "see check_supervision" in out


def test_expected_failures_carry_their_reason_and_must_fail(cli):
    arguments = ("plugin", "check", "peeker", "--format", "json")
    status, out, _ = cli(*arguments, "--xfail", "check_supervision=it peeks")
    outcome = {one["check"]: one for one in json.loads(out)}
    assert outcome["check_supervision"]["outcome"] == "expected"
    assert outcome["check_supervision"]["message"].startswith("it peeks (")
    assert status == (1 if any(one["outcome"] == "failed" for one in outcome.values()) else 0)
    status, out, _ = cli(*arguments, "--xfail", "check_pickle=cannot")
    outcome = {one["check"]: one for one in json.loads(out)}
    assert status == 1 and outcome["check_pickle"]["outcome"] == "failed"
    assert "was expected to fail: cannot. Take the expectation away." in outcome["check_pickle"]["message"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("wsdqh",), "unknown method 'wsdqh'. Did you mean 'wsdhq'?"),
        (("lsh", "--set", "iterations"), "--set 'iterations': Expected key=value."),
        (("itq", "--set", "iterations=2", "--set", "iterations=3"), "iterations is given twice"),
        (("itq", "--set", "iteration=2"), "Did you mean 'iterations'?"),
        (("lsh", "--xfail", "check_bit=why"), "unknown check 'check_bit'. Did you mean 'check_bits'?"),
        (("lsh", "--bits", "few"), "--bits 'few': Expected whole numbers between commas."),
    ],
)
def test_bad_input_is_one_line(cli, arguments, expected):
    status, out, err = cli("plugin", "check", *arguments)
    assert (status, out) == (2, "")
    assert expected in err and err.strip().splitlines()[-1].startswith("error: ")
