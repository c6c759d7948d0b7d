"""Do the recipes give what their sources report? Every recipe trained with several seeds, and compared."""

from aecore.reproduction.document import publish, stored
from aecore.reproduction.rows import Row
from aecore.reproduction.trials import Trial, trial

__all__ = ["Row", "Trial", "publish", "stored", "trial"]
