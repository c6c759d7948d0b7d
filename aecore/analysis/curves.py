"""Loss curves made ready for the eye: smoothed, thinned out, and laid along steps, epochs or seconds."""

from dataclasses import dataclass, field

import numpy as np

from aecore.progress import Epoch

RECENT_STEPS = 50


@dataclass(frozen=True, kw_only=True)
class Track:
    """What one training has reported: a loss for every step, and a row for every epoch."""

    losses: np.ndarray = field(default_factory=lambda: np.empty(0))
    """(N,) the loss of each step."""

    epochs: list[Epoch] = field(default_factory=list)
    steps_per_epoch: float = 1.0
    step: int = 0
    """Where the training is now."""

    seconds: float = 0.0
    """How long it took to get there."""

    @property
    def recent_loss(self) -> float | None:
        """The mean over the last steps; None before the first."""
        return float(self.losses[-RECENT_STEPS:].mean()) if len(self.losses) else None

    @property
    def phases(self) -> list[tuple[str, int, int]]:
        """Name, first and last step of each phase that has a name, in order, as far as it has come."""
        found: list[tuple[str, int, int]] = []
        begin = 0
        for epoch in self.epochs:
            if found and found[-1][0] == epoch.phase:
                found[-1] = (epoch.phase, found[-1][1], epoch.step)
            else:
                found.append((epoch.phase, begin, epoch.step))
            begin = epoch.step
        return [phase for phase in found if phase[0]]

    def along(self, unit: str, steps: np.ndarray) -> np.ndarray:
        """Where `steps` (M,) lie when counted in `unit`, which is step, epoch or second; (M,).

        The clock is read at epoch ends and now; between two readings steps are taken as equally long.
        """
        if unit == "second":
            known = {0: 0.0, **{epoch.step: epoch.seconds for epoch in self.epochs}}
            known.setdefault(self.step, self.seconds)
            return np.interp(steps, sorted(known), [known[step] for step in sorted(known)])
        return steps / self.steps_per_epoch if unit == "epoch" else np.asarray(steps, dtype=float)


def exponential_mean(values: np.ndarray, keep: float) -> np.ndarray:
    """Each value mixed with those before it, whose weight shrinks by `keep`, 0 <= keep < 1, per step; (N,).

    mean_t = (v_t + keep v_{t-1} + keep² v_{t-2} + ...) / (1 + keep + keep² + ...): weights that sum to one
    from the first step on, so that the curve does not start at zero (as in Kingma and Ba, 2015, section 3).
    """
    sums, span, weight = np.asarray(values, dtype=np.float64), 1, keep
    while span < len(sums) and weight > 1e-18:  # sums over `span` values become sums over twice as many
        earlier = weight * sums[:-span]
        sums = np.concatenate([sums[:span], sums[span:] + earlier])
        span, weight = 2 * span, weight**2
    return sums * (1 - keep) / (1 - keep ** np.arange(1, len(sums) + 1))


def moving_mean(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of each value and those before it, `window` in all; of fewer at the beginning; (N,)."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (sums[ends] - sums[starts]) / (ends - starts)


def thin(values: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most `most` >= 6 of the values that keep the look of the curve, ascending.

    The first, the last, and the lowest and the highest of each stretch. Stretches are as long as a power
    of two, so that they stay where they are while a curve grows, and no point jumps.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    length = 2
    while 2 * -(-count // length) + 2 > most:
        length *= 2
    stretches = np.pad(values, (0, -count % length), mode="edge").reshape(-1, length)
    number = np.isfinite(stretches)
    lowest = np.where(number, stretches, np.inf).argmin(1)
    highest = np.where(number, stretches, -np.inf).argmax(1)
    starts = np.arange(0, count, length)
    chosen = np.concatenate([[0], starts + lowest, starts + highest, [count - 1]])
    return np.unique(np.minimum(chosen, count - 1))  # what was padded is the last one again
