"""Files of a run that are changed so that their hashes still fit."""

import json

from hashbench import fingerprint
from hashbench.runs.folder import HASHES


def change(folder, name, edit):
    """Edit a JSON file, and make its hash fit."""
    value = json.loads((folder / name).read_text())
    edit(value)
    (folder / name).write_text(json.dumps(value))
    settle(folder, name)


def settle(folder, name):
    """Make a file's hash fit."""
    hashes = json.loads((folder / HASHES).read_text())
    (folder / HASHES).write_text(json.dumps(hashes | {name: fingerprint.of_file(folder / name)}))
