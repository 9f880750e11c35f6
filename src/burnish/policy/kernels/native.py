"""The kernels of `source/`, called through ctypes with the addresses of tensors."""

import ctypes
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from burnish.policy.kernels.build import digest, library
from burnish.policy.kernels.kernels import Choices, Draws, Heads, Kernels, Normed, Panels, Scores, Turned, sum_dtype
from burnish.policy.kernels.panels import LibraryPanels
from burnish.policy.kernels.plain import PlainKernels

_SUFFIX = {torch.float64: "f64", torch.float32: "f32", torch.bfloat16: "bf16"}
_Address, _Count, _Real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
_SIGNATURES: dict[str, list[Any]] = {
    "add_norm": [*[_Address] * 3, _Real, *[_Address] * 3, *[_Count] * 2],
    "add_norm_backward": [*[_Address] * 7, *[_Count] * 2],
    "turn": [*[_Address] * 6, _Real, *[_Address] * 3, *[_Count] * 4],
    "turn_backward": [*[_Address] * 9, _Real, *[_Address] * 3, *[_Count] * 4],
    "gate": [*[_Address] * 2, *[_Count] * 2],
    "gate_backward": [*[_Address] * 2, *[_Count] * 2],
    "lay_panels": [_Address, ctypes.c_int, _Address, *[_Count] * 2],
    "through_panels": [*[_Address] * 4, *[_Count] * 3],
    "through_layers": [*[_Address] * 6, *[_Real] * 2, *[_Address] * 2, _Count],
    "add_outer": [_Address, _Count, *[_Address] * 2, *[_Count] * 3],
    "attend": [*[_Address] * 10, _Count, _Address, *[_Count] * 4, _Real],
    "lay": [*[_Address] * 4, *[_Count] * 4],
    "tree_attend": [*[_Address] * 6, *[_Count] * 2, *[_Address] * 2, *[_Count] * 3, _Real],
    "tree_attend_backward": [*[_Address] * 9, *[_Count] * 2, *[_Address] * 3, *[_Count] * 3, _Real],
    "draw": [*[_Address] * 8, *[_Count] * 2],
    "score": [*[_Address] * 8, *[_Count] * 2],
    "score_backward": [*[_Address] * 7, *[_Count] * 2],
}
_PANEL = 32
"""Both sizes of a matrix in our own panels are multiples of this."""
_PANEL_THREADS = 2
"""Of bf16 panels in tiles: with more threads than this, oneDNN's were the faster ones while ours took one."""
_CACHED_BYTES = 1024 * 1024
"""Of a bf16 matrix that stays in a core's own cache while rows pass it."""

_Functions = dict[torch.dtype, Callable[..., None]]


def kernels() -> Kernels:
    """The fastest that this machine has."""
    found = library()
    return PlainKernels() if found is None else NativeKernels(found)


