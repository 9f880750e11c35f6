"""A bf16 matrix laid out for products with few rows, as decoding has them.

Letters: N rows, I input features, O output features.
"""

import torch
from torch import Tensor

_ROWS = 64
"""The rows that oneDNN's layout is for; it takes any number."""


class LibraryPanels:
    """oneDNN's layout. See `Panels`."""

    def __init__(self, weight_OI: Tensor, bias_O: Tensor | None) -> None:
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight_OI, _ROWS)
        self._bias_O = bias_O

    def product(self, x_NI: Tensor, out_NO: Tensor | None = None) -> Tensor:
        """x through the matrix: [N, O]."""
        found_NO: Tensor = torch.ops.mkldnn._linear_pointwise(x_NI, self._packed, self._bias_O, "none", [], "")
        return found_NO if out_NO is None else out_NO.copy_(found_NO)
