"""State: all that was learnt, in arrays that a file holds."""

from __future__ import annotations

import numpy as np

from hashbench.runs.folder import as_safetensors
from hashbench.testing.caller import undisturbed
from hashbench.testing.comparing import equal
from hashbench.testing.outcome import CheckFailed, CheckSkipped, require, said
from hashbench.testing.subject import Subject


def check_state_arrays(subject: Subject) -> None:
    """`state` gives NumPy arrays of finite numbers by name.

    Raises:
        CheckFailed: It gives something else.
    """
    state = subject.reference.state
    wrong = [
        f"{name!r} is {_told(array)}"
        for name, array in state.items()
        if not (isinstance(name, str) and isinstance(array, np.ndarray) and array.dtype.kind in "fiub")
    ]
    require(
        not wrong,
        f"in state(), {', '.join(wrong)}. Give NumPy arrays of numbers by name: tensor.cpu().numpy(), "
        "np.array(value); settings need not be kept, they are in the configuration.",
    )
    endless = [name for name, array in state.items() if not np.isfinite(array).all()]
    require(
        not endless,
        f"in state(), {', '.join(endless)} holds numbers that are not finite. Look for a division by zero "
        "or a learning rate that is too high.",
    )


def _told(value: object) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"


def check_state_restores(subject: Subject) -> None:
    """A fresh object of another seed that is given the state, from a file, gives the same codes.

    Raises:
        CheckFailed: It does not.
    """
    from safetensors.numpy import load  # noqa: PLC0415 - as the run store does

    fit, query = subject.reference, subject.pictures.query()
    try:
        stored = as_safetensors(fit.state)
    except Exception as error:
        raise CheckSkipped(f"the state cannot be saved ({said(error)}): see check_state_arrays") from error
    with undisturbed():
        other = subject.build(seed=7)
        other.prepare()
        try:
            other.load_state(dict(sorted(load(stored).items(), reverse=True)))
            codes = other.encode(query)
        except Exception as error:
            raise CheckFailed(
                f"a fresh object that was given the state raised {said(error)}. Let load_state set all "
                "that embed and quantize read, from the state by its names (a file keeps no order), the "
                "configuration and the context alone."
            ) from error
    require(
        equal(fit.query, codes),
        "a fresh object that was given the state, under another seed, codes the queries otherwise. Put "
        "everything that fit learnt or drew into state(), and take all of it back in load_state.",
    )


def check_trained_parameters(subject: Subject) -> None:
    """`trained_parameters` is a whole number; 0 says that codes do not depend on the training images.

    Raises:
        CheckFailed: It is not, or they do.
    """
    method, state = subject.reference.method, subject.reference.state
    if not all(isinstance(array, np.ndarray) for array in state.values()):
        raise CheckSkipped("the state holds what is no array: see check_state_arrays")
    count = method.trained_parameters
    require(
        isinstance(count, int) and count >= 0,
        f"trained_parameters is {count!r}. Return how many numbers fit learnt, as an int.",
    )
    require(
        not count or bool(state),
        f"trained_parameters is {count:,}, and state() is empty. Put what was learnt into state().",
    )
    if not count:
        subject.require_repeatable()
        half = subject.pictures.part(np.arange(0, len(subject.pictures.items), 2))
        other = subject.fitted(half.train(subject.cls.SUPERVISION))
        require(
            equal(subject.reference.query, other.encode(subject.pictures.query())),
            "trained_parameters is 0, and codes change with the training images. Count what fit learns "
            "from them; what is drawn may be left out.",
        )
