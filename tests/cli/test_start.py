"""What a command costs before it does anything."""

import subprocess
import sys

import pytest

from hashbench import API_VERSION, __version__

# What takes long to import; nobody who asks for help needs any of it.
HEAVY = {
    *(
        "PIL",
        "faiss",
        "h5py",
        "huggingface_hub",
        "jinja2",
        "lightning_fabric",
        "matplotlib",
        "numba",
        "numpy",
    ),
    *(
        "pandas",
        "pyarrow",
        "pydantic",
        "scipy",
        "sklearn",
        "tabulate",
        "timm",
        "torch",
        "torchvision",
        "yaml",
    ),
}
# Typer reads the options of a command with it.
TYPERS_OWN = {"pydantic"}


def imported_by(*arguments):
    """The modules that a call of the command line has imported when it is done."""
    code = (
        "import sys\n"
        "from hashbench.cli.app import main\n"
        "try:\n"
        f"    main({list(arguments)!r})\n"
        "finally:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_asking_for_help_imports_nothing_heavy(option):
    assert imported_by(option) & HEAVY == set()


@pytest.mark.parametrize("command", ["run", "leaderboard", "plugin"])
def test_asking_for_help_on_a_command_imports_nothing_heavy(command):
    assert imported_by(command, "--help") & HEAVY <= TYPERS_OWN


def test_the_version_is_said(cli):
    status, out, _ = cli("--version")
    assert status in (0, None)
    assert out == f"hashbench {__version__}, plugin API {API_VERSION}\n"


@pytest.mark.parametrize("arguments", [[], ["runs"], ["plugin"]])
def test_a_command_that_lacks_its_second_word_shows_what_there_is(cli, arguments):
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("Usage: hashbench") and "\nCommands:\n" in err
