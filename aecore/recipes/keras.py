"""The Keras tutorials: the dense networks of the blog and the convolutional denoiser of keras.io."""

from aecore.config import ConvMapConfig, DataConfig, DenseConfig, TrainConfig
from aecore.recipes.recipe import Published, Recipe

BLOG = "François Chollet, Building Autoencoders in Keras, the Keras blog, in its later version with Adam."
DENSE = DenseConfig(hidden=(), code_size=32, code_activation="relu", initialisation="keras")
TRAINING = TrainConfig(epochs=50, batch_size=256, loss="bce")

RECIPES = (
    Recipe(
        name="keras-32",
        title="Keras blog: dense, code of 32",
        source=BLOG,
        published=(Published("validation loss", 0.09, remark="cross-entropy, about, after 50 epochs"),),
        note="The blog's held-out images are the test images.",
        model=DENSE,
        train=TRAINING,
    ),
    Recipe(
        name="keras-32-sparse",
        title="Keras blog: dense with L1, code of 32",
        source=BLOG,
        published=(Published("validation loss", 0.10, remark="cross-entropy, after 100 epochs"),),
        note="The blog's figure is older than its optimiser: it was reached with Adadelta. Adam gets lower. "
        "Ours is the cross-entropy without the penalty.",
        differs=True,
        model=DENSE,
        train=TRAINING.replace(epochs=100, l1_weight=1e-4),
    ),
    Recipe(
        name="keras-deep-32",
        title="Keras blog: deep, code of 32",
        source=BLOG,
        published=(Published("validation loss", 0.08, remark="cross-entropy, about, after 100 epochs"),),
        note="The blog's held-out images are the test images.",
        model=DENSE.replace(hidden=(128, 64)),
        train=TRAINING.replace(epochs=100),
    ),
    Recipe(
        name="keras-denoise",
        title="Keras.io: convolutional denoiser",
        source="Santiago L. Valdarrama, Convolutional autoencoder for image denoising, keras.io, 2021.",
        published=(Published("validation loss", 0.0839, remark="cross-entropy, after 100 epochs"),),
        note="Begins with noise at once where the source first learns 50 epochs without; noise is fresh in "
        "every batch; ends once the held-out loss is 0.085.",
        model=ConvMapConfig(code_activation="relu", initialisation="keras"),
        data=DataConfig(noise="gaussian", noise_level=0.4),
        train=TRAINING.replace(epochs=100, batch_size=128, stop_at=0.085),
    ),
)
