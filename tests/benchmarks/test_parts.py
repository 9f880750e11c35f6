from benchmarks.speed.parts import REST, part_of

STEP = ["burnish.policy.engine.Engine.step"]
PASS = ["burnish.policy.score.Scorer.backward", "burnish.policy.train.LocalTrainer._forward_backward"]


def test_a_stack_counts_for_what_it_is_at():
    assert part_of(["burnish.policy.draw.draw", *STEP], "sampling") == "drawing"
    assert part_of(["torch.nn.modules.linear.Linear.forward", *STEP], "sampling") == "linear layers"
    at_a_go = [
        "burnish.policy.kernels.slots.NativeSlots.addresses",
        "burnish.policy.kernels.layers.NativeLayers.hidden",
    ]
    assert part_of([*at_a_go, *STEP], "sampling") == "all layers in one call"
    assert part_of(STEP, "sampling") == REST


def test_the_head_is_told_from_other_linear_layers():
    names = ["torch.nn.modules.linear.Linear.forward", "burnish.policy.network.Network.logits", *STEP]
    assert part_of(names, "sampling") == "head"


def test_the_pass_over_prompts_is_a_part_of_its_own():
    names = ["torch.nn.modules.linear.Linear.forward", "burnish.policy.prefill.Prefill.compute", *STEP]
    assert part_of(names, "sampling") == "prompts"


def test_forward_backward_and_the_update_are_told_apart():
    linear = "torch.nn.modules.linear.Linear.forward"
    assert part_of([linear, *PASS], "training") == "forward: linear layers"
    graph = ["torch.autograd.graph._engine_run_backward", "torch._tensor.Tensor.backward", *PASS]
    assert part_of(graph, "training") == "backward: autograd's graph"
    ours = ["burnish.policy.layer.learning_backward", *graph]
    assert part_of(ours, "training") == f"backward: {REST}"
    assert part_of(["torch.optim.adamw.AdamW.step", "burnish.policy.train.LocalTrainer._optim_step"], "training") == (
        "optimizer"
    )
