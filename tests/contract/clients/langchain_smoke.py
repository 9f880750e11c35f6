"""LangChain's ChatOpenAI against a server: URL MODEL. What came of it goes to standard output, as JSON."""

import json
import sys
from typing import Literal

from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class Review(BaseModel):
    """A review."""

    compliant: Literal["yes", "no"]


url, model = sys.argv[1:]
chat = ChatOpenAI(base_url=url, api_key="any", model=model, temperature=0, max_retries=0, max_completion_tokens=200)
bounded = chat.model_copy(update={"max_tokens": 20})
plain = bounded.invoke("hello").content
streamed = "".join(chunk.content for chunk in bounded.stream("hello"))
review = chat.with_structured_output(Review, method="json_schema").invoke("hello")
called = chat.bind_tools([Review], tool_choice="required").invoke("hello").tool_calls[0]
found = {"plain": plain, "streamed": streamed, "review": review.compliant, "called": called["args"]["compliant"]}
sys.stdout.write(json.dumps(found))
