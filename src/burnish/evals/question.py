"""What a model is asked about a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import InvalidRequest
from burnish.core.template import UnknownVariable, lookup
from burnish.evals.rows import Row
from burnish.grade.judge import filled
from burnish.spec.chat import ChatRequest
from burnish.spec.eval_run import (
    CompletionsParams,
    CompletionsSource,
    ItemReference,
    ResponsesParams,
    ResponsesSource,
    Template,
)
from burnish.spec.items import chat_body, normalized
from burnish.spec.response import ResponseRequest

Json = Any


@dataclass(frozen=True, slots=True)
class Question:
    """How rows become chat requests."""

    data_source: CompletionsSource | ResponsesSource
    model: str

    def request(self, row: Row, extra_seed: int) -> ChatRequest:
        """The request for a row; `extra_seed` tells its answers apart.

        Raises `InvalidRequest` for a row that has not what is referred to, or whose messages are none.
        """
        try:
            given = self._messages(row)
        except UnknownVariable as error:
            raise InvalidRequest(str(error), code="invalid_variable_error") from error
        if isinstance(self.data_source, ResponsesSource):
            body = self._of_responses(self.data_source.sampling_params or ResponsesParams(), given)
            params: CompletionsParams | ResponsesParams = self.data_source.sampling_params or ResponsesParams()
        else:
            params = self.data_source.sampling_params or CompletionsParams()
            body = {"model": self.model, "messages": given, "response_format": params.response_format}
            body["tools"] = params.tools or self._row_tools(row)
        shared = params.model_dump(include={"temperature", "top_p", "max_completion_tokens", "reasoning_effort"})
        return ChatRequest.model_validate({**body, **shared, "seed": params.seed + extra_seed})

    def _messages(self, row: Row) -> list[dict[str, Json]]:
        scope = {"item": row.item}
        match self.data_source.input_messages:
            case Template(template=template):
                return [filled(message, scope) for message in template]
            case ItemReference(item_reference=path):
                return _as_messages(lookup(path.strip("{} "), scope), path)
            case None:
                return _as_messages(lookup("item.input", scope), "item.input")  # of stored answers: what was asked

    def _row_tools(self, row: Row) -> Json:
        """Those of a dataset's row go with its messages."""
        refers = isinstance(self.data_source.input_messages, ItemReference)
        return row.item.get("tools") or None if refers else None

    def _of_responses(self, params: ResponsesParams, given: list[dict[str, Json]]) -> dict[str, Json]:
        request = ResponseRequest.model_validate(
            {
                "model": self.model,
                "input": [_unnamed(message) for message in given],
                "text": params.text.model_dump() if params.text is not None else None,
                "tools": params.tools,
            }
        )
        return chat_body(request, normalized(request.input))


def _as_messages(found: Json, path: str) -> list[dict[str, Json]]:
    if isinstance(found, str):
        return [{"role": "user", "content": found}]
    if isinstance(found, list) and found and all(isinstance(message, Mapping) for message in found):
        return [dict(message) for message in found]
    raise InvalidRequest(f"'{path}' holds neither a text nor a list of messages.", code="invalid_variable_error")


def _unnamed(message: Mapping[str, Json]) -> dict[str, Json]:
    """Chat's text parts by their names in responses."""
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    names = {"text": "output_text" if message.get("role") == "assistant" else "input_text"}
    return {**message, "content": [{**part, "type": names.get(part.get("type"), part.get("type"))} for part in content]}
