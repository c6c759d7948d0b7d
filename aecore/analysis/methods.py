"""What tells how strange an image is. Nothing here imports torch or scikit-learn."""

METHODS = {
    "error": "Reconstruction error",
    "code": "Distance of the code",
    "both": "Error and distance",
    "pca": "PCA error",
    "knn": "Nearest neighbours",
    "lof": "Local outlier factor",
    "forest": "Isolation forest",
}
"""By name, what tells how strange an image is: the first three ask the model, the others know none.

error: mean squared error of the image redrawn. code: squared Mahalanobis distance of its code from those of
normal images, whose covariance is estimated after Ledoit and Wolf (2004). both: the sum of the logarithms
of these two, each measured in standard deviations of held-out normal images (after Denouden and others,
Improving Reconstruction Autoencoder Out-of-distribution Detection with Mahalanobis Distance, 2018). pca: the
error of PCA of the code's size. knn: mean distance to the five nearest normal images. lof: Breunig and
others, 2000. forest: Liu, Ting and Zhou, 2008. The last three see pixels.
"""

OF_THE_MODEL = ("error", "code", "both")
