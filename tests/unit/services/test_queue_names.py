"""The queues of base models, whatever these are called. Issue 18, 17."""

from pathlib import Path

import pytest
from kombu import Connection, Consumer, Queue

from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.services.requests.celery_runner import queue_name
from tests.unit.models.test_safetensors_header import checkpoint, write
from tests.waiting import LONG

NAMES = (
    "Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "[a]+100%!", "春日 🎨", "a%2Cb", "*", "a:b",
    "pocket-ink", "pocket ink.v2",
)  # fmt: skip


def test_a_list_of_queues_is_read_as_it_was_written() -> None:
    """A worker gets them as Celery's option -Q takes them: with commas between."""
    queues = [queue_name(name) for name in NAMES]
    assert ",".join(queues).split(",") == queues
    assert len(set(queues)) == len(NAMES)
    assert all(queue.isascii() and queue.isprintable() for queue in queues)


@pytest.mark.parametrize("name", ["pocket-ink", "SDXL base_1.0"])
def test_plain_names_stay_as_they_are(name: str) -> None:
    """Jobs that an older studio sent wait under them."""
    assert queue_name(name) == f"studio.{name}"


def test_every_listed_base_model_has_a_queue_that_brings_what_was_sent(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / "checkpoints" / f"{name}.safetensors", checkpoint())
    listed = ModelCatalog((tmp_path,), HashCache(None)).list_names("checkpoint")
    assert set(listed) == set(NAMES)
    got: dict[str, str] = {}

    def take(queue: str, body: str) -> None:
        got[queue] = body

    with Connection("memory://") as connection:
        for name in listed:
            queue = Queue(queue_name(name), routing_key=queue_name(name))
            with connection.Producer() as producer:
                producer.publish(name, routing_key=queue.name, declare=[queue])
            on = [lambda body, _, queue=queue.name: take(queue, body)]
            with Consumer(connection, [queue], callbacks=on, no_ack=True):
                connection.drain_events(timeout=LONG)
    assert got == {queue_name(name): name for name in NAMES}
