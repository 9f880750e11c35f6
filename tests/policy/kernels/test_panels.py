"""Rows through a matrix: oneDNN's layout and our own against the product itself."""

import pytest
import torch
import torch.nn.functional as F

from burnish.policy.kernels.native import NativeKernels, NativePanels, kernels
from burnish.policy.kernels.panels import LibraryPanels
from burnish.policy.kernels.plain import PlainKernels

TOLERANCE = {torch.bfloat16: (2**-8, 1e-3), torch.float32: (1e-5, 1e-4), torch.float64: (1e-13, 1e-12)}


@pytest.fixture
def native():
    found = kernels()
    if not isinstance(found, NativeKernels):
        pytest.skip("there is no C++ compiler")
    torch.manual_seed(0)
    return found


@pytest.fixture(params=TOLERANCE, ids=str)
def dtype(request):
    return request.param


def check(found_NO, wanted_NO):
    relative, absolute = TOLERANCE[found_NO.dtype]
    torch.testing.assert_close(found_NO.double(), wanted_NO, rtol=relative, atol=absolute)


@pytest.mark.parametrize("rows", [1, 3, 4, 15, 16, 17, 32, 40, 64, 100])
@pytest.mark.parametrize(("inputs", "outputs"), [(32, 32), (96, 160), (256, 64)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_our_panels_give_the_product(native, dtype, rows, inputs, outputs, has_bias):
    weight_OI, x_NI = torch.randn(outputs, inputs).to(dtype), torch.randn(rows, inputs).to(dtype)
    bias_O = torch.randn(outputs).to(dtype) if has_bias else None
    panels = native.panels(weight_OI, bias_O)
    assert isinstance(panels, NativePanels)
    check(
        panels.product(x_NI), F.linear(x_NI.double(), weight_OI.double(), bias_O if bias_O is None else bias_O.double())
    )


@pytest.mark.parametrize(("inputs", "outputs"), [(4096, 96), (64, 4096)])
def test_what_no_cache_holds_is_taken_in_parts(native, dtype, inputs, outputs):
    weight_OI, x_NI = torch.randn(outputs, inputs).to(dtype), torch.randn(1031, inputs).to(dtype) / inputs**0.5
    check(native.panels(weight_OI, None).product(x_NI), x_NI.double() @ weight_OI.double().t())


def test_of_a_transposed_matrix_and_into_another_tensor(native, dtype):
    weight_IO, x_NI, room = torch.randn(96, 64).to(dtype), torch.randn(300, 96).to(dtype), torch.zeros(302, 64)
    room = room.to(dtype)
    native.panels(weight_IO.t(), None).product(x_NI, room[1:301])
    check(room[1:301], x_NI.double() @ weight_IO.double())
    assert not room[0].any() and not room[301].any()


def test_panels_are_for_any_number_of_rows(native):
    """Without tiles those of bf16 are for few, where the processor multiplies that at all."""
    narrow, wide = torch.empty(2048, 256, dtype=torch.bfloat16), torch.empty(4096, 512)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert native.has_panels_for_all(wide)
        assert native.has_panels_for_all(narrow) == (native.has_tiles or not native.has_pairs)
        assert native.has_panels_for_all(torch.empty(2080, 256, dtype=torch.bfloat16)) != native.has_pairs
        assert not native.has_panels_for_all(torch.empty(33, 256, dtype=torch.bfloat16))
        assert not native.has_panels_for_all(torch.empty(33, 256))
        torch.set_num_threads(2)
        assert native.has_panels_for_all(narrow) != native.has_pairs
        assert native.has_panels_for_all(wide)
    finally:
        torch.set_num_threads(threads)
    assert not PlainKernels().has_panels_for_all(wide)


def test_a_rows_product_is_the_same_whatever_stands_beside_it(native, dtype):
    panels, x_NI = native.panels(torch.randn(64, 96).to(dtype), None), torch.randn(70, 96).to(dtype)
    together_NO = panels.product(x_NI)
    for row in (0, 15, 33, 69):
        assert torch.equal(panels.product(x_NI[row : row + 1])[0], together_NO[row])
    for first, last in ((20, 50), (1, 4), (66, 70)):
        assert torch.equal(panels.product(x_NI[first:last]), together_NO[first:last])


def test_a_matrix_that_fits_no_panel_is_the_librarys(native, dtype):
    assert isinstance(native.panels(torch.randn(33, 96).to(dtype), None), LibraryPanels)
    assert isinstance(native.panels(torch.randn(64, 40).to(dtype), None), LibraryPanels)


@pytest.mark.parametrize("processor", ["this one", "without bf16"])
def test_onednns_panels_give_the_product(processor, monkeypatch):
    if processor == "without bf16":
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    weight_OI, bias_O, x_NI = torch.randn(33, 40).bfloat16(), torch.randn(33).bfloat16(), torch.randn(5, 40).bfloat16()
    found_NO = PlainKernels().panels(weight_OI, bias_O).product(x_NI)
    wanted_NO = F.linear(x_NI.double(), weight_OI.double(), bias_O.double())
    torch.testing.assert_close(found_NO.double(), wanted_NO, rtol=2**-7, atol=1e-2)
