"""Whether a latent map can be drawn at once, or something must be computed for it first."""

from typing import TYPE_CHECKING

import streamlit as st

from aecore import runs
from pages.shared.analysis import answered

if TYPE_CHECKING:
    from aecore.analysis.plane import Projection
    from aecore.analysis.space import Which


def there(run_id: str, which: "Which", projection: "Projection", device: str) -> bool:
    """Whether codes and plane of a run can be had at once; if not, they are asked for, and a bar is drawn.

    Raises LabError.
    """
    from aecore.analysis.questions import is_kept
    from aecore.analysis.space import asked

    def found(analysis: str, title: str) -> bool:
        return answered(analysis, run_id, {"pictures": which}, device=device, title=title) is not None

    coded = not _takes_long(run_id, which, device) or is_kept(asked(run_id, which))
    if not coded and not found("codes", "Codes of the pictures"):
        return False
    return projection != "tsne" or found("tsne", "t-SNE of the codes")


@st.cache_resource(max_entries=500, show_spinner=False)
def _takes_long(run_id: str, which: "Which", device: str) -> bool:
    from aecore.analysis.space import takes_long

    return takes_long(runs.get(run_id), which, device)
