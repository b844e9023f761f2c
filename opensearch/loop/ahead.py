"""What coming steps need, made in threads while a step runs on another device."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Makes what a step needs, and what the next ones will.

    Args:
        make: what a step needs, a function of its number alone; called in threads.
        steps: in all.
        count: of coming steps; 0: nothing is made ahead, and there are no threads.
    """

    def __init__(self, make: Callable[[int], T], steps: int, count: int) -> None:
        self._make, self._steps, self._count = make, steps, count
        self._threads = ThreadPoolExecutor(min(count, 4)) if count else None
        self._coming: dict[int, Future[T]] = {}

    def __call__(self, step: int) -> T:
        """What a step needs; steps are asked for in order, each once.

        Raises:
            Exception: whatever `make` raised.
        """
        if self._threads is None:
            return self._make(step)
        for number in range(step, min(step + self._count + 1, self._steps)):
            if number not in self._coming:
                self._coming[number] = self._threads.submit(self._make, number)
        made = self._coming.pop(step).result()
        if step + 1 == self._steps:
            self._threads.shutdown()
        return made
