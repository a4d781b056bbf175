"""Celery queue names of base models. Issue 18, 17."""

from pathlib import Path

import pytest
from kombu import Connection, Consumer, Queue

from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.services.requests.celery_app import queue_name
from tests.unit.models.test_identification import checkpoint, write
from tests.waiting import LONG

NAMES = (
    "Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "[a]+100%!", "春日 🎨", "a%2Cb", "*", "a:b",
    "pocket-ink", "pocket ink.v2",
)  # fmt: skip


def test_queue_names_survive_a_comma_separated_list() -> None:
    """Celery's option -Q separates queues by commas."""
    queues = [queue_name(name) for name in NAMES]
    assert ",".join(queues).split(",") == queues
    assert len(set(queues)) == len(NAMES)
    assert all(queue.isascii() and queue.isprintable() for queue in queues)


@pytest.mark.parametrize("name", ["pocket-ink", "SDXL base_1.0"])
def test_ascii_names_are_not_escaped(name: str) -> None:
    """Jobs of an older studio are queued under these names."""
    assert queue_name(name) == f"studio.{name}"


def test_every_base_model_has_a_working_queue(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / "checkpoints" / f"{name}.safetensors", checkpoint())
    listed = ModelCatalog((tmp_path,), HashCache(None)).list_names("checkpoint")
    assert set(listed) == set(NAMES)
    received: dict[str, str] = {}

    def receive(queue: str, body: str) -> None:
        received[queue] = body

    with Connection("memory://") as connection:
        for name in listed:
            queue = Queue(queue_name(name), routing_key=queue_name(name))
            with connection.Producer() as producer:
                producer.publish(name, routing_key=queue.name, declare=[queue])
            callbacks = [lambda body, _, queue=queue.name: receive(queue, body)]
            with Consumer(connection, [queue], callbacks=callbacks, no_ack=True):
                connection.drain_events(timeout=LONG)
    assert received == {queue_name(name): name for name in NAMES}
