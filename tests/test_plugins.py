"""A broken plugin is reported with its reason and never stops a command."""

import sys
import types
from importlib.metadata import EntryPoint

import pytest

from hashbench import hookimpl
from hashbench.errors import ConfigError, UnknownNameError
from hashbench.plugins import Plugins, pick

STRANGER = EntryPoint("stranger", "stranger", "hashbench")


def plugins_with(monkeypatch, **functions):
    """The stranger's plugin, and another with the given hooks that is found after it."""
    module = types.ModuleType("suspect")
    for name, function in functions.items():
        setattr(module, name, function)
    monkeypatch.setitem(sys.modules, "suspect", module)
    return Plugins([STRANGER, EntryPoint("suspect", "suspect", "hashbench")])


def reports(plugins):
    return {report.name: report.error for report in plugins.reports()}


def test_everything_installed_works():
    assert set(reports(Plugins()).values()) == {""}


def test_a_plugin_that_cannot_be_imported():
    plugins = Plugins([EntryPoint("gone", "no_such_module", "hashbench"), STRANGER])
    assert reports(plugins) == {
        "built-in": "",
        "gone": "ModuleNotFoundError: No module named 'no_such_module'",
        "stranger": "",
    }
    assert "signs" in plugins.methods


def test_two_plugins_of_one_name_are_told_apart(monkeypatch):
    monkeypatch.setitem(sys.modules, "namesake", types.ModuleType("namesake"))
    plugins = Plugins([STRANGER, EntryPoint("stranger", "namesake", "hashbench")])
    assert reports(plugins) == {"built-in": "", "stranger": "", "stranger (?)": ""}
    assert "signs" in plugins.methods


def test_a_hook_that_raises(monkeypatch):
    @hookimpl
    def hashbench_methods():
        raise RuntimeError("no GPU,\nno fun")

    plugins = plugins_with(monkeypatch, hashbench_methods=hashbench_methods)
    assert reports(plugins)["suspect"] == "RuntimeError: no GPU, no fun"
    assert "signs" in plugins.methods


def test_a_misspelt_hook(monkeypatch):
    @hookimpl
    def hashbench_method():
        return []

    error = reports(plugins_with(monkeypatch, hashbench_method=hashbench_method))["suspect"]
    assert "hashbench_method" in error


def test_a_name_that_is_taken_names_both_classes(monkeypatch):
    @hookimpl
    def hashbench_methods():
        from stranger import Signs

        return [type("Rival", (Signs,), {"PLUGIN_NAME": "signs", "__module__": "suspect"})]

    plugins = plugins_with(monkeypatch, hashbench_methods=hashbench_methods)
    errors = [error for error in reports(plugins).values() if error]
    assert len(errors) == 1
    assert "suspect.Rival" in errors[0] and "stranger.Signs" in errors[0]


@pytest.mark.parametrize(
    ("returned", "expected"),
    [([42], "Expected subclasses of Method"), ([dict], "Expected subclasses of Method")],
)
def test_classes_of_the_wrong_kind(monkeypatch, returned, expected):
    @hookimpl
    def hashbench_methods():
        return returned

    assert expected in reports(plugins_with(monkeypatch, hashbench_methods=hashbench_methods))["suspect"]


def test_families_of_the_wrong_kind(monkeypatch):
    @hookimpl
    def hashbench_backbone_families():
        from stranger import Pooled

        return [Pooled]

    plugins = plugins_with(monkeypatch, hashbench_backbone_families=hashbench_backbone_families)
    assert "Expected subclasses of BackboneFamily" in reports(plugins)["suspect"]
    assert "pool" in plugins.backbone_families


def test_a_class_without_a_name(monkeypatch):
    @hookimpl
    def hashbench_methods():
        from hashbench.methods.method import Method

        return [type("Nameless", (Method,), {})]

    error = reports(plugins_with(monkeypatch, hashbench_methods=hashbench_methods))["suspect"]
    assert error == "class Nameless has no PLUGIN_NAME. Expected a string."


def test_nothing_is_named_like_the_word_for_all_methods(monkeypatch):
    @hookimpl
    def hashbench_methods():
        from stranger import Signs

        return [type("Greedy", (Signs,), {"PLUGIN_NAME": "all"})]

    plugins = plugins_with(monkeypatch, hashbench_methods=hashbench_methods)
    assert "'all', which stands for all methods" in reports(plugins)["suspect"]


def test_the_command_shows_broken_plugins(cli, monkeypatch):
    broken = Plugins([EntryPoint("gone", "no_such_module", "hashbench")])
    monkeypatch.setattr("hashbench.plugins.Plugins", lambda: broken)
    status, out, _ = cli("plugins")
    assert status in (0, None)
    assert "No module named 'no_such_module'" in out


def test_defaults_are_chosen_only_where_there_is_one():
    one, two = type("One", (), {"IS_DEFAULT": True}), type("Two", (), {"IS_DEFAULT": True})
    assert pick("thing", None, {"one": one, "two": object}) is one
    with pytest.raises(ConfigError, match="no single default. Known: one, two"):
        pick("thing", None, {"one": one, "two": two})
    with pytest.raises(ConfigError, match="none installed"):
        pick("thing", None, {})
    with pytest.raises(UnknownNameError, match="unknown thing 'onne'. Did you mean 'one'"):
        pick("thing", "onne", {"one": one})
