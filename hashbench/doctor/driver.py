"""What the system tells of NVIDIA's GPUs, without torch."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hashbench.doctor.finding import size
from hashbench.errors import reason

_PROGRAM = "nvidia-smi"
_SECONDS = 10
_LOADED = Path("/proc/driver/nvidia/version")
_DEVICES = Path("/dev")
_BUS = Path("/sys/bus/pci/devices")
_NVIDIA = "0x10de"
# The first digits of the class of a graphics card or of one that only computes.
_DISPLAY = "0x03"


@dataclass(frozen=True)
class Driver:
    """What was seen of a driver.

    Attributes:
        works: Whether it answers, or at least is loaded and shows a device.
        what: What was seen, for people.
        cards: How many GPUs it tells of; 0 where that is not seen.
        trouble: Why it cannot be used, where it is or should be there and does not work.
    """

    works: bool
    what: str
    cards: int = 0
    trouble: str = ""


def driver() -> Driver:
    """Ask NVIDIA's own program, or else the kernel."""
    program = shutil.which(_PROGRAM)
    if program is None:
        return _without_program()
    try:
        listed = _ask(program, "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return Driver(False, f"{_PROGRAM} is installed and gives no answer", trouble=reason(error))
    rows = list(csv.DictReader(listed.splitlines(), skipinitialspace=True))
    if not rows:
        return Driver(False, f"{_PROGRAM} knows of no GPU")
    number = rows[0].get("driver_version") or "of a version that is not seen"
    cuda = _cuda(program)
    newest = f", for CUDA up to {cuda}" if cuda else ", CUDA version not seen"
    cards = "; ".join(_card(row) for row in rows)
    return Driver(True, f"driver {number}{newest}: {cards}", len(rows))


def _without_program() -> Driver:
    """What the kernel tells: the driver's version, its devices, and the cards on the bus."""
    try:
        version = re.search(r"\d+\.\d+(\.\d+)?", _LOADED.read_text())
    except OSError:
        if _on_the_bus():
            return Driver(False, "an NVIDIA GPU is in this machine", trouble="no driver for it is seen")
        return Driver(False, "no NVIDIA GPU and no driver is seen")
    seen = f"driver {version[0] if version else ''} is loaded, {_PROGRAM} is not installed".replace(
        "  ", " "
    )
    cards = len(list(_DEVICES.glob("nvidia[0-9]*")))
    if cards:
        return Driver(True, f"{seen}: {cards} GPUs, memory not seen", cards)
    return Driver(False, seen, trouble="no GPU is handed to this container or user")


def _ask(program: str, *arguments: str) -> str:
    """What the program prints.

    Raises:
        ValueError: It ends with an error; it says why on either output.
        OSError, SubprocessError: It cannot be run, or takes too long.
    """
    done = subprocess.run(  # noqa: S603 - found on the path by its name
        [program, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise ValueError(done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}")
    return done.stdout


def _cuda(program: str) -> str:
    """The newest CUDA that the driver works with, where the program's summary tells it."""
    try:
        found = re.search(r"CUDA(?: UMD)? Version\s*:\s*(\d+\.\d+)", _ask(program))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return found[1] if found else ""


def _card(row: dict[str, str | None]) -> str:
    """One GPU with its memory, which some do not tell."""
    total, free = (_bytes(row.get(f"memory.{kind} [MiB]")) for kind in ("total", "free"))
    told = f"{size(total)}, {size(free)} free" if total and free is not None else "memory not seen"
    return f"{row.get('name') or 'a GPU'} ({told})"


def _bytes(cell: str | None) -> int | None:
    """A cell as `81559 MiB`, or nothing where it is `[N/A]`."""
    found = re.match(r"(\d+) MiB", cell or "")
    return int(found[1]) * 2**20 if found else None


def _on_the_bus() -> bool:
    """Whether the kernel lists one of NVIDIA's cards, driven or not."""
    for device in _BUS.glob("*") if _BUS.is_dir() else ():
        try:
            vendor, kind = ((device / name).read_text().strip() for name in ("vendor", "class"))
        except OSError:
            continue
        if vendor == _NVIDIA and kind.startswith(_DISPLAY):
            return True
    return False
