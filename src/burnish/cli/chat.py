"""`burnish chat`: ask a model, base or tuned, from the terminal."""

import sys
from typing import Annotated

import typer

from burnish.cli.connection import ApiKey, BaseUrl, client
from burnish.settings import STARTER


def chat(
    prompt: Annotated[
        str | None, typer.Argument(help="The question; without one, a conversation on the terminal.")
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="A base, tuned or checkpoint model.")] = STARTER,
    effort: Annotated[str | None, typer.Option(help="Reasoning effort: none, low, medium or high.")] = None,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0)] = 1.0,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Of each answer, reasoning included.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Ask a model; the answer is streamed."""
    from openai.types.chat import ChatCompletionMessageParam

    messages: list[ChatCompletionMessageParam] = []
    questions = [prompt] if prompt is not None else (line.rstrip("\n") for line in sys.stdin)
    with client(base_url, api_key) as api:
        for question in questions:
            messages.append({"role": "user", "content": question})
            answer = ""
            for chunk in api.chat.completions.create(
                model=model,
                messages=messages,
                temperature=temperature,
                max_completion_tokens=max_tokens,
                stream=True,
                extra_body={"reasoning_effort": effort},
            ):
                piece = chunk.choices[0].delta.content if chunk.choices else None
                if piece:
                    answer += piece
                    typer.echo(piece, nl=False)
            typer.echo()
            messages.append({"role": "assistant", "content": answer})