class NativeKernels:
    """See `Kernels`. Letters as there. Tensors that are only read may be of any strides; all others are contiguous."""

    def __init__(self, found: ctypes.CDLL) -> None:
        self.name = f"native kernels {digest()}"
        self.has_tiles = bool(found.has_tiles())
        """Whether this processor multiplies bf16 in tiles, and may."""
        self.has_pairs = bool(found.has_pairs())
        """Whether it does so in vectors of pairs; every one with tiles does."""
        self._add_outer = _functions(found, "add_outer")
        self._add_norm = _functions(found, "add_norm")
        self._add_norm_backward = _functions(found, "add_norm_backward")
        self._turn = _functions(found, "turn")
        self._turn_backward = _functions(found, "turn_backward")
        self._gate = _functions(found, "gate")
        self._gate_backward = _functions(found, "gate_backward")
        self._draw = _functions(found, "draw")
        self._score = _functions(found, "score")
        self._score_backward = _functions(found, "score_backward")
        self.lay_panels = _functions(found, "lay_panels")
        """For `NativePanels`, by the type of activations."""
        self.through_panels = _functions(found, "through_panels")
        self.through_layers = _functions(found, "through_layers")
        """For `NativeLayers`."""
        self.attend = _functions(found, "attend")
        """For `NativeSlots`, by the type of activations."""
        self.lay = _functions(found, "lay")
        self.tree_attend = _functions(found, "tree_attend")
        """For `NativeTreeAttention`."""
        self.tree_attend_backward = _functions(found, "tree_attend_backward")

    def panels(self, weight_OI: Tensor, bias_O: Tensor | None) -> Panels:
        """Our own, where the matrix fits them and they are the faster ones."""
        return NativePanels(self, weight_OI, bias_O) if self._has_own(weight_OI) else LibraryPanels(weight_OI, bias_O)

    def has_panels_for_all(self, weight_OI: Tensor) -> bool:
        """Our own; by pairs they are for few rows, and in tiles for any where the cache holds the matrix."""
        for_all = not self._is_narrow(weight_OI) or (self.has_tiles and _is_cached(weight_OI))
        return for_all and self._has_own(weight_OI)

    def _has_own(self, weight_OI: Tensor) -> bool:
        """Of bf16, where the processor multiplies it, what the cache holds; in tiles, any, for two threads."""
        in_tiles = self.has_tiles and torch.get_num_threads() <= _PANEL_THREADS
        return _fits(weight_OI) and (not self._is_narrow(weight_OI) or _is_cached(weight_OI) or in_tiles)

    def _is_narrow(self, tensor: Tensor) -> bool:
        """Whether the processor multiplies it as bf16; else it does so by vectors, as fp32 or fp64."""
        return tensor.dtype == torch.bfloat16 and self.has_pairs

    def add_outer(self, dout_NO: Tensor, x_NI: Tensor, gradient_OI: Tensor) -> None:
        """Our own where the matrix fits, for one thread where the processor multiplies bf16; else the library's."""
        if not _fits(gradient_OI) or (self._is_narrow(x_NI) and torch.get_num_threads() > 1):
            gradient_OI += dout_NO.t() @ x_NI
            return
        dout_NO = dout_NO if dout_NO.stride(1) == 1 else dout_NO.contiguous()
        x_NI = x_NI.contiguous()
        addresses = (dout_NO.data_ptr(), dout_NO.stride(0), x_NI.data_ptr(), gradient_OI.data_ptr())
        self._add_outer[x_NI.dtype](*addresses, len(x_NI), *gradient_OI.shape)

    def add_norm(
        self, x_NX: Tensor, y_NX: Tensor | None, weight_X: Tensor, epsilon: float, dtype: torch.dtype
    ) -> Normed:
        """RMSNorm."""
        sum_NX = x_NX if y_NX is None else torch.empty_like(x_NX)
        normed = Normed(sum_NX, torch.empty(x_NX.shape, dtype=dtype), x_NX.new_empty(x_NX.shape[0]))
        addresses = (part.data_ptr() for part in normed)
        self._add_norm[dtype](x_NX.data_ptr(), _at(y_NX), weight_X.data_ptr(), epsilon, *addresses, *x_NX.shape)
        return normed

    def add_norm_backward(
        self, dh_NX: Tensor, x_NX: Tensor, weight_X: Tensor, inverse_N: Tensor, dx_NX: Tensor, dw_X: Tensor | None
    ) -> Tensor:
        """RMSNorm's gradient."""
        narrow_NX = None if dh_NX.dtype == dx_NX.dtype else torch.empty_like(dh_NX)
        self._add_norm_backward[dh_NX.dtype](
            dh_NX.data_ptr(),
            x_NX.data_ptr(),
            weight_X.data_ptr(),
            inverse_N.data_ptr(),
            dx_NX.data_ptr(),
            _at(dw_X),
            _at(narrow_NX),
            *x_NX.shape,
        )
        return dx_NX if narrow_NX is None else narrow_NX

    def turn(self, qkv_NO: Tensor, position_N: Tensor, heads: Heads) -> Turned:
        """Split, norm and rotate."""
        count, size = qkv_NO.shape[0], 2 * heads.cosine_TD.shape[1]
        turned = Turned(
            qkv_NO.new_empty(count, heads.query, size),
            qkv_NO.new_empty(count, heads.key, size),
            qkv_NO.new_empty(count, heads.key, size),
        )
        self._turn[qkv_NO.dtype](
            qkv_NO.data_ptr(),
            *_at_heads(heads),
            position_N.data_ptr(),
            heads.epsilon,
            *(part.data_ptr() for part in turned),
            count,
            heads.query,
            heads.key,
            size,
        )
        return turned

    def turn_backward(
        self,
        gradient: Turned,
        qkv_NO: Tensor,
        position_N: Tensor,
        heads: Heads,
        dw_D: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        """Rotate back, then the norm's gradient."""
        dqkv_NO = torch.empty_like(qkv_NO)
        parts = [part.contiguous() for part in gradient]
        dwq_D, dwk_D = dw_D or (None, None)
        self._turn_backward[qkv_NO.dtype](
            *(part.data_ptr() for part in parts),
            qkv_NO.data_ptr(),
            *_at_heads(heads),
            position_N.data_ptr(),
            heads.epsilon,
            dqkv_NO.data_ptr(),
            _at(dwq_D),
            _at(dwk_D),
            qkv_NO.shape[0],
            heads.query,
            heads.key,
            2 * heads.cosine_TD.shape[1],
        )
        return dqkv_NO

    def gate(self, both_NI: Tensor) -> Tensor:
        """SwiGLU."""
        out_NI = both_NI.new_empty(both_NI.shape[0], both_NI.shape[1] // 2)
        self._gate[both_NI.dtype](both_NI.data_ptr(), out_NI.data_ptr(), *out_NI.shape)
        return out_NI

    def gate_backward(self, dout_NI: Tensor, both_NI: Tensor) -> None:
        """SwiGLU's gradient, and its output."""
        self._gate_backward[both_NI.dtype](dout_NI.data_ptr(), both_NI.data_ptr(), *dout_NI.shape)

    def draw(self, logits_RV: Tensor, choices: Choices, temperature_R: Tensor, uniform_R: Tensor) -> Draws:
        """An id of -1 where a score is not a number."""
        wide, rows = sum_dtype(logits_RV.dtype), len(logits_RV)
        draws = Draws(torch.empty(rows, dtype=torch.long), torch.empty(rows, dtype=wide), torch.empty(rows, dtype=wide))
        temperature_R = temperature_R.to(wide)
        self._draw[logits_RV.dtype](
            logits_RV.data_ptr(),
            choices.set_UW.data_ptr(),
            choices.choice_P.data_ptr(),
            temperature_R.data_ptr(),
            uniform_R.data_ptr(),
            *(part.data_ptr() for part in draws),
            *logits_RV.shape,
        )
        return draws

    def score(self, logits_PV: Tensor, choices: Choices, temperature_P: Tensor, target_P: Tensor) -> Scores:
        """Log-probs of given ids."""
        count, wide = len(logits_PV), sum_dtype(logits_PV.dtype)
        scores = Scores(*(torch.empty(count, dtype=wide) for _ in range(3)))
        temperature_P = temperature_P.to(wide)
        self._score[logits_PV.dtype](
            logits_PV.data_ptr(),
            choices.set_UW.data_ptr(),
            choices.choice_P.data_ptr(),
            temperature_P.data_ptr(),
            target_P.data_ptr(),
            *(part.data_ptr() for part in scores),
            *logits_PV.shape,
        )
        return scores

    def score_backward(
        self,
        logits_PV: Tensor,
        choices: Choices,
        temperature_P: Tensor,
        target_P: Tensor,
        scores: Scores,
        slope_P: Tensor,
    ) -> Tensor:
        """(target - softmax) * slope / T, in the logits' place."""
        wide = sum_dtype(logits_PV.dtype)
        temperature_P, slope_P = temperature_P.to(wide), slope_P.to(wide)
        self._score_backward[logits_PV.dtype](
            logits_PV.data_ptr(),
            choices.set_UW.data_ptr(),
            choices.choice_P.data_ptr(),
            temperature_P.data_ptr(),
            target_P.data_ptr(),
            scores.log_sum_P.data_ptr(),
            slope_P.data_ptr(),
            *logits_PV.shape,
        )
        return logits_PV


class NativePanels:
    """As a product reads them. See `Panels`; a row's result is the same whatever stands beside it."""

    def __init__(self, kernels: NativeKernels, weight_OI: Tensor, bias_O: Tensor | None) -> None:
        self._through = kernels.through_panels[weight_OI.dtype]
        self._size = tuple(weight_OI.shape)
        self._laid, self._bias_O = weight_OI.new_empty(self._size), bias_O
        is_transposed = weight_OI.t().is_contiguous()
        weight_OI = weight_OI if is_transposed else weight_OI.contiguous()
        kernels.lay_panels[weight_OI.dtype](weight_OI.data_ptr(), is_transposed, self._laid.data_ptr(), *self._size)

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and activations."""
        return self._laid.dtype

    @property
    def inputs(self) -> int:
        """I."""
        return self._size[1]

    def addresses(self) -> tuple[int, int | None]:
        """Of the tiles, and of the bias where there is one."""
        return self._laid.data_ptr(), _at(self._bias_O)

    def product(self, x_NI: Tensor, out_NO: Tensor | None = None) -> Tensor:
        """x through the matrix: [N, O]."""
        outputs, inputs = self._size
        x_NI, rows = x_NI.contiguous(), x_NI.shape[0]
        out_NO = x_NI.new_empty(rows, outputs) if out_NO is None else out_NO
        self._through(x_NI.data_ptr(), *self.addresses(), out_NO.data_ptr(), rows, inputs, outputs)
        return out_NO


def _fits(matrix_OI: Tensor) -> bool:
    """Whether its sizes are whole numbers of our own panels."""
    return not any(size % _PANEL for size in matrix_OI.shape)


def _is_cached(matrix_OI: Tensor) -> bool:
    """Whether the cache of the one core that computes holds it."""
    return matrix_OI.nbytes <= _CACHED_BYTES and torch.get_num_threads() == 1


def _functions(found: ctypes.CDLL, name: str) -> _Functions:
    """One C function for each type of activations."""
    return {dtype: _function(found, f"{name}_{suffix}", _SIGNATURES[name]) for dtype, suffix in _SUFFIX.items()}


def _function(found: ctypes.CDLL, name: str, signature: list[Any]) -> Callable[..., None]:
    function = found[name]
    function.argtypes, function.restype = signature, None
    return function


def _at(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def _at_heads(heads: Heads) -> tuple[int | None, ...]:
    return (_at(heads.query_norm_D), _at(heads.key_norm_D), heads.cosine_TD.data_ptr(), heads.sine_TD.data_ptr())
