"""One model's answer in the playground: as it comes, graded, and what somebody thinks of it."""

import asyncio
from typing import Any

from nicegui import ui
from openai import APIError, APIStatusError, AsyncOpenAI
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from burnish.dashboard import words
from burnish.dashboard.client import complaint, post
from burnish.dashboard.pieces import TYPED, button, tag
from burnish.dashboard.recipe import parsed

Json = Any


class Answer:
    """One model's answer, as it comes."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self.client, self.model = client, model
        self.text = tag("div", "say", "")
        self.calls = tag("div", "say code", "")
        self.note = tag("span", "small num", "No answer yet.")
        self.messages: list[Json] = []
        self.said = {"correction": "", "note": ""}
        self.feedback = tag("details", "stack")
        self.feedback.set_visibility(False)
        with self.feedback:
            tag("summary", "", "What do you think of it?")
            for key, hint in (("correction", "The answer as it should be"), ("note", "A note")):
                area = tag("textarea", "field", placeholder=hint, rows=2, aria_label=hint)
                area.on("input", lambda event, key=key: self.said.update({key: str(event.args)}), js_handler=TYPED)
            with tag("div", "row"):
                button("Good", lambda: self._keep("up"))
                button("Bad", lambda: self._keep("down"))
                button("Keep without rating", lambda: self._keep(None), "bare")

    async def ask(self, request: Json, grader: str) -> None:
        """Stream an answer; then grade it, if a grader is given."""
        self.messages = request["messages"]
        self.feedback.set_visibility(False)
        self.text.set_text("")
        self.calls.set_text("")
        self.note.set_text("Thinking …")
        began = asyncio.get_running_loop().time()
        text, tokens = "", None
        calls: dict[int, list[str]] = {}
        try:
            stream = await self.client.chat.completions.create(
                model=self.model, stream=True, stream_options={"include_usage": True}, **request
            )
            async for chunk in stream:
                tokens = chunk.usage.completion_tokens if chunk.usage else tokens
                if chunk.choices and chunk.choices[0].delta.content:
                    text += chunk.choices[0].delta.content
                    self.text.set_text(text)
                if chunk.choices and chunk.choices[0].delta.tool_calls:
                    _join(calls, chunk.choices[0].delta.tool_calls)
                    self.calls.set_text("\n".join(f"{name}({arguments})" for name, arguments in calls.values()))
        except APIStatusError as error:
            self.note.set_text(complaint(error))
            return
        except APIError as error:
            self.note.set_text(error.message)
            return
        seconds = asyncio.get_running_loop().time() - began
        told = f"{words.count(tokens)} tokens in {words.duration(seconds)}"
        self.note.set_text(told)
        self.feedback.set_visibility(True)
        if grader.strip():
            self.note.set_text(f"{told} · {await self._graded(grader, text)}")

    async def _graded(self, grader: str, text: str) -> str:
        try:
            body = {"grader": parsed(grader, "The grader"), "model_sample": text}
            found = await post(self.client, "/fine_tuning/alpha/graders/run", body)
        except APIStatusError as error:
            return complaint(error)
        except ValueError as error:
            return str(error)
        return verdict(found)

    async def _keep(self, rating: str | None) -> None:
        said = {key: text for key, text in self.said.items() if text.strip()}
        body = {"model": self.model, "messages": self.messages, "answer": self.text.text, "rating": rating, **said}
        try:
            await post(self.client, "/burnish/feedback", body)
        except APIStatusError as error:
            ui.notify(complaint(error), color="negative")
            return
        ui.notify("Kept as feedback", color="dark")
        self.feedback.set_visibility(False)


def _join(calls: dict[int, list[str]], deltas: list[ChoiceDeltaToolCall]) -> None:
    for delta in deltas:
        call = calls.setdefault(delta.index, ["", ""])
        if delta.function:
            call[0] += delta.function.name or ""
            call[1] += delta.function.arguments or ""


def verdict(grade: Json) -> str:
    """What graders/run answered, in words."""
    parts = ", ".join(f"{name} {words.score(score)}" for name, score in grade["sub_rewards"].items())
    raised = [name.replace("_", " ") for name, is_so in grade["metadata"]["errors"].items() if is_so is True]
    told = f"reward {words.score(grade['reward'])}" + (f" ({parts})" if parts else "")
    return f"{told}: {', '.join(raised)}" if raised else told
