"""What so many images take: memory, disk, hours, milliseconds, machines. Arithmetic alone.

Every quantity is proportional to the number of items; docs/capacity.md has the formulae.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hashbench.errors import ConfigError
from hashbench.planning.encoding import Encoding
from hashbench.planning.scan import Scan

# Items that are searched at once, and what that takes an item and thread: see docs/architecture.md.
SHARD = 1 << 20
SCRATCH = 16
# Quotients are whole again where only rounding made them a little larger.
_DIGITS = 9


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        items: Images.
        queries_per_second: Exhaustive searches a second, all machines together.
        latency: Seconds that one search may take; None where it does not matter.
        id_bytes: Bytes on the disk of an item's name.
        thumbnail_bytes: Bytes on the disk of an item's small picture.

    Raises:
        ConfigError: A number is not what it can be.
    """

    items: int
    queries_per_second: float = 1.0
    latency: float | None = None
    id_bytes: int = 16
    thumbnail_bytes: int = 0

    def __post_init__(self) -> None:
        if self.items < 1:
            raise ConfigError(f"{self.items:,} items. Expected one or more.")
        _positive("queries a second", self.queries_per_second)
        if self.latency is not None:
            _positive("seconds a search", self.latency)
        if min(self.id_bytes, self.thumbnail_bytes) < 0:
            raise ConfigError("a negative number of bytes an item. Expected 0 or more.")


@dataclass(frozen=True)
class Machine:
    """One of the machines; all are alike.

    Attributes:
        memory: Its bytes.
        share: The part of them that codes may take, above 0 and at most 1.
        cores: Its cores, each as fast as those that were measured.

    Raises:
        ConfigError: A number is not what it can be.
    """

    memory: float
    share: float
    cores: int

    def __post_init__(self) -> None:
        _positive("bytes of memory", self.memory)
        _positive("share of the memory", self.share)
        if self.share > 1:
            raise ConfigError(f"share of the memory {self.share:g}. Expected at most 1.")
        if self.cores < 1:
            raise ConfigError(f"{self.cores} cores. Expected one or more.")


@dataclass(frozen=True)
class Kept:
    """In what form items are kept and searched.

    Attributes:
        code_bytes: Bytes of an item's code.
        shared_bytes: Bytes that all items share: codebooks, and what the method learnt.
        scan: How items are searched, and what that keeps in memory.
    """

    code_bytes: int
    shared_bytes: int
    scan: Scan


@dataclass(frozen=True)
class Needs:
    """What it takes.

    Attributes:
        memory: Bytes of all items, ready to be searched.
        disk: Bytes of all items on the disk.
        machine_bytes: Bytes that every machine needs beside its items.
        encode_seconds: Encoding, on one machine.
        alone_seconds: One search that has one machine with all items to itself.
        search_seconds: A search as one of many on that machine.
        machines: How many machines there have to be, by what for.
    """

    memory: int
    disk: int
    machine_bytes: int
    encode_seconds: float
    alone_seconds: float
    search_seconds: float
    machines: dict[str, int]

    @property
    def count(self) -> int:
        """How many machines there have to be for all of it."""
        return max(self.machines.values())

    @property
    def latency(self) -> float:
        """Seconds of one search that has these machines, each with its part of the items, to itself."""
        return self.alone_seconds / self.count

    @property
    def queries_per_second(self) -> float:
        """Searches a second that they do at most."""
        return self.count / self.search_seconds


def needs(wanted: Wanted, machine: Machine, kept: Kept, encoding: Encoding) -> Needs:
    """What so many images take on such machines.

    Raises:
        ConfigError: A machine has no room for a single item.
    """
    memory = wanted.items * kept.scan.item_bytes
    beside = kept.shared_bytes + SCRATCH * min(SHARD, wanted.items) * machine.cores
    room = machine.share * machine.memory - beside
    if room < kept.scan.item_bytes:
        raise ConfigError(
            f"{machine.share:g} of {machine.memory:,.0f} bytes of memory. Expected more than "
            f"the {beside:,} that a machine needs beside its items."
        )
    alone = wanted.items * kept.scan.alone.seconds
    search = wanted.items * kept.scan.pair.core_seconds / machine.cores
    machines = {"memory": _up(memory / room), "load": _up(wanted.queries_per_second * search)}
    if wanted.latency is not None:
        machines["latency"] = _up(alone / wanted.latency)
    return Needs(
        memory=memory,
        disk=wanted.items * (kept.code_bytes + wanted.id_bytes + wanted.thumbnail_bytes)
        + kept.shared_bytes,
        machine_bytes=beside,
        encode_seconds=wanted.items * encoding.seconds(machine.cores),
        alone_seconds=alone,
        search_seconds=search,
        machines=machines,
    )


def _up(quotient: float) -> int:
    """Whole machines, one at least.

    >>> _up(0.2), _up(3.0000000000004), _up(3.1)
    (1, 3, 4)
    """
    return max(1, math.ceil(round(quotient, _DIGITS)))


def _positive(what: str, value: float) -> None:
    """Refuse what is no finite number above zero.

    Raises:
        ConfigError: It is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"{what} {value:g}. Expected a number above 0.")
