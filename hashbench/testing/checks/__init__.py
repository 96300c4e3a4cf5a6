"""The rules that every method keeps, as functions that look whether one does."""

from __future__ import annotations

from collections.abc import Callable

from hashbench.testing.checks.codes import check_bits, check_chance, check_codes
from hashbench.testing.checks.encoding import check_batches, check_encoding_learns_nothing, check_memory
from hashbench.testing.checks.fitting import (
    check_bad_input,
    check_fit,
    check_inputs_unchanged,
    check_prepare,
    check_supervision,
)
from hashbench.testing.checks.manners import check_caller_state, check_gpu, check_interruption, check_pickle
from hashbench.testing.checks.seeds import check_other_seed, check_same_seed
from hashbench.testing.checks.settings import check_presets, check_settings_documented, check_settings_typed
from hashbench.testing.checks.state import (
    check_state_arrays,
    check_state_restores,
    check_trained_parameters,
)
from hashbench.testing.subject import Subject

Check = Callable[[Subject], None]

# In the order in which they are worth reading: what the first say explains the others.
CHECKS: tuple[Check, ...] = (
    check_presets,
    check_settings_typed,
    check_settings_documented,
    check_pickle,
    check_fit,
    check_supervision,
    check_codes,
    check_bits,
    check_chance,
    check_same_seed,
    check_other_seed,
    check_inputs_unchanged,
    check_prepare,
    check_caller_state,
    check_batches,
    check_encoding_learns_nothing,
    check_memory,
    check_state_arrays,
    check_state_restores,
    check_trained_parameters,
    check_interruption,
    check_bad_input,
    check_gpu,
)
NEED_GPU = frozenset({check_gpu})


def name_of(check: Check) -> str:
    """What a check is called."""
    return check.__name__


def rule_of(check: Check) -> str:
    """What it demands, in one line: the first of its docstring."""
    return (check.__doc__ or "").strip().splitlines()[0]
