"""A broken plugin is reported with its reason and never stops a command."""

import sys
import types
from importlib.metadata import EntryPoint, entry_points

import pytest

from hashbench import hookimpl
from hashbench.data.supervision import Supervision
from hashbench.errors import ConfigError, UnknownNameError
from hashbench.plugins import Plugins, pick

STRANGER = EntryPoint("stranger", "stranger", "hashbench")


def plugins_with(monkeypatch, **members):
    """The stranger's plugin, and another with the given hooks that is found after it."""
    module = types.ModuleType("suspect")
    for name, member in members.items():
        setattr(module, name, member)
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
    assert error.startswith("unknown hook 'hashbench_method'. Did you mean 'hashbench_methods'?")


def test_a_hook_that_nobody_marked(monkeypatch):
    plugins = plugins_with(monkeypatch, hashbench_methods=lambda: [])
    assert reports(plugins)["suspect"] == (
        "function hashbench_methods is not marked. Expected @hookimpl above it."
    )


def test_a_hook_with_arguments_that_there_are_not(monkeypatch):
    @hookimpl
    def hashbench_methods(wanted):
        return []

    plugins = plugins_with(monkeypatch, hashbench_methods=hashbench_methods)
    assert "wanted" in reports(plugins)["suspect"]
    assert "signs" in plugins.methods


def test_a_module_that_ends_the_program(tmp_path, monkeypatch):
    (tmp_path / "quitter.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins = Plugins([EntryPoint("quitter", "quitter", "hashbench"), STRANGER])
    assert reports(plugins)["quitter"] == "SystemExit: 3"
    assert "signs" in plugins.methods


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
    [
        ([42], "Expected subclasses of Method"),
        ([dict], "Expected subclasses of Method"),
        (None, "hashbench_methods returned None. Expected a list of subclasses of Method."),
        ("signs", "hashbench_methods returned 'signs'. Expected a list of subclasses of Method."),
    ],
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


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"fit": None}, "class Half has no DESCRIPTION. See Method."),
        (
            {"DESCRIPTION": 7, "SUPERVISION": Supervision.NONE},
            "class Half has DESCRIPTION 7. Expected a string.",
        ),
        ({"DESCRIPTION": "half"}, "class Half has no SUPERVISION. See Method."),
        (
            {"DESCRIPTION": "half", "SUPERVISION": "tags"},
            "class Half has SUPERVISION 'tags'. Expected a member of Supervision: none, tags, web, labels.",
        ),
        (
            {"DESCRIPTION": "half", "SUPERVISION": Supervision.TAGS, "fit": None, "state": None},
            "class Half does not define embed, load_state, quantize.",
        ),
    ],
)
def test_classes_that_are_not_complete(monkeypatch, members, expected):
    @hookimpl
    def hashbench_methods():
        from hashbench.methods.method import Method

        return [type("Half", (Method,), {"PLUGIN_NAME": "half", **members})]

    plugins = plugins_with(monkeypatch, hashbench_methods=hashbench_methods)
    assert reports(plugins)["suspect"] == expected
    assert "half" not in plugins.methods


@pytest.mark.parametrize(
    ("declared", "note", "error"),
    [
        (None, "declares no HASHBENCH_API: taken for 5", ""),
        (5, "", ""),
        (3, "written for plugin API 3, and this is 5: the changelog says what changed", ""),
        (2, "", "written for plugin API 2, and this hashbench serves 3 to 5."),
        (6, "", "written for plugin API 6, and this hashbench has 5. Expected a newer hashbench,"),
        ("5", "", "HASHBENCH_API is '5'. Expected a whole number, 5 today."),
    ],
)
def test_the_api_version_that_a_plugin_was_written_for(monkeypatch, declared, note, error):
    @hookimpl
    def hashbench_methods():
        from stranger import Signs

        return [type("Other", (Signs,), {"PLUGIN_NAME": "other"})]

    monkeypatch.setattr("hashbench.api_version.API_VERSION", 5)
    monkeypatch.setattr("hashbench.api_version.OLDEST_API", 3)
    plugins = plugins_with(monkeypatch, hashbench_methods=hashbench_methods, HASHBENCH_API=declared)
    report = plugins.reports()[-1]
    assert report.note == note and report.error.startswith(error)
    assert bool(report.error) == bool(error)
    assert ("other" in plugins.methods) == (not error)


def test_this_repository_declares_the_api_that_it_has():
    notes = {one.name: one.note for one in Plugins().reports()}
    assert {name for name, note in notes.items() if note} == {"stranger"}


def loaded():
    return {report.name for report in Plugins().reports()}


def test_the_environment_says_what_is_loaded(monkeypatch):
    found = {entry.name for entry in entry_points(group="hashbench")}
    assert loaded() == {"built-in", *found}
    monkeypatch.setenv("HASHBENCH_PLUGINS", "Hashbench_Tracking, stranger,")
    assert loaded() == {"built-in", "mlflow", "tensorboard", "stranger"}
    monkeypatch.setenv("HASHBENCH_PLUGINS", "")
    assert loaded() == {"built-in"}


def test_an_unknown_name_in_the_environment_is_one_line(cli, monkeypatch):
    monkeypatch.setenv("HASHBENCH_PLUGINS", "stranger,wsdqh")
    status, out, err = cli("plugins")
    assert (status, out) == (2, "")
    assert err.startswith("error: unknown plugin in HASHBENCH_PLUGINS 'wsdqh'. Did you mean 'wsdhq'?")
    assert err.count("\n") == 1


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
    assert status == 1
    assert "No module named 'no_such_module'" in out


def test_a_reason_is_shown_to_the_letter(cli, monkeypatch, tmp_path):
    (tmp_path / "odd.py").write_text("raise ValueError('expected [bold] and [1]')")
    monkeypatch.syspath_prepend(str(tmp_path))
    broken = Plugins([EntryPoint("odd", "odd", "hashbench")])
    monkeypatch.setattr("hashbench.plugins.Plugins", lambda: broken)
    assert "ValueError: expected [bold] and [1]" in cli("plugins")[1]


def test_the_command_shows_what_was_not_declared(cli):
    status, out, _ = cli("plugins")
    assert status in (0, None)
    assert "works; declares no HASHBENCH_API: taken for" in out


def test_defaults_are_chosen_only_where_there_is_one():
    one, two = type("One", (), {"IS_DEFAULT": True}), type("Two", (), {"IS_DEFAULT": True})
    assert pick("thing", None, {"one": one, "two": object}) is one
    with pytest.raises(ConfigError, match="no single default. Known: one, two"):
        pick("thing", None, {"one": one, "two": two})
    with pytest.raises(ConfigError, match="none installed"):
        pick("thing", None, {})
    with pytest.raises(UnknownNameError, match="unknown thing 'onne'. Did you mean 'one'"):
        pick("thing", "onne", {"one": one})
