"""Codes and the pictures of codes, of every kind of model: those of one image at a time."""

import numpy as np
import pytest
import torch
from every_model import small_configs
from images import pictures

from aecore.analysis.codes import codes_of, pictures_of
from aecore.errors import LabError
from aecore.models import build

CONFIGS = small_configs([(1, 8, 8), (3, 9, 7)], code_size=5)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_codes_and_their_pictures_are_those_of_one_at_a_time(config, monkeypatch):
    from aecore.analysis import codes as module

    monkeypatch.setattr(module, "IMAGES_AT_ONCE", 4)
    torch.manual_seed(0)
    model, images = build(config).eval(), pictures(6, config.image_shape)
    codes = codes_of(model, images)
    drawn = pictures_of(model, codes)
    assert codes.shape == (6, config.code_size)
    for image, code, picture in zip(images, codes, drawn, strict=True):
        with torch.no_grad():
            expected = model.encode(image[None] / 255)
            shown = (model.decode(expected).clamp(0, 1) * 255).round()
        np.testing.assert_allclose(code, expected[0].numpy(), atol=1e-5)
        assert np.abs(picture.astype(int) - shown[0].numpy()).max() <= 1
    assert codes_of(model, images[:0]).shape == (0, config.code_size)
    assert pictures_of(model, codes[:0]).shape == (0, *config.image_shape)
    with pytest.raises(LabError, match="choose images of"):
        codes_of(model, pictures(2, (1, 5, 5)))
