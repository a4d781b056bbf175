"""What is written while the store is away: tried again until it answers, or patience runs out."""

import pytest

from studio.errors import InvalidInputError, StorageUnavailableError
from studio.services.store_retry import StoreRetry


class Store:
    """Answers from its `recovers`th call on, or never."""

    def __init__(self, recovers: int | None) -> None:
        self.recovers, self.calls = recovers, 0

    def write(self) -> str:
        self.calls += 1
        if self.recovers is None or self.calls < self.recovers:
            raise StorageUnavailableError("the disk is full")
        return "kept"


def quick(patience: float = 45, clock: list[float] | None = None) -> StoreRetry:
    times = clock or [0.0]
    return StoreRetry(patience, 0.001, 0.002, lambda: times[0])


def test_a_write_is_repeated_until_the_store_answers() -> None:
    retry, store, reports = quick(patience=0), Store(4), []
    assert retry("write", store.write, report=lambda: reports.append(str(retry.error))) == "kept"
    assert store.calls == 4
    assert reports == ["the disk is full"] * 3
    assert retry.error is None


def test_impatient_writes_end_once_the_store_has_been_away_too_long() -> None:
    clock = [0.0]
    retry, store = quick(45, clock), Store(None)

    def pass_time() -> None:
        clock[0] += 20

    with pytest.raises(StorageUnavailableError, match="disk is full"):
        retry("write", store.write, False, pass_time)
    assert store.calls == 4
    with pytest.raises(StorageUnavailableError):
        retry("write", store.write, False, pass_time)
    assert store.calls == 5  # The outage is one: nobody waits for it a second time.
    assert retry("write", Store(1).write, False) == "kept"
    assert retry("write", Store(3).write, False) == "kept"


def test_closing_ends_every_wait() -> None:
    retry, store = quick(), Store(None)
    with pytest.raises(StorageUnavailableError):
        retry("write", store.write, report=retry.close)
    assert store.calls == 2


def test_one_part_of_the_store_may_be_away_while_another_answers() -> None:
    clock = [0.0]
    retry, bucket = quick(45, clock), Store(None)
    for _ in range(2):
        with pytest.raises(StorageUnavailableError):
            retry("image", bucket.write, False, lambda: clock.__setitem__(0, clock[0] + 20))
        assert retry("ledger", Store(1).write, False) == "kept"
        assert str(retry.error) == "the disk is full"
    assert bucket.calls == 5  # The second picture has not waited anew.
    assert retry("image", Store(1).write) == "kept"
    assert retry.error is None


def test_other_errors_are_not_tried_again() -> None:
    def refuse() -> None:
        raise InvalidInputError("no")

    with pytest.raises(InvalidInputError):
        quick()("write", refuse)
