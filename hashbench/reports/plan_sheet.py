"""What so many images take, for people and for programs: a table, what was measured in words, and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hashbench.doctor.finding import size
from hashbench.planning.capacity import Kept, Machine, Needs, Wanted, needs
from hashbench.planning.encoding import PHOTO
from hashbench.planning.rate import Rate
from hashbench.planning.scan import Scan
from hashbench.planning.survey import Survey

HEADINGS = ("what it takes", "value", "as float32", "how it follows")
# What computes, of all versions that are known.
_TOLD = ("hashbench", "numpy", "torch", "numba")
_UNITS = (("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
_HOUR = 3600.0
# From this load a core on, times are not those of a machine that has nothing else to do.
_BUSY = 0.5


@dataclass(frozen=True)
class Sheet:
    """All that is told.

    Attributes:
        wanted: What was asked for.
        machine: On what machines.
        survey: What was measured.
    """

    wanted: Wanted
    machine: Machine
    survey: Survey

    @property
    def code(self) -> Needs:
        """What the run's codes take."""
        return needs(self.wanted, self.machine, self.survey.code, self.survey.encoding)

    @property
    def floats(self) -> Needs:
        """What its embeddings take, uncompressed."""
        return needs(self.wanted, self.machine, self.survey.floats, self.survey.encoding)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Quantity, its value for codes and for floats, and how the former follows."""
        code, floats = self.code, self.floats
        return [
            (what, *map(told, (code, floats)), how)
            for what, told, how in (*self._one_machine(code), *self._machines(code))
        ]

    def notes(self) -> Iterator[str]:
        """What was measured, under what conditions, and how far it can be trusted."""
        survey, encoding = self.survey, self.survey.encoding
        versions = survey.environment["packages"]
        told = ", ".join(f"{name} {versions[name]}" for name in _TOLD if name in versions)
        yield (
            f"Measured {survey.measured} on {survey.environment['processor']}, "
            f"{survey.environment['threads']} threads, device {survey.environment['device']}; {told}. "
            f"Run {survey.record.spec.run_id()}."
        )
        steps = (
            (f"decoding a JPEG of {PHOTO[0]} x {PHOTO[1]}, {size(encoding.photo_bytes)}", encoding.decode),
            (f"network {survey.record.spec.backbone['name']}", encoding.network),
            (f"codes by {survey.record.spec.method['name']}", encoding.method),
        )
        yield "; ".join(f"{what}: {_speed(rate)}" for what, rate in steps if rate) + "."
        for name, kept in (("codes", survey.code), ("float32", survey.floats)):
            yield f"Search of {name}: {_searched(kept.scan)}."
        if survey.load > _BUSY * survey.environment["cores"]:
            yield (
                f"Other work was running: the load was {survey.load:.1f} on {survey.environment['cores']} "
                "cores before anything was measured. A quiet machine is faster."
            )

    def json(self) -> dict[str, Any]:
        """Everything that was asked for, measured and computed, in seconds and bytes."""
        survey = self.survey
        spec = survey.record.spec
        return {
            "asked": asdict(self.wanted),
            "machine": asdict(self.machine),
            "run_id": spec.run_id(),
            "method": spec.method["name"],
            "bits": spec.bits,
            "dataset": spec.dataset["name"],
            "backbone": spec.backbone["name"],
            "encoding": asdict(survey.encoding),
            "code": _json(survey.code, self.code),
            "float32": _json(survey.floats, self.floats),
            "environment": survey.environment,
            "load": survey.load,
            "measured": survey.measured,
        }

    def _one_machine(self, code: Needs) -> Iterator[tuple[str, Any, str]]:
        """What does not depend on how many machines there are."""
        wanted, kept, cores = self.wanted, self.survey.code, self.machine.cores
        items, scan = f"{wanted.items:,}", kept.scan
        beside = scan.item_bytes - kept.code_bytes
        why = f" ({kept.code_bytes} of code, {beside} beside it)" if beside > 0 else ""
        yield "memory", lambda one: size(one.memory), f"{items} x {scan.item_bytes} bytes{why}"
        disk = f"{kept.code_bytes} of code + {wanted.id_bytes} of name"
        if wanted.thumbnail_bytes:
            disk += f" + {wanted.thumbnail_bytes:,} of thumbnail"
        disk = f"{items} x ({disk}) bytes + {size(kept.shared_bytes)} for all"
        yield "disk", lambda one: size(one.disk), disk
        encoding = self.survey.encoding
        steps = ((encoding.decode, "decode"), (encoding.network, "network"), (encoding.method, "method"))
        added = " + ".join(f"{duration(rate.on(cores))} {name}" for rate, name in steps if rate)
        if not encoding.method.threads:
            added += ", decoding meanwhile"
        yield "encoding, on one machine", lambda one: hours(one.encode_seconds), f"{items} x ({added})"
        yield (
            "a search alone, on one machine",
            lambda one: duration(one.alone_seconds),
            f"{items} x {duration(scan.alone.seconds)}",
        )
        yield (
            "a search of many, on one machine",
            lambda one: duration(one.search_seconds),
            f"{items} x {duration(scan.pair.core_seconds)} / {cores} cores",
        )

    def _machines(self, code: Needs) -> Iterator[tuple[str, Any, str]]:
        """How many machines, and what they do together."""
        wanted, machine = self.wanted, self.machine
        follows = {
            "memory": f"memory / ({machine.share:g} x {size(machine.memory)} - {size(code.machine_bytes)})",
            "load": f"{wanted.queries_per_second:g} queries/s x a search of many",
            "latency": f"a search alone / {duration(wanted.latency or 0)}",
        }
        for name in code.machines:
            yield f"machines for {name}", lambda one, name=name: f"{one.machines[name]:,}", follows[name]
        yield "machines", lambda one: f"{one.count:,}", "the most of these"
        yield "encoding, on all", lambda one: hours(one.encode_seconds / one.count), "encoding / machines"
        yield "a search alone, on all", lambda one: duration(one.latency), "a search alone / machines"
        yield (
            "queries/s, on all",
            lambda one: f"{one.queries_per_second:,.3g}",
            "machines / a search of many, at most",
        )


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(150), duration(2.5), duration(0.0032), duration(4.21e-10)
    ('150 s', '2.5 s', '3.2 ms', '0.421 ns')
    """
    if seconds >= 1:
        return f"{seconds:,.3g} s" if seconds < 1000 else f"{seconds:,.0f} s"
    name, unit = next(((name, unit) for name, unit in _UNITS if seconds >= unit), _UNITS[-1])
    return f"{seconds / unit:.3g} {name}"


