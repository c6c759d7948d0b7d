"""Sparse dictionaries as the papers describe them: many units, few of them active."""

from aecore.config import ConvWinnersConfig, DataConfig, DenseConfig, RecurrentConfig, TrainConfig
from aecore.recipes.recipe import Published, Recipe

RECIPES = (
    Recipe(
        name="k-sparse",
        title="k-sparse: the 25 largest of 1,000 units",
        source="Makhzani and Frey, k-Sparse Autoencoders, 2014.",
        published=(Published("probe accuracy", 98.65, remark="an error of 1.35 %, the best of several k"),),
        note="Adam instead of momentum. The paper lowers k slowly to its 25, so that every unit takes part, "
        "and gives its classifier a few more than 25. Here more than a third of the units die, and the "
        "probe, a linear classifier, sees only the 25: it is wrong more often. PCA beside it has 25 numbers.",
        differs=True,
        model=DenseConfig(
            hidden=(), code_size=1_000, active=25, tied=True, output_activation="identity", weight_std=0.01
        ),
        train=TrainConfig(epochs=30, batch_size=128, learning_rate=1e-3),
    ),
    Recipe(
        name="fc-wta",
        title="Winner takes all: 2,000 units, 5 %",
        source="Makhzani and Frey, Winner-Take-All Autoencoders, 2015, as in guoguo12/tensorflow-fcwta.",
        published=(
            Published("probe accuracy", 98.6, remark="linear SVM on the codes; the paper itself: 98.8 %"),
        ),
        note="One layer of units, tied, as in the paper; that program has three, and a decoder of its own. "
        "It chose its classifier on the test images, ours is chosen on held-out ones. 12 epochs, one-cycle.",
        model=DenseConfig(
            hidden=(),
            code_size=2_000,
            code_activation="relu",
            lifetime=0.05,
            tied=True,
            output_activation="identity",
            weight_std=0.01,
        ),
        train=TrainConfig(epochs=12, batch_size=100, learning_rate=2e-3, schedule="one-cycle"),
    ),
    Recipe(
        name="conv-wta",
        title="Winner takes all, convolutional",
        source="Makhzani and Frey, Winner-Take-All Autoencoders, 2015; the size is that of the first "
        "author's demonstration.",
        note="Of each of 16 maps, the decoder gets the largest number, where it stands, and zeros elsewhere. "
        "The paper gives its classifiers the whole maps; here the rest is zero in use, too, for the decoder "
        "has learnt to paint no more. Adam instead of momentum, for 3 epochs.",
        model=ConvWinnersConfig(output_activation="identity", weight_std=0.01),
        train=TrainConfig(epochs=3, batch_size=128, learning_rate=1e-3),
    ),
    Recipe(
        name="lstm-30",
        title="Recurrent, row by row, code of 30",
        source="Aurélien Géron, Hands-On Machine Learning, 2nd edition, chapter 17, on Fashion-MNIST.",
        published=(Published("validation loss", 0.3206, remark="cross-entropy, after 10 epochs"),),
        note="One layer of memory each way where the source has two in the encoder, and Adam instead of "
        "plain descent, which gets lower.",
        model=RecurrentConfig(memory=100, code_size=30, code_activation="tanh", initialisation="keras"),
        data=DataConfig(dataset="fashion-mnist"),
        train=TrainConfig(epochs=10, batch_size=32, loss="bce"),
    ),
)
