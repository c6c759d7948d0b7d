"""Do the recipes give what their sources report? Every recipe trained with several seeds, and compared."""

from aecore.reproduction.document import publish, stored
from aecore.reproduction.goals import GOALS, pursue
from aecore.reproduction.rows import Row
from aecore.reproduction.trials import Trial, trial

__all__ = ["GOALS", "Row", "Trial", "publish", "pursue", "stored", "trial"]
