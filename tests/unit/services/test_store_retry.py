"""Retrying store operations while the store is away."""

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
        return "stored"


def make_retry(timeout: float = 45, clock: list[float] | None = None) -> StoreRetry:
    times = clock or [0.0]
    return StoreRetry(timeout, 0.001, 0.002, lambda: times[0])


def test_write_is_retried_until_the_store_answers() -> None:
    retry, store, reports = make_retry(timeout=0), Store(4), []
    assert (
        retry("write", store.write, on_retry=lambda: reports.append(str(retry.error))) == "stored"
    )
    assert store.calls == 4
    assert reports == ["the disk is full"] * 3
    assert retry.error is None


def test_writes_with_a_timeout_fail_after_a_long_outage() -> None:
    clock = [0.0]
    retry, store = make_retry(45, clock), Store(None)

    def pass_time() -> None:
        clock[0] += 20

    with pytest.raises(StorageUnavailableError, match="disk is full"):
        retry("write", store.write, forever=False, on_retry=pass_time)
    assert store.calls == 4
    with pytest.raises(StorageUnavailableError):
        retry("write", store.write, forever=False, on_retry=pass_time)
    assert store.calls == 5  # The timeout is measured over the whole outage.
    assert retry("write", Store(1).write, forever=False) == "stored"
    assert retry("write", Store(3).write, forever=False) == "stored"


def test_closing_ends_every_delay() -> None:
    retry, store = make_retry(), Store(None)
    with pytest.raises(StorageUnavailableError):
        retry("write", store.write, on_retry=retry.close)
    assert store.calls == 2


def test_outages_are_measured_per_kind() -> None:
    clock = [0.0]
    retry, bucket = make_retry(45, clock), Store(None)
    for _ in range(2):
        with pytest.raises(StorageUnavailableError):
            retry(
                "image",
                bucket.write,
                forever=False,
                on_retry=lambda: clock.__setitem__(0, clock[0] + 20),
            )
        assert retry("job state", Store(1).write, forever=False) == "stored"
        assert str(retry.error) == "the disk is full"
    assert bucket.calls == 5  # The second write did not wait again.
    assert retry("image", Store(1).write) == "stored"
    assert retry.error is None


def test_other_errors_are_not_retried() -> None:
    def refuse() -> None:
        raise InvalidInputError("no")

    with pytest.raises(InvalidInputError):
        make_retry()("write", refuse)
