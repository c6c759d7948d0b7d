"""How large the decoder is that a file cannot be read without, and when it has paid for itself."""

import copy

import torch

from aecore.compression.codec import find
from aecore.models.base import Autoencoder
from aecore.models.weights import read_tensors
from aecore.runs import Run


def decoder_bytes(run: Run, model: Autoencoder) -> int:
    """Bytes, as they are stored, of those weights that decoding takes, and of what was learnt of the codes.

    Tied weights are the encoder's and the decoder's: they count. Which weights it takes is asked of the
    gradient.
    """
    trial = copy.deepcopy(model).cpu().requires_grad_(True)
    names, weights = zip(*trial.named_parameters(), strict=True)
    drawn = trial.decode(torch.full((1, model.config.code_size), 0.5))
    used = torch.autograd.grad(drawn.sum(), weights, allow_unused=True)
    stored = read_tensors(run.folder / "weights.safetensors")
    parts = [
        stored[name] for name, part in zip(names, used, strict=True) if part is not None and name in stored
    ]
    learnt = find(run)
    return sum(part.numel() * part.element_size() for part in parts) + (
        learnt.stat().st_size if learnt else 0
    )


def pays_after(decoder: int, own_bytes: float, other_bytes: float) -> float | None:
    """Images after which a decoder of so many bytes and its files are smaller than other files.

    None where they never are: each of its own is as large as the other.
    """
    return decoder / (other_bytes - own_bytes) if own_bytes < other_bytes else None
