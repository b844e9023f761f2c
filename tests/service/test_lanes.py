"""Lanes: as many jobs at a time as there are threads, and a queue with an end."""

import asyncio
import threading

import pytest

from opensearch.service.failures import ServiceError
from opensearch.service.lanes import Lane


def test_jobs_beyond_threads_and_queue_are_refused_at_once():
    async def run():
        lane, gate = Lane("toy", 2, 1), threading.Event()
        jobs = [asyncio.ensure_future(lane.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (lane.working, lane.waiting) == (2, 1)
        with pytest.raises(ServiceError) as refused:
            await lane.run(gate.wait)
        assert refused.value.status_code == 503
        assert refused.value.headers == {"Retry-After": "1"}
        gate.set()
        assert await asyncio.gather(*jobs) == [True] * 3
        assert (lane.working, lane.waiting) == (0, 0)
        lane.close()

    asyncio.run(run())


def test_a_job_nobody_waits_for_is_not_begun():
    async def run():
        lane, begun = Lane("toy", 1, 1), []

        async def gone():
            return True

        with pytest.raises(ServiceError):
            await lane.run(lambda: begun.append(1), gone)
        assert not begun
        assert (lane.working, lane.waiting) == (0, 0)
        lane.close()

    asyncio.run(run())


def test_a_job_whose_caller_was_cancelled_keeps_its_slot_until_it_ends():
    async def run():
        lane, gate = Lane("toy", 1, 1), threading.Event()
        job = asyncio.ensure_future(lane.run(gate.wait))
        await asyncio.sleep(0.05)
        job.cancel()
        await asyncio.sleep(0.05)
        assert lane.working == 1
        gate.set()
        await asyncio.sleep(0.05)
        assert lane.working == 0
        assert await lane.run(lambda: 5) == 5
        lane.close()

    asyncio.run(run())


def test_an_error_of_a_job_comes_through():
    async def run():
        lane = Lane("toy", 1, 1)
        with pytest.raises(ZeroDivisionError):
            await lane.run(lambda: 1 / 0)
        assert lane.working == 0
        lane.close()

    asyncio.run(run())
