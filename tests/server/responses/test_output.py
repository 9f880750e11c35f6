from burnish.server.responses.output import Call, Message, Reasoning


class Told:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict]] = []

    def __call__(self, kind: str, **fields: object) -> None:
        self.events.append((kind.removeprefix("response."), fields))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


def test_reasoning_ends_without_blanks_and_with_the_same_summary():
    told = Told()
    item = Reasoning(told, tells=True)
    item.add("so ")
    item.close("completed")
    assert item.body["content"] == [{"type": "reasoning_text", "text": "so"}]
    assert item.body["summary"] == [{"type": "summary_text", "text": "so"}]
    assert "reasoning_summary_text.done" in told.kinds()


def test_reasoning_without_a_summary_tells_none():
    told = Told()
    item = Reasoning(told, tells=False)
    item.add("so")
    item.close("incomplete")
    assert item.body["summary"] == []
    assert not [kind for kind in told.kinds() if "summary" in kind]
    assert item.body["status"] == "incomplete"


def test_a_message_keeps_its_log_probs():
    told = Told()
    item = Message(told)
    item.add("a", [{"token": "a"}])
    item.add("b", [])
    item.close("completed")
    (part,) = item.body["content"]
    assert (part["text"], part["logprobs"]) == ("ab", [{"token": "a"}])
    assert told.kinds() == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]


def test_a_calls_arguments_join():
    told = Told()
    item = Call(told, call_id="c", name="f")
    for part in ("", '{"a"', ":1}"):
        item.add(part)
    item.close("completed")
    assert item.body["arguments"] == '{"a":1}'
    assert told.kinds().count("function_call_arguments.delta") == 2
    assert told.events[-2][1] == {"item_id": item.body["id"], "name": "f", "arguments": '{"a":1}'}