def hours(seconds: float) -> str:
    """Seconds as hours, or as what they are where they are few.

    >>> hours(36_000_000), hours(5400), hours(90)
    ('10,000 h', '1.5 h', '90 s')
    """
    if seconds < _HOUR:
        return duration(seconds)
    return f"{seconds / _HOUR:,.1f} h" if seconds < 100 * _HOUR else f"{seconds / _HOUR:,.0f} h"


def _speed(rate: Rate) -> str:
    """Images a second, on what, and how far the rounds lay apart."""
    where = f"{rate.threads} threads" if rate.threads else "the GPU"
    return f"{1 / rate.seconds:,.0f} images/s on {where} ({rate.rounds} rounds, {rate.spread:.0%} apart)"


def _searched(scan: Scan) -> str:
    return (
        f"the 100 nearest of {scan.items:,} by {scan.distance}, kernel {scan.kernel}: "
        f"{duration(scan.pair.core_seconds)} a pair and core in batches of {scan.queries}, "
        f"{size(scan.bytes_per_second)}/s a core, {duration(scan.alone.seconds)} a pair for a query alone; "
        f"a pair takes {scan.deviation:+.0%} against a quarter of the items"
    )


def _json(kept: Kept, found: Needs) -> dict[str, Any]:
    """A form, and what it takes."""
    return {
        **asdict(kept),
        **asdict(found),
        "count": found.count,
        "latency": found.latency,
        "queries_per_second": found.queries_per_second,
    }
