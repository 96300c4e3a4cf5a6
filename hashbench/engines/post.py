"""What workers say of their runs, on its way to whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from hashbench.progress import Progress
from hashbench.runs.request import PreparedRun
from hashbench.runs.workers import HeardOfRun

# What a worker says first of a run; all else is a method of `Heard`.
BEGUN = "begun"
# Key of the run, name of the try, what is said, and what belongs to it.
Message = tuple[Any, ...]


class Post:
    """Keeps messages until they are fetched; an actor, in a process of its own."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def say(self, message: Message) -> None:
        """Keep a message."""
        self._messages.append(message)

    def fetch(self) -> list[Message]:
        """All that were not fetched yet, in the order in which they came."""
        fetched, self._messages = self._messages, []
        return fetched


def opened() -> Any:
    """A post on this machine."""
    import ray  # noqa: PLC0415 - optional, and slow to import
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    return ray.remote(num_cpus=0, scheduling_strategy=here)(Post).remote()


class Sender:
    """A line to the post, for one try of a run."""

    def __init__(self, post: Any, key: str) -> None:
        self._post, self._try = post, (key, uuid4().hex)

    def send(self, message: Message, /) -> None:
        """Send a message.

        Raises:
            OSError: There is no post any more.
        """
        import ray  # noqa: PLC0415
        from ray.exceptions import RayError  # noqa: PLC0415

        try:
            ray.get(self._post.say.remote((*self._try, *message)))
        except RayError as error:
            raise OSError(str(error)) from error


class Board:
    """Shows what the workers say of the runs that are under way."""

    def __init__(self, post: Any, runs: Mapping[str, PreparedRun], progress: Progress) -> None:
        self._post, self._runs, self._progress = post, runs, progress
        # By key of the run: name of its latest try, and what was heard of that.
        self._heard: dict[str, tuple[str, HeardOfRun]] = {}

    def listen(self) -> None:
        """Fetch what is new, and show it."""
        import ray  # noqa: PLC0415
        from ray.exceptions import RayError  # noqa: PLC0415

        try:
            messages = ray.get(self._post.fetch.remote())
        except RayError:
            # Runs do not depend on what is seen of them.
            return
        for key, attempt, what, *told in messages:
            if what == BEGUN:
                self._begin(key, attempt)
            elif key in self._heard and self._heard[key][0] == attempt:
                getattr(self._heard[key][1], what)(*told)

    def _begin(self, key: str, attempt: str) -> None:
        # What is over already has no place on the board.
        if run := self._runs.get(key):
            if key in self._heard:
                self.end(key)
                self._progress.note(f"{run.spec.run_id()} lost its worker and begins anew")
            self._heard[key] = attempt, HeardOfRun(run, self._progress)

    def end(self, key: str) -> list[str]:
        """Close what a run has left open on the display; returns what was said, line by line."""
        if key not in self._heard:
            return []
        _, heard = self._heard.pop(key)
        heard.close_all()
        return heard.lines

    def end_all(self) -> None:
        """All is over."""
        for key in [*self._heard]:
            self.end(key)
