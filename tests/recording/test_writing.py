"""Reading and writing in threads."""

import threading

import numpy as np
import pytest
import torch

from census.recording import writing
from census.recording.writing import Writing, ahead


def test_values_come_in_order_and_the_next_one_is_made_meanwhile():
    made = []

    def make():
        for number in range(4):
            made.append(number)
            yield number

    values = ahead(make())
    assert next(values) == 0
    assert list(values) == [1, 2, 3]
    assert made == [0, 1, 2, 3]


def test_an_error_while_reading_is_raised():
    def make():
        yield 1
        raise OSError("unreadable")

    values = ahead(make())
    assert next(values) == 1
    with pytest.raises(OSError, match="unreadable"):
        next(values)


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_what_is_written_is_what_was_given(threads):
    written = {}
    values = torch.arange(6.0)
    with Writing(threads) as write:
        for first in range(5):
            write(lambda first, values: written.__setitem__(first, values.copy()), first, values)
            values += 1  # as an operation in place does
        write.wait()
        assert len(written) == 5
    for first, found in written.items():
        np.testing.assert_array_equal(found, np.arange(6.0) + first)


def test_as_little_waits_as_is_allowed(monkeypatch):
    monkeypatch.setattr(writing, "WAITING_BYTES", 100)
    release, begun = threading.Event(), []

    def slow(first, _):
        begun.append(first)
        assert release.wait(20)

    with Writing(1) as write:
        write(slow, 0, torch.zeros(25))  # 100 bytes: what comes next has to wait
        thread = threading.Thread(target=write, args=(slow, 1, torch.zeros(25)))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        release.set()
        thread.join(20)
        assert not thread.is_alive()
    assert begun == [0, 1]


def test_one_can_wait_for_what_was_given_so_far():
    release, written = threading.Event(), []

    def slow(first, _):
        assert first == 0 or release.wait(20)
        written.append(first)

    with Writing(1) as write:
        write(slow, 0, torch.zeros(3))
        given = write.given
        write.arrays(slow, 1, [np.zeros(3), np.ones(3)])
        assert (given, write.given) == (1, 2)
        write.wait(given)
        assert written == [0]
        release.set()
        write.wait()
        assert written == [0, 1]
        assert write.given == 2


def test_an_error_while_writing_is_raised_at_the_end():
    def full(*_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), Writing(2) as write:
        write(full, 0, torch.zeros(3))


def test_the_network_s_own_error_is_the_one_that_is_raised():
    def failing():
        with Writing(2) as write:
            write(lambda *_: 1 / 0, 0, torch.zeros(3))
            raise KeyError

    with pytest.raises(KeyError):
        failing()


@pytest.mark.gpu
def test_values_on_a_gpu_are_written_as_they_were():
    written = {}
    values = torch.arange(1_000_000.0, device="cuda")
    with Writing(2) as write:
        for first in range(20):
            write(lambda first, values: written.__setitem__(first, values.copy()), first, values)
            values += 1
    for first, found in written.items():
        np.testing.assert_array_equal(found, np.arange(1_000_000, dtype="f4") + first)
