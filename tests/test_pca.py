"""Principal components, against scikit-learn and by hand."""

import pytest
import torch
from images import SHAPE
from sklearn.decomposition import PCA as SklearnPCA

from aecore.data.batches import pixels
from aecore.losses import evaluate
from aecore.models.pca import PCA


def test_pca_worked_out_by_hand():
    """Two pixels that always agree, and one image off that line: it is answered with its foot on the line."""
    line = torch.tensor([[0, 0], [50, 50], [150, 150], [200, 200]], dtype=torch.uint8).reshape(4, 1, 1, 2)
    pca = PCA(line, 1)
    assert pca.mean.flatten().tolist() == pytest.approx([100 / 255, 100 / 255])
    assert pca.components.abs().flatten().tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert evaluate(pca, line) == pytest.approx(0, abs=1e-12)
    off = torch.tensor([[200, 100]], dtype=torch.uint8).reshape(1, 1, 1, 2)
    assert abs(pca.encode(pixels(off)).item()) == pytest.approx(50 * 2**0.5 / 255)
    assert (pca(pixels(off)) * 255).flatten().tolist() == pytest.approx([150, 150])
    assert evaluate(pca, off) == pytest.approx((50 / 255) ** 2)


@pytest.mark.parametrize("code_size", [1, 5, 20])
def test_pca_is_that_of_scikit_learn(monkeypatch, code_size):
    monkeypatch.setattr("aecore.models.pca.IMAGES_AT_ONCE", 16)  # so that 70 images come in several parts
    images, others = random_images(70, 5), random_images(30, 6)
    pca = PCA(images, code_size)
    reference = SklearnPCA(code_size).fit(pixels(images).flatten(1).numpy())
    codes = reference.transform(pixels(others).flatten(1).numpy())
    expected = torch.from_numpy(reference.inverse_transform(codes)).reshape(others.shape)
    assert pca.encode(pixels(others)).shape == (30, code_size)
    assert torch.allclose(pca.encode(pixels(others)).abs(), torch.from_numpy(codes).abs(), atol=1e-4)
    assert torch.allclose(pca(pixels(others)), expected, atol=1e-4)


def test_a_pca_code_larger_than_an_image_is_cut_to_its_size_and_loses_nothing():
    images = random_images(100, 7)
    pca = PCA(images, 1_000)
    assert pca.encode(pixels(images)).shape == (100, 64)
    assert evaluate(pca, images) == pytest.approx(0, abs=1e-9)


def random_images(count, seed):
    """Noise: every direction varies, each a little differently."""
    return torch.randint(0, 256, (count, *SHAPE), generator=torch.Generator().manual_seed(seed)).to(
        torch.uint8
    )
