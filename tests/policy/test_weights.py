import pytest
import torch
from torch import nn

from burnish.policy.adapter import Adapter
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.plain import PlainKernels
from burnish.policy.weights import Matrix, Vector


@pytest.fixture
def layers():
    torch.manual_seed(0)
    return {"q": nn.Linear(4, 3), "k": nn.Linear(4, 2)}


def test_layers_that_read_the_same_input_become_one_matrix(layers):
    x_NI = torch.randn(5, 4)
    wanted = torch.cat([layer(x_NI) for layer in layers.values()], dim=1)
    matrix = Matrix(layers, torch.float32, PlainKernels())
    torch.testing.assert_close(matrix.product(x_NI), wanted)
    assert layers["k"].weight.data_ptr() == matrix.weight_OI[3:].data_ptr()
    torch.testing.assert_close(layers["q"](x_NI), wanted[:, :3])


def test_few_rows_of_bf16_take_the_packed_matrix_and_say_the_same(layers):
    matrix, x_NI = Matrix(layers, torch.bfloat16, PlainKernels()), torch.randn(600, 4).bfloat16()
    many = matrix.product(x_NI)
    assert matrix._panels is None
    torch.testing.assert_close(matrix.product(x_NI[:8]), many[:8])
    assert matrix._panels is not None


def test_a_packed_matrix_follows_its_masters(layers):
    matrix, x_NI = Matrix(layers, torch.bfloat16, PlainKernels()), torch.ones(1, 4).bfloat16()
    masters = matrix.learn()
    assert {name: master.dtype for name, master in masters.items()} == dict.fromkeys(
        ("q.weight", "q.bias", "k.weight", "k.bias"), torch.float32
    )
    matrix.product(x_NI)
    with torch.no_grad():
        for master in masters.values():
            master.fill_(2.0)
    matrix.refresh()
    assert matrix.product(x_NI).tolist() == [[10.0] * 5]  # four times 1 * 2, and the bias


@pytest.mark.parametrize("kernels", [PlainKernels(), kernels()], ids=lambda each: type(each).__name__)
def test_the_way_back_follows_the_masters_in_panels_and_without(kernels):
    torch.manual_seed(0)
    matrix = Matrix({"q": nn.Linear(64, 32, bias=False)}, torch.bfloat16, kernels)
    (master,) = matrix.learn().values()
    dout_NO, room_NI = torch.randn(600, 32).bfloat16(), torch.empty(600, 64).bfloat16()
    for _ in range(2):
        wanted_NI = dout_NO.double() @ matrix.weight_OI.double()
        torch.testing.assert_close(matrix.back(dout_NO).double(), wanted_NI, rtol=2**-8, atol=1e-3)
        matrix.back(dout_NO, room_NI)
        assert torch.equal(room_NI, matrix.back(dout_NO))
        with torch.no_grad():
            master.mul_(2.0)
        matrix.refresh()


@pytest.mark.parametrize(("outputs", "keeps"), [(1024, True), (1056, False)])
def test_of_a_large_matrix_no_layout_for_the_way_back_is_kept(outputs, keeps):
    if not isinstance(kernels(), NativeKernels):
        pytest.skip("there is no C++ compiler")
    matrix = Matrix({"q": nn.Linear(1024, outputs, bias=False)}, torch.float32, kernels())
    dout_NO = torch.randn(3, outputs)
    before_NI = matrix.back(dout_NO)
    assert matrix._back_panels is not None
    matrix.passed()
    assert (matrix._back_panels is not None) is keeps
    assert torch.equal(matrix.back(dout_NO), before_NI)


def test_in_fp32_the_master_is_the_weight_itself(layers):
    matrix = Matrix(layers, torch.float32, PlainKernels())
    assert matrix.learn()["k.weight"].data_ptr() == matrix.weight_OI[3:].data_ptr()


def test_gradients_go_to_the_masters_and_add_up(layers):
    matrix = Matrix(layers, torch.float32, PlainKernels())
    masters = matrix.learn()
    x_NI, dout_NO = torch.tensor([[1.0, 0, 0, 2]]), torch.tensor([[1.0, 0, 0, 0, 3]])
    matrix.add_gradient(x_NI, dout_NO)
    matrix.add_gradient(x_NI, dout_NO)
    assert masters["q.weight"].grad.tolist() == [[2, 0, 0, 4], [0] * 4, [0] * 4]
    assert masters["k.weight"].grad.tolist() == [[0] * 4, [6, 0, 0, 12]]
    assert masters["k.bias"].grad.tolist() == [0, 6]


def test_what_does_not_learn_gets_no_gradient(layers):
    matrix = Matrix(layers, torch.float32, PlainKernels())
    matrix.add_gradient(torch.ones(1, 4), torch.ones(1, 5))
    assert all(layer.weight.grad is None for layer in layers.values())


def test_an_adapters_factors_stand_side_by_side_scaled(layers):
    adapter = Adapter.fresh({"q": (4, 3), "k": (4, 2)}, rank=2, alpha=6.0, seed=0)
    for factors in adapter.factors.values():
        factors.b_Or.data.normal_()
    low = Matrix(layers, torch.float32, PlainKernels()).low(adapter)
    x_NI = torch.randn(5, 4)
    out_NO = torch.zeros(5, 5)
    low.add(out_NO, x_NI)
    for name, columns in (("q", slice(0, 3)), ("k", slice(3, 5))):
        factors = adapter.factors[name]
        torch.testing.assert_close(out_NO[:, columns], 3.0 * x_NI @ factors.a_rI.t() @ factors.b_Or.t())
    some = torch.zeros(5, 5)
    low.add_at(some, x_NI, torch.tensor([1, 3]))
    torch.testing.assert_close(some[[1, 3]], out_NO[[1, 3]].detach())
    assert some[[0, 2, 4]].count_nonzero() == 0


def test_a_matrix_without_a_part_in_the_adapter_has_none(layers):
    adapter = Adapter.fresh({"elsewhere": (4, 3)}, rank=2, alpha=6.0, seed=0)
    assert Matrix(layers, torch.float32, PlainKernels()).low(adapter) is None


def test_a_norms_weight_is_kept_in_fp32_and_shown_in_the_models_type():
    norm = nn.RMSNorm(4)
    vector = Vector("norm", norm, torch.bfloat16)
    with torch.no_grad():
        vector.learn().fill_(1.001)
    vector.refresh()
    assert vector.value_X.tolist() == pytest.approx([1.001] * 4)
    assert norm.weight.tolist() == [1.0] * 4
