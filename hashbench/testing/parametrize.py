"""The checks as cases of pytest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hashbench.errors import UnknownNameError

if TYPE_CHECKING:
    import pytest

    from hashbench.methods.method import Method
    from hashbench.testing.checks import Check
    from hashbench.testing.subject import Subject


def parametrize_with_checks(
    methods: Iterable[type[Method] | Subject],
    *,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    xfail: Mapping[str, str | Mapping[str, str]] | None = None,
    bits: Sequence[int] = (8, 16),
) -> pytest.MarkDecorator:
    """Let a test of `method` and `check` be one case for each method and each check.

        @parametrize_with_checks([MyMethod], settings={"mymethod": {"iterations": 20}})
        def test_conformance(method, check):
            check(method)

    Args:
        methods: Classes, or subjects, for a class under several settings.
        settings: What makes methods quick, by their names.
        xfail: Why a check is expected to fail, by the check's name, for all methods, or by a method's and
            then the check's. A check that passes all the same is a failure.
        bits: Budgets that methods have to honour, besides 32.

    Raises:
        UnknownNameError: There is no such method or check.
        ConfigError: An expected failure has no reason.
    """
    import pytest  # noqa: PLC0415 - the command line does without

    from hashbench.testing.checks import CHECKS, name_of  # noqa: PLC0415
    from hashbench.testing.subject import Subject  # noqa: PLC0415

    chosen = dict(settings or {})
    subjects = [
        one if isinstance(one, Subject) else Subject(one, chosen.get(one.PLUGIN_NAME), bits=bits)
        for one in methods
    ]
    reasons = _reasons(xfail or {}, {subject.name for subject in subjects}, chosen)
    cases = [
        pytest.param(
            subject,
            _in_pytest(check),
            id=f"{subject.name}-{name_of(check)}",
            marks=_marks(check, reasons[subject.name].get(name_of(check))),
        )
        for subject in subjects
        for check in CHECKS
    ]
    return pytest.mark.parametrize(("method", "check"), cases)


def _reasons(
    xfail: Mapping[str, str | Mapping[str, str]], names: set[str], settings: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Why checks are expected to fail, by method and check."""
    from hashbench.testing.running import expected_failures  # noqa: PLC0415

    for name in [*settings, *(name for name, told in xfail.items() if not isinstance(told, str))]:
        if name not in names:
            raise UnknownNameError("method among those to check", name, names)
    for_all = {check: reason for check, reason in xfail.items() if isinstance(reason, str)}
    own = {name: told for name, told in xfail.items() if not isinstance(told, str)}
    return {name: dict(expected_failures({**for_all, **own.get(name, {})})) for name in names}


def _marks(check: Check, reason: str | None) -> list[pytest.MarkDecorator]:
    import pytest  # noqa: PLC0415

    from hashbench.testing.checks import NEED_GPU  # noqa: PLC0415

    marks = [pytest.mark.gpu] if check in NEED_GPU else []
    if reason is not None:
        failure = pytest.fail.Exception
        marks.append(pytest.mark.xfail(reason=reason, strict=True, raises=failure))
    return marks


def _in_pytest(check: Check) -> Check:
    """The check, whose outcomes are pytest's."""
    from functools import wraps  # noqa: PLC0415

    import pytest  # noqa: PLC0415

    from hashbench.testing.outcome import CheckFailed, CheckSkipped  # noqa: PLC0415

    @wraps(check)
    def checked(method: Subject) -> None:
        try:
            check(method)
        except CheckSkipped as skip:
            pytest.skip(str(skip))
        except CheckFailed as failure:
            # Where it was raised tells nothing; what the method raised, if it did, does.
            if failure.__cause__ is not None:
                raise pytest.fail.Exception(str(failure)) from failure.__cause__
            pytest.fail(str(failure), pytrace=False)

    return checked
