"""Each check finds what breaks its rule, and that alone; and says what to do about it."""

import broken
import pytest
import torch

from hashbench.testing.caller import Caller
from hashbench.testing.checks import CHECKS, name_of, rule_of
from hashbench.testing.outcome import CheckFailed, CheckSkipped
from hashbench.testing.running import Outcome, run_checks
from hashbench.testing.subject import Subject

# What breaks a check, and words of the mend.
BROKEN = [
    (broken.WrongPreset, "check_presets", "Give it settings of Config"),
    (broken.TakesAnySetting, "check_settings_typed", "Keep MethodConfig's model_config"),
    (broken.TakesAnyValue, "check_settings_typed", "setting 'mode' takes [{}]. Annotate it"),
    (broken.Undocumented, "check_settings_documented", "what steps is. Write"),
    (broken.Unpicklable, "check_pickle", "Define both at the top of a module"),
    (broken.Crashes, "check_fit", "IndexError: list index out of range. Make it work"),
    (broken.AsksForLabels, "check_supervision", "Learn from what SUPERVISION = 'none' brings"),
    (broken.Doubles, "check_codes", ".astype(np.float32) makes one"),
    (broken.AlwaysSixteen, "check_bits", "it gave codes of 16. Expected 32: make codes of context.bits"),
    (broken.Refuses, "check_bits", "ZeroDivisionError: division by zero. Make codes of context.bits"),
    (broken.Blind, "check_chance", "Look whether codes of like pictures are near each other"),
    (broken.Unseeded, "check_same_seed", "Derive everything random from the context's seed"),
    (broken.Fixed, "check_other_seed", "Set RANDOM = False on the class"),
    (broken.NotFixed, "check_other_seed", "Set RANDOM = True, or leave the seed alone"),
    (broken.CentresInPlace, "check_inputs_unchanged", "(items). Work on a copy"),
    (broken.NeedsToWrite, "check_inputs_unchanged", "read-only. Copy before you write"),
    (broken.PreparesToo, "check_prepare", "draw, learn and count nothing"),
    (broken.SeedsTheWorld, "check_caller_state", "numpy.random's state. Draw from generators of your own"),
    (broken.CentresTheBatch, "check_batches", "Learn in fit, and not from the images that are encoded"),
    (broken.Counts, "check_encoding_learns_nothing", "(seen). Let embed and quantize read"),
    (broken.ComparesAll, "check_memory", "Expected 256 or less. Go through the images"),
    (broken.KeepsText, "check_state_arrays", "'name' is a str. Give NumPy arrays of numbers"),
    (broken.KeepsNoNumber, "check_state_arrays", "scale holds numbers that are not finite. Look for"),
    (broken.Forgets, "check_state_restores", "Put everything that fit learnt or drew into state()"),
    (broken.TrustsOrder, "check_state_restores", "a file keeps no order"),
    (broken.DeniesLearning, "check_trained_parameters", "Count what fit learns from them"),
    (broken.HalfAParameter, "check_trained_parameters", "Return how many numbers fit learnt, as an int"),
    (broken.LeavesASwitch, "check_interruption", "torch's threads is not as before. Set it back"),
    (broken.GoesOn, "check_interruption", "Let fit begin anew"),
    (broken.Swallows, "check_interruption", "Catch Exception, not BaseException"),
    (broken.FailsOnOne, "check_bad_input", "ends in ValueError: need at least two. Raise"),
    (broken.DividesBySpread, "check_bad_input", "embeddings that are not finite. Raise"),
]


def outcomes(subject):
    return {result.check: result for result in run_checks(subject)}


@pytest.mark.parametrize("cls", [broken.Good, broken.OnTags, broken.OnPixels], ids=lambda cls: cls.__name__)
def test_a_good_method_passes_all(cls):
    found = outcomes(Subject(cls)).values()
    assert [result for result in found if result.outcome is Outcome.FAILED] == []
    skipped = {result.check for result in found if result.outcome is Outcome.SKIPPED}
    assert skipped <= {"check_gpu"} | (
        {"check_memory", "check_chance"} if cls is broken.OnPixels else set()
    )


@pytest.mark.parametrize(("cls", "check", "mend"), BROKEN, ids=[cls.__name__ for cls, _, _ in BROKEN])
def test_a_broken_method_fails_that_check_alone(cls, check, mend):
    found = outcomes(Subject(cls))
    failed = {name for name, result in found.items() if result.outcome is Outcome.FAILED}
    assert failed == {check}, found
    assert mend in found[check].message and "\n" not in found[check].message


def test_every_check_is_broken_by_one():
    on_gpu_only = {"check_gpu"}
    assert {check for _, check, _ in BROKEN} | on_gpu_only == {name_of(check) for check in CHECKS}


def test_every_check_says_its_rule_in_a_line():
    rules = [rule_of(check) for check in CHECKS]
    assert len(set(rules)) == len(rules)
    assert all(rule.endswith(".") and not rule.startswith("Check") for rule in rules)


def test_without_a_gpu_its_check_is_skipped(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    check = next(check for check in CHECKS if name_of(check) == "check_gpu")
    with pytest.raises(CheckSkipped, match="no CUDA device"):
        check(Subject(broken.Good))


def test_what_fails_on_another_device_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check = next(check for check in CHECKS if name_of(check) == "check_gpu")
    check(Subject(broken.Good))  # computes with NumPy, whatever the device
    with pytest.raises(CheckFailed, match="Put tensors on context.device"):
        check(Subject(broken.NoGpu))


def test_the_caller_is_left_alone_even_by_a_method_that_does_not():
    before = Caller()
    outcomes(Subject(broken.SeedsTheWorld))
    outcomes(Subject(broken.LeavesASwitch))
    assert before.changed() == []


def test_bits_of_a_method_are_those_that_were_asked_for():
    with pytest.raises(CheckFailed, match="with 8 bits"):
        next(c for c in CHECKS if name_of(c) == "check_bits")(Subject(broken.Refuses, bits=[8]))
    next(c for c in CHECKS if name_of(c) == "check_bits")(Subject(broken.Refuses, bits=[24]))
