"""Nobody pays for a tracker that nobody asked for."""

import subprocess
import sys


def test_nothing_is_imported_or_written_unless_it_is_asked_for(tmp_path):
    code = (
        "import sys; from hashbench_tracking import mlflow_writer, tensorboard_writer\n"
        "for writer in (mlflow_writer, tensorboard_writer): writer.hashbench_run_finished(None)\n"
        "print(sorted({'torch', 'numpy', 'mlflow', 'tensorboard'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
