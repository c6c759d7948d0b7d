"""Short trainings of a tiny network, and what their records say."""

from images import SHAPE, pictures

from aecore.config import DenseConfig, TrainConfig
from aecore.models import build
from aecore.training import train

TINY = DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3)
TRAIN, VALIDATION = pictures(36, seed=1), pictures(9, seed=2)
NONE_HELD_OUT = VALIDATION[:0]
SHORT = TrainConfig(epochs=3, batch_size=7, learning_rate=0.01)
"""6 steps per epoch, the last of one image: 18 in all."""


def run(config=SHORT, model=None, validation=VALIDATION, **how):
    return list(train(model or build(TINY, config.seed), TRAIN, validation, config, **how))


def losses_of(records):
    return [loss for record in records for loss in record.losses]
