import asyncio
import dataclasses
import logging
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.core.webhook import Attempt, WebhookEvent
from burnish.settings import Webhook
from burnish.store.outbox import insert_webhook_event
from burnish.store.store import Store, store_at
from burnish.webhooks.deliverer import AT_ONCE, LONGEST_PAUSE_S, WINDOW_S, Deliverer, pause_s
from burnish.webhooks.sender import Sender
from tests.receiver import SECRET, Receiver, receiver
from tests.rows import NOW


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(f"sqlite:///{tmp_path}/rows.db")
    yield store
    store.close()


@pytest.fixture
def heard() -> Iterator[Receiver]:
    with receiver() as heard:
        yield heard


@dataclasses.dataclass
class Clock:
    """A clock that stands still until it is put on."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def _happen(store: Store, *subjects: str) -> None:
    for subject in subjects:
        with store.database.write() as connection:
            insert_webhook_event(connection, "fine_tuning.job.succeeded", project="default", subject=subject, now=NOW)


def _hook(url: str, **changes: object) -> Webhook:
    return Webhook.model_validate({"url": url, "secret": SECRET} | changes)


def _turn(store: Store, url: str, clock: Clock, turns: int = 1) -> None:
    """What a server does in some of its turns; the clock is put on by a second each."""

    async def main() -> None:
        sender = Sender(clock)
        deliverer = Deliverer({"a": _hook(url)}, store.outbox, sender, clock, jitter=lambda: 1.0)
        for _ in range(turns):
            await deliverer.spread()
            await deliverer.deliver("a")
            clock.now += 1
        await sender.aclose()

    asyncio.run(main())


class Script(Sender):
    """A sender whose attempts all end alike, at once."""

    def __init__(self, clock: Clock, status: int | None, retry_after_s: float | None = None) -> None:
        super().__init__(clock)
        self._attempt = status, retry_after_s
        self.sent: list[float] = []

    async def send(self, event: WebhookEvent, hook: Webhook) -> Attempt:
        status, wished_s = self._attempt
        self.sent.append(self._clock())
        return Attempt(int(self._clock()), 0.1, status, f"HTTP {status}" if status else "ConnectError", wished_s)


def _try_until_the_end(store: Store, sender: Script, clock: Clock) -> None:
    """Turns at the moments at which a delivery is due, as long as it is pending."""

    async def main() -> None:
        deliverer = Deliverer({"a": _hook("http://h/")}, store.outbox, sender, clock, jitter=lambda: 1.0)
        await deliverer.spread()
        while (delivery := store.outbox.latest(1)[0]).status == "pending":
            clock.now = max(clock.now, delivery.due)
            await deliverer.deliver("a")
        await sender.aclose()

    asyncio.run(main())


def test_pauses_grow_to_six_hours():
    assert [pause_s(n) for n in (1, 2, 3, 4)] == [5, 20, 80, 320]
    assert pause_s(8) == pause_s(1000) == LONGEST_PAUSE_S == 21_600


def test_an_endpoint_may_ask_for_longer_pauses_but_not_for_ever():
    assert (pause_s(1, 60), pause_s(3, 60), pause_s(1, 10**9)) == (60, 80, LONGEST_PAUSE_S)


def test_a_receiver_that_stays_down_is_tried_for_three_days_with_every_attempt_written_down(store: Store):
    clock = Clock()
    sender = Script(clock, None)
    _happen(store, "ftjob-a")
    _try_until_the_end(store, sender, clock)
    [delivery] = store.outbox.latest(9)
    assert delivery.status == "failed"
    assert [each.at for each in delivery.attempts] == sender.sent
    pauses = [later - earlier for earlier, later in zip(sender.sent, sender.sent[1:], strict=False)]
    assert pauses[:3] == [5, 20, 80]
    assert WINDOW_S - LONGEST_PAUSE_S < sender.sent[-1] - NOW <= WINDOW_S


def test_a_receiver_that_is_gone_is_not_asked_again(store: Store, caplog: pytest.LogCaptureFixture):
    sender = Script(Clock(), 410)
    _happen(store, "ftjob-a")
    with caplog.at_level(logging.INFO, "burnish.webhooks.deliverer"):
        _try_until_the_end(store, sender, sender._clock)  # type: ignore[arg-type]
    assert len(sender.sent) == 1
    assert [(each.message, vars(each)["reason"]) for each in caplog.records] == [("webhook given up", "HTTP 410")]


def test_a_receiver_that_asks_for_time_is_given_it(store: Store):
    clock = Clock()
    _happen(store, "ftjob-a")
    sender = Script(clock, 429, retry_after_s=1000.0)
    _try_until_the_end(store, sender, clock)
    assert sender.sent[1] - sender.sent[0] == 1000


def test_a_receiver_that_comes_back_gets_the_same_event_signed_anew(store: Store, heard: Receiver):
    clock = Clock()
    heard.answer = lambda _: (500, {})
    _happen(store, "ftjob-a")
    _turn(store, heard.url, clock)
    heard.answer = lambda _: (204, {})
    clock.now = NOW + 600
    _turn(store, heard.url, clock, turns=2)
    first, second = heard.next(), heard.next()
    assert heard.ids() == []
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert [each.headers["webhook-timestamp"] for each in (first, second)] == [str(NOW), str(NOW + 600)]
    [delivery] = store.outbox.latest(9)
    assert [(each.status, each.error) for each in delivery.attempts] == [(500, "HTTP 500"), (204, None)]
    assert delivery.status == "delivered"


def test_a_clock_that_jumps_back_delays_and_loses_nothing(store: Store, heard: Receiver):
    clock = Clock()
    heard.answer = lambda _: (500, {})
    _happen(store, "ftjob-a")
    _turn(store, heard.url, clock)
    heard.answer = lambda _: (204, {})
    clock.now = NOW - 3600
    _turn(store, heard.url, clock)
    assert len(heard.ids()) == 1
    clock.now = NOW + 5
    _turn(store, heard.url, clock)
    assert len(heard.ids()) == 1
    assert store.outbox.latest(1)[0].status == "delivered"


def test_nothing_secret_is_logged(store: Store, heard: Receiver, caplog: pytest.LogCaptureFixture):
    clock = Clock()
    _happen(store, "ftjob-a")
    with caplog.at_level(logging.DEBUG):
        for status in (500, 302, 204):
            heard.answer = lambda _, status=status: (status, {"location": heard.url})
            clock.now += 1000
            _turn(store, heard.url, clock)
    ours = [record for record in caplog.records if record.name.startswith("burnish")]
    assert [record.message for record in ours] == ["webhook will be tried again"] * 2 + ["webhook delivered"]
    text = str([vars(record) for record in ours])
    assert "token=in-the-url" not in text
    assert SECRET.removeprefix("whsec_") not in text


def test_a_slow_receiver_holds_up_no_other(store: Store, heard: Receiver):
    leaving = threading.Event()

    async def main() -> list[str]:
        sender = Sender()
        with receiver() as slow:
            slow.answer = lambda _: (leaving.wait(30) and 204, {})
            deliverer = Deliverer({"slow": _hook(slow.url), "fast": _hook(heard.url)}, store.outbox, sender)
            await deliverer.spread()
            waiting = asyncio.create_task(deliverer.deliver("slow"))
            await asyncio.to_thread(slow.next)
            await deliverer.deliver("fast")
            told = heard.ids()
            assert not waiting.done()
            leaving.set()
            await waiting
        await sender.aclose()
        return told

    _happen(store, "ftjob-a")
    assert len(asyncio.run(main())) == 1
    assert [each.status for each in store.outbox.latest(9)] == ["delivered", "delivered"]


def test_two_deliverers_send_nothing_twice(database_url: str, heard: Receiver):
    stores = [store_at(database_url) for _ in range(2)]
    count = 4 * AT_ONCE
    _happen(stores[0], *(f"ftjob-{n}" for n in range(count)))
    starting = threading.Barrier(2)

    async def work(store: Store) -> None:
        sender = Sender()
        deliverer = Deliverer({"a": _hook(heard.url)}, store.outbox, sender)
        await asyncio.to_thread(starting.wait, 30)
        for _ in range(count):
            await deliverer.spread()
            await deliverer.deliver("a")
        await sender.aclose()

    threads = [threading.Thread(target=asyncio.run, args=(work(store),)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[tried.error for tried in each.attempts] for each in stores[0].outbox.latest(99)] == [[None]] * count
    told = Counter(heard.ids())
    assert len(told) == count
    assert set(told.values()) == {1}
    for store in stores:
        store.close()


DELIVER = """
import asyncio, sys
from burnish.settings import Webhook
from burnish.store.store import store_at
from burnish.webhooks.deliverer import Deliverer
from burnish.webhooks.sender import Sender


async def main():
    hook = Webhook(url=sys.argv[2], secret=sys.argv[3])
    deliverer = Deliverer({"a": hook}, store_at(sys.argv[1]).outbox, Sender(), clock=lambda: float(sys.argv[4]))
    await deliverer.spread()
    await deliverer.deliver("a")


asyncio.run(main())
"""


def test_what_a_killed_deliverer_had_under_way_is_sent_again_by_the_next(store: Store, heard: Receiver):
    leaving = threading.Event()
    heard.answer = lambda _: (leaving.wait(30) and 204, {})
    _happen(store, "ftjob-a")
    url = store.database.engine.url.render_as_string()
    killed = subprocess.Popen([sys.executable, "-c", DELIVER, url, heard.url, SECRET, str(NOW)])
    first = heard.next()
    killed.kill()
    killed.wait()
    leaving.set()
    clock = Clock(NOW + 39)  # the claim lasts: another server does not send meanwhile
    _turn(store, heard.url, clock)
    assert heard.ids() == []
    clock.now = NOW + 41
    _turn(store, heard.url, clock)
    assert heard.ids() == [first.headers["webhook-id"]]
    [delivery] = store.outbox.latest(9)
    assert (delivery.status, len(delivery.attempts)) == ("delivered", 1)
