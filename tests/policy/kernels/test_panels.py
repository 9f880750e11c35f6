"""Few rows through a matrix: oneDNN's layout and our own against the product itself."""

import pytest
import torch
import torch.nn.functional as F

from burnish.policy.kernels.native import NativeKernels, NativePanels, kernels
from burnish.policy.kernels.panels import LibraryPanels
from burnish.policy.kernels.plain import PlainKernels


@pytest.fixture
def native():
    found = kernels()
    if not isinstance(found, NativeKernels) or not found.has_pairs:
        pytest.skip("the processor does not multiply bf16, or there is no C++ compiler")
    torch.manual_seed(0)
    return found


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 32, 40, 64, 100])
@pytest.mark.parametrize(("inputs", "outputs"), [(32, 32), (96, 160), (256, 64)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_our_panels_give_the_product(native, rows, inputs, outputs, has_bias):
    weight_OI, x_NI = torch.randn(outputs, inputs).bfloat16(), torch.randn(rows, inputs).bfloat16()
    bias_O = torch.randn(outputs).bfloat16() if has_bias else None
    panels = native.panels(weight_OI, bias_O)
    assert isinstance(panels, NativePanels)
    wanted_NO = F.linear(x_NI.double(), weight_OI.double(), None if bias_O is None else bias_O.double())
    torch.testing.assert_close(panels.product(x_NI).double(), wanted_NO, rtol=2**-8, atol=1e-3)


def test_of_a_transposed_matrix_and_into_another_tensor(native):
    weight_IO, x_NI, room = torch.randn(96, 64).bfloat16(), torch.randn(300, 96).bfloat16(), torch.zeros(302, 64)
    room = room.bfloat16()
    native.panels(weight_IO.t(), None).product(x_NI, room[1:301])
    wanted_NO = x_NI.double() @ weight_IO.double()
    torch.testing.assert_close(room[1:301].double(), wanted_NO, rtol=2**-8, atol=1e-3)
    assert not room[0].any() and not room[301].any()


def test_what_the_cache_holds_is_in_panels_for_any_number_of_rows(native):
    if not native.has_tiles:
        pytest.skip("the processor has no tiles")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert native.has_panels_for_all(torch.empty(2048, 256, dtype=torch.bfloat16))
        assert not native.has_panels_for_all(torch.empty(2080, 256, dtype=torch.bfloat16))
        assert not native.has_panels_for_all(torch.empty(33, 256, dtype=torch.bfloat16))
        assert not native.has_panels_for_all(torch.empty(64, 256))
        torch.set_num_threads(2)
        assert not native.has_panels_for_all(torch.empty(2048, 256, dtype=torch.bfloat16))
    finally:
        torch.set_num_threads(threads)
    assert not PlainKernels().has_panels_for_all(torch.empty(64, 64, dtype=torch.bfloat16))


def test_a_rows_product_is_the_same_whatever_stands_beside_it(native):
    panels, x_NI = native.panels(torch.randn(64, 96).bfloat16(), None), torch.randn(70, 96).bfloat16()
    together_NO = panels.product(x_NI)
    for row in (0, 15, 33, 69):
        assert torch.equal(panels.product(x_NI[row : row + 1])[0], together_NO[row])
    assert torch.equal(panels.product(x_NI[20:50]), together_NO[20:50])


def test_a_matrix_that_fits_no_tile_is_onednns(native):
    assert isinstance(native.panels(torch.randn(33, 96).bfloat16(), None), LibraryPanels)
    assert isinstance(native.panels(torch.randn(64, 40).bfloat16(), None), LibraryPanels)


@pytest.mark.parametrize("processor", ["this one", "without bf16"])
def test_onednns_panels_give_the_product(processor, monkeypatch):
    if processor == "without bf16":
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    weight_OI, bias_O, x_NI = torch.randn(33, 40).bfloat16(), torch.randn(33).bfloat16(), torch.randn(5, 40).bfloat16()
    found_NO = PlainKernels().panels(weight_OI, bias_O).product(x_NI)
    wanted_NO = F.linear(x_NI.double(), weight_OI.double(), bias_O.double())
    torch.testing.assert_close(found_NO.double(), wanted_NO, rtol=2**-7, atol=1e-2)
