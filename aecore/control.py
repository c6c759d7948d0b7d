"""How a person reaches into a training that runs elsewhere: pause, step, stop, change the learning rate."""

import threading

from aecore.config import TrainConfig


class Control:
    """Wishes for a running training, settable from any thread; the loop looks between two steps."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._single_steps = 0
        self._stopped = False
        self._reason = ""
        self._learning_rate: float | None = None

    def pause(self) -> None:
        """Hold the training before its next step."""
        with self._changed:
            self._paused, self._single_steps = True, 0

    def step(self) -> None:
        """Pause, but take one step more."""
        with self._changed:
            self._paused = True
            self._single_steps += 1
            self._changed.notify_all()

    def resume(self) -> None:
        """Go on after a pause."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def stop(self, reason: str = "by hand") -> None:
        """End the training after the step it is in, and keep what it has learnt.

        `reason` completes "stopped ... in epoch 3" for people; the first one counts.
        """
        with self._changed:
            self._stopped, self._reason = True, self._reason or reason
            self._changed.notify_all()

    def change_learning_rate(self, learning_rate: float) -> None:
        """Use another learning rate from the next step on; under one-cycle, another highest one.

        Raises SettingsError for one that TrainConfig would refuse.
        """
        TrainConfig(learning_rate=learning_rate)
        with self._changed:
            self._learning_rate = learning_rate

    @property
    def stopped(self) -> bool:
        return self._stopped

    @property
    def reason(self) -> str:
        """Why it is stopped."""
        return self._reason

    @property
    def paused(self) -> bool:
        """Whether the next step must wait."""
        return self._paused and not self._single_steps and not self._stopped

    def wait(self, seconds: float) -> None:
        """Block while paused, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self.paused, timeout=seconds)

    def step_taken(self) -> None:
        """The loop's word that one step is done."""
        with self._changed:
            self._single_steps = max(0, self._single_steps - 1)

    def take_learning_rate(self) -> float | None:
        """The learning rate asked for since the last call, if any."""
        with self._changed:
            learning_rate, self._learning_rate = self._learning_rate, None
        return learning_rate
