"""How much of what people see in an image its code says plainly: a linear classifier on the codes."""

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from aecore.analysis.codes import codes_of
from aecore.data import ImageSet
from aecore.models.base import Autoencoder

STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse strengths of regularisation that are tried."""

HELD_OUT = 1 / 6
"""Share of the training images on which the strength is chosen."""


def probe_accuracy(model: Autoencoder, images: ImageSet) -> float:
    """Share of the test images whose class a logistic regression on their codes names.

    Codes are divided by one number, so that the strengths mean the same for every model. The regularisation
    is chosen on held-out training images, never on the test images (Alain and Bengio, 2016).
    """
    train, test = codes_of(model, images.train_images), codes_of(model, images.test_images)
    scale = float(train.std()) or 1.0
    train, test = train / scale, test / scale
    labels, test_labels = images.train_labels.cpu().numpy(), images.test_labels.cpu().numpy()
    fitted, held_out, fitted_labels, held_out_labels = train_test_split(
        train, labels, test_size=HELD_OUT, random_state=0
    )
    chosen = max(
        STRENGTHS,
        key=lambda strength: (
            _classifier(strength).fit(fitted, fitted_labels).score(held_out, held_out_labels)
        ),
    )
    return float(_classifier(chosen).fit(train, labels).score(test, test_labels))


def _classifier(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=200)
