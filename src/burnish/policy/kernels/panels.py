"""A matrix laid out for products with few rows, as decoding has them.

Letters: N rows, I input features, O output features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_ROWS = 64
"""The rows that oneDNN's layout is for; it takes any number."""


class LibraryPanels:
    """oneDNN's layout of a bf16 matrix, or the matrix as it is where there is none for it. See `Panels`."""

    def __init__(self, weight_OI: Tensor, bias_O: Tensor | None) -> None:
        self._is_laid = weight_OI.dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight_OI, _ROWS) if self._is_laid else weight_OI
        self._bias_O = bias_O

    def product(self, x_NI: Tensor, out_NO: Tensor | None = None) -> Tensor:
        """x through the matrix: [N, O]."""
        if self._is_laid:
            found_NO: Tensor = torch.ops.mkldnn._linear_pointwise(x_NI, self._weight, self._bias_O, "none", [], "")
        else:
            found_NO = F.linear(x_NI, self._weight, self._bias_O)
        return found_NO if out_NO is None else out_NO.copy_(found_NO)
