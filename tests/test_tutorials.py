"""What docs/tutorials/ shows is what happens; docs/tutorials/index.md says how its blocks are marked."""

import contextlib
import doctest
import io
import itertools
import re
import runpy
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from hashbench.cli.app import app
from hashbench.plugins import ALL, Plugins

ROOT = Path(__file__).parent.parent
TUTORIALS = ROOT / "docs" / "tutorials"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MARKED = re.compile(
    r"^<!-- (run|file): ?(.*?) ?-->\n```(\w+)\n(.*?)^```$|^<!-- (run) -->\n```\w+\n(.*?)^```$", re.M | re.S
)
WRITTEN_BY_THE_READER = {"METHOD", "lateral", "superbit"}
LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def marked(page):
    """What a page has marked: `("file", name, text)` and `("run", exit status, text)`."""
    for kind, about, _, text, plain, commands in MARKED.findall(page.read_text()):
        if plain:
            yield "run", 0, commands
        elif kind == "run":
            yield "run", int(about.removeprefix("exits ")), text
        else:
            yield "file", about, text


def commands(text):
    """The commands of a console block, each with what is shown below it."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return [(words(command), "\n".join(shown)) for command, shown in found]


def words(command):
    """What a program is called with, up to where the shell does something else."""
    split = shlex.shlex(command, posix=True, punctuation_chars=True)
    split.whitespace_split = True
    return list(itertools.takewhile(lambda word: not set(word) <= set("|&;<>"), split))


class Terminal:
    """Carries out what the tutorials type, in this process."""

    def __init__(self, cli, monkeypatch):
        self.cli = cli
        self.monkeypatch = monkeypatch

    def __call__(self, program, *arguments):
        """Exit status and what is printed: standard output, or standard error where there is none."""
        match program, *arguments:
            case "hashbench", *rest:
                status, out, err = self.cli(*rest)
                return status or 0, out if out.strip() else err
            case "python", script:
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    runpy.run_path(script)
                return 0, printed.getvalue()
            case "ls", pattern:
                (folder,) = Path().glob(pattern)
                names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
                return 0, "\n".join(names)
            case "uv", "pip", "install", "-e", folder:
                return 0, self.install(Path(folder))
            case _:
                raise AssertionError(f"no tutorial types {program} {arguments}")

    def install(self, folder):
        """Put a project on the path, as an editable install does."""
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        information = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        points = "".join(
            f"[{group}]\n" + "".join(f"{name} = {module}\n" for name, module in entries.items())
            for group, entries in project["entry-points"].items()
        )
        (information / "entry_points.txt").write_text(points)
        self.monkeypatch.syspath_prepend(str(folder.resolve()))
        return ""


@pytest.fixture
def terminal(cli, monkeypatch, tmp_path):
    """A terminal in an empty folder, as wide as the pages take it to be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return Terminal(cli, monkeypatch)


def follow(page, terminal):
    """Write and run what a page has marked."""
    for kind, about, text in marked(page):
        if kind == "file":
            Path(about).parent.mkdir(exist_ok=True)
            Path(about).write_text(text)
            continue
        for command, shown in commands(text):
            status, printed = terminal(*command)
            assert status == about, (command, printed)
            if shown:
                like = doctest.OutputChecker().check_output(shown + "\n", printed, LIKE)
                assert like, f"{shlex.join(command)} printed\n{printed}\nand not\n{shown}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first-method", "your-photos", "reproduce-a-table", "read-a-run"])
def test_a_tutorial_does_what_it_shows(name, terminal):
    follow(TUTORIALS / f"{name}.md", terminal)
    if name == "reproduce-a-table":
        shown = scores((TUTORIALS / f"{name}.md").read_text())
        assert len(shown) == 6
        assert scores(Path("table.md").read_text()) == pytest.approx(shown, abs=0.03)


def scores(text):
    """mAP@all of each row of a table, by method and bits."""
    rows = re.findall(r"^\| none \| (\w+) \| (\d+) \| [*<u>]*([\d.]+)", text, flags=re.M)
    return {(method, bits): float(value) for method, bits, value in rows}


def test_every_tutorial_is_followed():
    assert {page.stem for page in TUTORIALS.glob("*.md")} == {
        "index",
        "first-method",
        "your-photos",
        "reproduce-a-table",
        "read-a-run",
    }


def test_a_first_method_is_short():
    files = {name: text for kind, name, text in marked(TUTORIALS / "first-method.md") if kind == "file"}
    lines = files["superbit/superbit.py"].splitlines()
    assert len([line for line in lines if line.strip()]) < 60


def typed():
    """Every `hashbench` command of a console block, by page."""
    for page in PAGES:
        for block in re.findall(r"^ *```console\n(.*?)^ *```$", page.read_text(), flags=re.M | re.S):
            text = (
                block if re.search(r"^\s*\$ ", block, flags=re.M) else re.sub(r"^", "$ ", block, flags=re.M)
            )
            for command, _ in commands("\n".join(line.strip() for line in text.splitlines())):
                program, *arguments = command[2:] if command[:2] == ["uv", "run"] else command
                if program == "hashbench":
                    yield pytest.param(arguments, id=f"{page.relative_to(ROOT)}: {shlex.join(arguments)}")


@pytest.mark.parametrize("arguments", list(typed()))
def test_the_command_line_takes_what_is_typed(arguments):
    command, path = typer.main.get_command(app), "hashbench"
    context = None
    while hasattr(command, "commands"):
        path = f"{path} {arguments[0]}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    context = command.make_context(path, list(arguments), parent=context)
    assert not context.args
    if path == "hashbench run":
        known = {name: set(cls.Config.model_fields) for name, cls in Plugins().methods.items()}
        methods = set(context.params["method"]) - WRITTEN_BY_THE_READER
        assert methods <= {*known, ALL}
        for pair in context.params["settings"] or []:
            method, _, key = pair.partition("=")[0].rpartition(".")
            takers = {method} if method else methods
            assert all(key in known[name] for name in takers), pair


def test_many_commands_are_read():
    assert len(list(typed())) > 60
