"""Small indexes of drawn shapes, of which neither the pictures nor the run store are left."""

import contextlib
import io
import shutil

from hashbench.cli.app import main

PICTURES = 60
# Learnt in a moment.
SETTINGS = {"wsdhq": ["iterations=40", "hidden=64", "update_every=10", "merge=false"]}


def call(*arguments):
    """A command that ends well, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            assert not stop.code, errors.getvalue()


def draw_pictures(folder, pictures=PICTURES):
    """Files of drawn shapes, some of them below a folder, and one that is damaged."""
    from stranger import draw

    for number in range(pictures):
        content, shape, colour = draw(number)
        path = folder / ("first" if number < 10 else "") / f"{number:03}-{colour}-{shape}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "damaged.png").write_bytes(draw(0)[0][:60])


def made_run(folder, method):
    """A run of a method on the shapes, in a store in that folder; returns the store."""
    settings = [word for setting in SETTINGS.get(method, []) for word in ("--set", setting)]
    data = ["--dataset", "shapes", "--backbone", "pooled"]
    call("run", "--method", method, "--bits", 16, *data, *settings, "--runs", folder / "runs")
    return folder / "runs"


def made_index(folder, method):
    """An index in shards of 25 pictures; returns its folder."""
    draw_pictures(folder / "pictures")
    runs = made_run(folder, method)
    call("index", method, folder / "pictures", "-o", folder / "index", "--shard", 25, "--runs", runs)
    shutil.rmtree(runs)
    shutil.rmtree(folder / "pictures")
    return folder / "index"
