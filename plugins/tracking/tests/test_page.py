"""The writer on the documentation's page works as it stands there."""

import json
import re
from pathlib import Path

from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress

PAGE = Path(__file__).parents[3] / "docs" / "tracking.md"


def test_the_writer_of_ten_lines_runs_from_its_page(tmp_path, monkeypatch, record):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (project,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert 'lines = "lines"' in project
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    (tmp_path / "lines.py").write_text(code)
    information = tmp_path / "hashbench_lines-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: hashbench-lines\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[hashbench]\nlines = lines\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        Plugins().run_finished(record, SilentProgress())
    lines = [json.loads(line) for line in (tmp_path / "finished.jsonl").read_text().splitlines()]
    assert lines == [{"run": record.spec.run_id(), **record.metrics("hashbench")}] * 2
