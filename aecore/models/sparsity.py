"""Sparse codes: few units active in an image, or each unit active for few images."""

import torch
from torch import Tensor


def keep_largest(codes: Tensor, count: int) -> Tensor:
    """Codes (B, U) with all but the `count` largest numbers of each row set to zero.

    Gradients reach only what was kept. Makhzani and Frey, k-Sparse Autoencoders, 2014.
    """
    return _largest(codes, count, dim=1)


def winner_take_all(codes: Tensor, share: float) -> Tensor:
    """Codes (B, U) in which each unit keeps only its largest numbers, for `share` of the batch, at least one.

    Every unit wins for some images, so none dies. Only for training: what an image's code is would depend on
    the others in its batch. Makhzani and Frey, Winner-Take-All Autoencoders, 2015.
    """
    return _largest(codes, max(1, round(share * len(codes))), dim=0)


def _largest(codes: Tensor, count: int, dim: int) -> Tensor:
    values, places = codes.topk(count, dim, sorted=False)
    return torch.zeros_like(codes).scatter(dim, places, values)
