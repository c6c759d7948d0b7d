"""The settings of the form that are not first, in groups, and what each group does in a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Settings that belong together."""

    title: str
    about: str
    names: tuple[str, ...] = ()


GROUPS = (
    Group(
        "Network",
        "How layers turn sums into outputs. Worth a try: *tied*. The rest seldom needs a change.",
        (
            *("tied", "decoder_hidden", "kernel_size", "memory", "beta"),
            *("activation", "code_activation", "output_activation", "initialisation", "weight_std"),
        ),
    ),
    Group(
        "Sparsity",
        "Lets only a few numbers of a code speak, so that each comes to stand for something. One way is "
        "enough: *active* keeps the largest, *lifetime* rations each unit, weights make large codes costly.",
        ("active", "lifetime", "l1_weight", "kl_weight", "kl_target", "kl_normalised"),
    ),
    Group(
        "Noise and other tasks",
        "Shows the model less than it is asked for: noise to remove, colours or details to add. "
        "Choose a *noise* or a *transform* first; the levels mean nothing without one.",
        (
            *("noise", "noise_level", "least_noise", "noise_clip"),
            *("input_transform", "target_transform", "input_dropout", "hidden_dropout"),
        ),
    ),
    Group(
        "Steps",
        "How weights follow the loss. The learning rate above matters most; next is its *schedule*.",
        ("optimizer", "schedule", "plateau_patience", "plateau_divisor", "weight_decay", "momentum"),
    ),
    Group(
        "When it ends, and what is kept",
        "By default, all epochs are trained, and the weights of the best one are kept.",
        ("early_stop", "stop_at", "keep_best"),
    ),
    Group(
        "Layer by layer",
        "Trains pairs of layers one after the other, or sets a tied decoder free at the end.",
        ("pair_epochs", "untied_epochs"),
    ),
    Group(
        "Images and chance",
        "Which pictures are learnt from or held out. Another *seed* says how much of a result is luck.",
        ("classes", "train_count", "validation_share", "split_seed", "seed"),
    ),
)

OTHERS = Group("Others", "Settings that belong to no group above.")


def grouped(names: Iterable[str]) -> list[tuple[Group, list[str]]]:
    """The groups with those of `names` that are theirs, but for empty ones; what is in none comes last."""
    left = list(names)
    known = {name for group in GROUPS for name in group.names}
    found = [(group, [name for name in group.names if name in left]) for group in GROUPS]
    found.append((OTHERS, [name for name in left if name not in known]))
    return [(group, members) for group, members in found if members]
