"""vLLM's CPU build samples the answers of a step: bf16 weights, log-prob of each sampled token, engine in this process.

Imported in vLLM's own virtual environment only.
"""

from collections.abc import Mapping

from transformers import AutoTokenizer
from vllm import LLM, SamplingParams

from benchmarks.speed.machine import has_bf16
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.work import WORKS, texts
from benchmarks.speed.worker import Turn, Wish


def prepare(wish: Wish) -> Turn:
    """All answers at once. Prompts are shared within a round; between rounds the cache is emptied, as ours is."""
    work = WORKS[wish.work]
    tokenizer = AutoTokenizer.from_pretrained(wish.directory)
    prompts = [tokenizer(text)["input_ids"] for text in texts(work, SHAPES[wish.model], tokenizer)]
    engine = LLM(
        model=wish.directory,
        dtype="bfloat16" if has_bf16() else "float32",
        max_model_len=max(map(len, prompts)) + work.answer_tokens,
        max_num_seqs=work.rows,
        max_num_batched_tokens=8192,
        enable_prefix_caching=True,
        seed=0,
    )

    def turn(number: int) -> Mapping[str, float]:
        engine.reset_prefix_cache()
        lengths = work.lengths_at(number)
        assert lengths is not None
        asked = [
            {"prompt_token_ids": prompts[(number * work.prompts + place // work.answers) % len(prompts)]}
            for place in range(work.rows)
        ]
        parameters = [
            SamplingParams(
                temperature=1.0,
                top_p=1.0,
                top_k=-1,
                max_tokens=length,
                min_tokens=length,
                ignore_eos=True,
                logprobs=None if wish.option == "plain" else 0,
                detokenize=False,
            )
            for length in lengths
        ]
        found = engine.generate(asked, parameters, use_tqdm=False)
        return {"tokens": sum(len(answer.token_ids) for each in found for answer in each.outputs)}

    return turn
