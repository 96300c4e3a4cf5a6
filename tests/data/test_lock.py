"""Two processes never make the same thing at the same time."""

import subprocess
import sys

from hashbench.data.lock import alone
from hashbench.progress import LoggedProgress, SilentProgress

HOLD = """
import sys
from pathlib import Path
from hashbench.data.lock import alone
from hashbench.progress import SilentProgress
with alone(Path(sys.argv[1]), "it", SilentProgress()):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(target):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_who_comes_first_is_not_told_to_wait(tmp_path):
    said = LoggedProgress(SilentProgress())
    with alone(tmp_path / "new" / "target", "it", said) as waited:
        assert not waited and said.lines == []


def test_another_process_is_waited_for_until_it_lets_go_or_dies(tmp_path):
    for end in ("lets go", "dies"):
        process = hold(tmp_path / "target")
        said = LoggedProgress(SilentProgress())

        def end_it(*_, process=process, end=end, said=said):
            said.lines.append("waiting")
            process.kill() if end == "dies" else process.stdin.close()

        said.note = end_it
        with alone(tmp_path / "target", "it", said) as waited:
            assert waited and said.lines == ["waiting"]
        process.wait()


def test_where_files_cannot_be_locked_work_goes_on(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with alone(tmp_path / "target", "it", SilentProgress()) as waited:
        assert not waited
