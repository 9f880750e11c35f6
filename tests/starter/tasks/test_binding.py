import json
import random

from burnish.starter.family import Row
from burnish.starter.tasks.binding import BINDING, PORTS

ROW = Row(
    fields={"binding": {"clk": "ck_core", "rst": "none", "addr": "adr_bus", "wdata": "none", "rdata": "dout_io"}},
    key="",
    label="bound",
    facts={"spare": {"rst": "por_scan"}, "signals": ["ck_core", "por_scan", "adr_bus", "dout_io", "led_top"]},
)


def test_a_careful_trace_looks_at_every_port_and_puts_spare_signals_aside():
    rng = random.Random(0)
    shown = next(one for _ in range(50) if (one := BINDING.demonstrate(ROW, rng, "high")).careful)
    assert shown.reasoning == "clk: ck_core\nrst: por_scan is spare, none\naddr: adr_bus\nwdata: none\nrdata: dout_io"
    assert json.loads(shown.answer) == ROW.fields["binding"]


def test_hasty_answers_often_bind_a_spare_signal():
    rng = random.Random(0)
    answers = [json.loads(BINDING.demonstrate(ROW, rng, "none").answer) for _ in range(1000)]
    assert 0.65 < sum(answer["rst"] == "por_scan" for answer in answers) / 1000 < 0.9


def test_a_reference_binds_only_working_signals_that_the_prompt_names():
    rng = random.Random(1)
    for _ in range(200):
        row = BINDING.item(rng)
        binding, text = row.fields["binding"], row.fields["messages"][0]["content"]
        assert list(binding) == list(PORTS)
        for port, signal in binding.items():
            assert signal == "none" or (signal in text and signal.split("_")[0] in PORTS[port])
            assert signal.split("_")[-1] not in ("test", "scan", "dbg", "bist")
