"""Muon for the inner matrices: momentum, made orthogonal before it is applied (Jordan et al., 2024)."""

from collections.abc import Iterable

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""The quintic of the reference implementation, github.com/KellerJordan/Muon."""


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised in fp32; matrices of one shape are done as one batch."""

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is ever given
        """Apply one update to every matrix."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for matrix in group["params"]:
                by_shape.setdefault(matrix.shape, []).append(matrix)
            for matrices in by_shape.values():
                self._step_stack(matrices, group["lr"], group["momentum"], group["weight_decay"])

    def _step_stack(self, matrices: list[Tensor], lr: float, momentum: float, weight_decay: float) -> None:
        updates = []
        for matrix in matrices:
            assert matrix.grad is not None
            velocity = self.state[matrix].setdefault("velocity", torch.zeros_like(matrix))
            velocity.lerp_(matrix.grad, 1 - momentum)
            updates.append(matrix.grad.lerp(velocity, momentum))
        rows, columns = matrices[0].shape
        scale = max(1.0, rows / columns) ** 0.5
        for matrix, update in zip(matrices, orthogonal(torch.stack(updates)), strict=True):
            matrix.mul_(1 - lr * weight_decay).add_(update, alpha=-lr * scale)


def orthogonal(stack_NRC: Tensor, iterations: int = 5) -> Tensor:
    """Each matrix with its singular values pushed to about 1 (Newton-Schulz)."""
    a, b, c = _COEFFICIENTS
    tall = stack_NRC.shape[1] > stack_NRC.shape[2]
    x: Tensor = stack_NRC.mT if tall else stack_NRC
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    return x.mT if tall else x
