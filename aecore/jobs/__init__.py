"""Training apart from whoever asked for it: a queue, an engine in a process of its own, and live progress.

Importing this package imports neither torch nor Dask.
"""

from aecore.jobs.analyses import Analyses, Working
from aecore.jobs.jobs import Jobs
from aecore.jobs.limits import JobError
from aecore.jobs.live import Live

__all__ = ["Analyses", "JobError", "Jobs", "Live", "Working"]
