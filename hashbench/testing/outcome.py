"""What may become of a check that does not pass."""

from __future__ import annotations


class CheckFailed(AssertionError):  # noqa: N818 - a method that fails is no error of the kit
    """A method breaks a rule; the message says how, and what to do about it."""


class CheckSkipped(Exception):  # noqa: N818 - it is no error
    """A rule cannot be looked at, here or for this method; the message says why."""


def require(holds: bool, message: str) -> None:
    """Fail a check unless the rule holds.

    Raises:
        CheckFailed: It does not.
    """
    if not holds:
        raise CheckFailed(message)


def said(error: BaseException) -> str:
    r"""An error's kind and first words, in one line without a full stop.

    >>> said(ValueError("two\nlines.")), said(EOFError())
    ('ValueError: two lines', 'EOFError')
    """
    words = " ".join(str(error).split())[:200].rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
