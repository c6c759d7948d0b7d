"""Whether a latent map can be drawn at once, or something must be computed for it first."""

from typing import TYPE_CHECKING

from aecore.runs import Run
from pages.shared import state
from pages.shared.analysis import answered

if TYPE_CHECKING:
    from aecore.analysis.plane import Projection
    from aecore.analysis.space import Which


def there(run_id: str, which: "Which", projection: "Projection", device: str) -> bool:
    """Whether codes and plane of a run can be had at once; if not, they are asked for, and a bar is drawn.

    Raises LabError.
    """

    def found(analysis: str, title: str) -> bool:
        return answered(analysis, run_id, {"pictures": which}, device=device, title=title) is not None

    if not _coded(run_id, which, device) and not found("codes", "Codes of the pictures"):
        return False
    return projection != "tsne" or found("tsne", "t-SNE of the codes")


def known(run: Run, which: "Which", projection: "Projection", device: str) -> bool:
    """Whether there is such a map of a run, to be had at once; nothing is asked for. Raises LabError."""
    from aecore.analysis.plane import projections
    from aecore.analysis.questions import Question, is_kept

    return (
        projection in projections(run.experiment.model.code_size)
        and _coded(run.id, which, device)
        and (projection != "tsne" or is_kept(Question("tsne", run.id, {"pictures": which})))
    )


def _coded(run_id: str, which: "Which", device: str) -> bool:
    from aecore.analysis.questions import is_kept
    from aecore.analysis.space import asked

    wait = state.takes_long("analysis.space", run_id, which, device=device)
    return not wait or is_kept(asked(run_id, which))
