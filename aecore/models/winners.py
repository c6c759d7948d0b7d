"""The convolutional winner-take-all autoencoder: a dictionary of shapes, and where each stands."""

from itertools import pairwise

from torch import Tensor, nn

from aecore.config import ConvWinnersConfig
from aecore.models.base import Autoencoder, layer
from aecore.models.convolution import Convolution
from aecore.models.drawing import Dropout
from aecore.models.sparsity import keep_largest


class ConvWinnersAutoencoder(Autoencoder):
    """maps = f_n(... f_1(x) ...);  image = o(W * spatial(maps) + b)

    f_i: k x k convolution with a margin, then the hidden activation, in the last the code activation.
    spatial: each map keeps its largest pixel alone and, with `lifetime`, in training only in that share of a
    batch where it is largest. W: one k x k convolution, whose kernels are the shapes that the maps' pixels
    paint. The code is all maps in a row.
    Makhzani and Frey, Winner-Take-All Autoencoders, 2015. Their classifiers were given the whole maps, which
    `units` are; a decoder that has learnt to paint one shape for each map is lost with them.
    """

    config: ConvWinnersConfig

    def __init__(self, config: ConvWinnersConfig) -> None:
        super().__init__(config)
        margin = config.kernel_size // 2
        modules: list[nn.Module] = [Dropout(config.input_dropout)] if config.input_dropout else []
        *inner, end = pairwise((config.image_shape[0], *config.channels))
        for before, after in inner:
            convolution = Convolution(before, after, config.kernel_size, padding=margin)
            modules += layer(convolution, config.activation, config.hidden_dropout)
        modules += layer(Convolution(*end, config.kernel_size, padding=margin), config.code_activation)
        self.encoder = nn.Sequential(*modules, nn.Flatten())
        paint = Convolution(config.channels[-1], config.image_shape[0], config.kernel_size, padding=margin)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, config.code_shape), *layer(paint, config.output_activation)
        )

    def units(self, images: Tensor) -> Tensor:
        return self.encoder(images)

    def sparse(self, codes: Tensor) -> Tensor:
        maps = codes.unflatten(1, (self.config.channels[-1], -1))
        winners = keep_largest(maps.flatten(0, 1), 1).unflatten(0, maps.shape[:2])
        if self.training and self.config.lifetime is not None:
            strongest = winners.sum(2)  # of each map in each image (B, maps)
            count = max(1, round(self.config.lifetime * len(codes)))
            winners = winners * (strongest >= strongest.topk(count, dim=0).values[-1])[:, :, None]
        return winners.flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes)
