"""Carrying checks out, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hashbench.errors import ConfigError, UnknownNameError
from hashbench.testing.checks import CHECKS, Check, name_of
from hashbench.testing.outcome import CheckFailed, CheckSkipped, said
from hashbench.testing.subject import Subject


class Outcome(StrEnum):
    """How a check went."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPECTED = "expected"


@dataclass(frozen=True)
class Result:
    """What came of one check.

    Attributes:
        check: Its name.
        outcome: How it went; `expected` is a failure that was announced.
        message: Why it failed or was skipped, and what to do; empty where it is ok.
        seconds: How long it took.
    """

    check: str
    outcome: Outcome
    message: str
    seconds: float


def expected_failures(announced: Mapping[str, str]) -> Mapping[str, str]:
    """The reasons by check, as they were given, if each names a check and a reason.

    Raises:
        UnknownNameError: There is no such check.
        ConfigError: A reason is empty.
    """
    known = [name_of(check) for check in CHECKS]
    for name, reason in announced.items():
        if name not in known:
            raise UnknownNameError("check", name, known)
        if not reason.strip():
            raise ConfigError(f"expected failure of {name}: Expected a reason.")
    return announced


def run_checks(subject: Subject, announced: Mapping[str, str] | None = None) -> Iterator[Result]:
    """Carry out all checks, in order.

    Args:
        subject: What is checked.
        announced: Reasons of expected failures, by check; one that does not fail counts as failed.

    Raises:
        UnknownNameError: There is no such check.
        ConfigError: A reason is empty.
    """
    reasons = expected_failures(announced or {})
    for check in CHECKS:
        start = time.perf_counter()
        outcome, message = _outcome(check, subject)
        reason = reasons.get(name_of(check))
        if reason is not None and outcome is Outcome.FAILED:
            outcome, message = Outcome.EXPECTED, f"{reason} ({message})"
        elif reason is not None and outcome is Outcome.OK:
            outcome = Outcome.FAILED
            message = f"passes, and was expected to fail: {reason}. Take the expectation away."
        yield Result(name_of(check), outcome, message, time.perf_counter() - start)


def _outcome(check: Check, subject: Subject) -> tuple[Outcome, str]:
    try:
        check(subject)
    except CheckSkipped as skip:
        return Outcome.SKIPPED, str(skip)
    except CheckFailed as failure:
        return Outcome.FAILED, str(failure)
    except Exception as error:  # the method raised where no check expected it
        return Outcome.FAILED, f"{said(error)}. No check expects this; look at the traceback in a test."
    return Outcome.OK, ""
