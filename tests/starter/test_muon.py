import torch

from burnish.starter.muon import Muon, orthogonal


def test_singular_values_are_pushed_to_about_one():
    torch.manual_seed(0)
    for shape in ((3, 8, 16), (2, 16, 8), (1, 8, 8)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_directions_are_kept():
    matrix = torch.diag(torch.tensor([3.0, 2.0]))
    done = orthogonal(matrix[None])[0]
    assert torch.allclose(done, torch.diag(done.diagonal()), atol=1e-6)
    assert (done.diagonal() > 0).all()


def test_a_step_goes_against_the_gradient_by_its_rate_and_shape():
    tall = torch.nn.Parameter(torch.zeros(8, 2))
    tall.grad = torch.zeros(8, 2)
    tall.grad[0, 0] = tall.grad[1, 1] = 5.0
    Muon([tall], lr=0.1).step()
    expected = -0.1 * 2 * orthogonal(tall.grad[None])[0]  # sqrt(8 / 2) = 2
    assert torch.allclose(tall.data, expected, atol=1e-6)


def test_weight_decay_shrinks_before_the_step():
    matrix = torch.nn.Parameter(torch.ones(2, 2))
    matrix.grad = torch.zeros(2, 2)
    Muon([matrix], lr=0.5, weight_decay=0.2).step()
    assert torch.allclose(matrix.data, torch.full((2, 2), 0.9))
