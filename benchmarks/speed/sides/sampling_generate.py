"""transformers' `generate` samples the answers of a step; bf16 where the processor has it.

With option "logprobs" it keeps the logits of every step and works the log-probs out at the end, as
`compute_transition_scores` does: the way that transformers offers.
"""

from collections.abc import Mapping

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.speed.ends import Ends
from benchmarks.speed.machine import has_bf16
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.work import WORKS, texts
from benchmarks.speed.worker import Turn, Wish


def prepare(wish: Wish) -> Turn:
    """All answers in one batch, a dynamic cache (a static one is slower on a CPU)."""
    work = WORKS[wish.work]
    tokenizer = AutoTokenizer.from_pretrained(wish.directory, padding_side="left")
    dtype = torch.bfloat16 if has_bf16() else torch.float32
    model = AutoModelForCausalLM.from_pretrained(wish.directory, dtype=dtype).eval()
    prompts = texts(work, SHAPES[wish.model], tokenizer)
    sampling = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}

    @torch.inference_mode()
    def turn(number: int) -> Mapping[str, float]:
        chosen = [prompts[(number * work.prompts + place) % len(prompts)] for place in range(work.prompts)]
        inputs = tokenizer([text for text in chosen for _ in range(work.answers)], return_tensors="pt", padding=True)
        lengths = work.lengths_at(number)
        assert lengths is not None
        keeps = {"return_dict_in_generate": True, "output_logits": True} if wish.option == "logprobs" else {}
        found = model.generate(
            **inputs,
            max_new_tokens=work.answer_tokens,
            logits_processor=[Ends(tokenizer.eos_token_id, lengths, inputs["input_ids"].shape[1])],
            **sampling,
            **keeps,
        )
        if keeps:
            scores = model.compute_transition_scores(found.sequences, found.logits, normalize_logits=True)
            assert scores.shape[0] == work.rows
        return {"tokens": sum(lengths)}

    return turn
