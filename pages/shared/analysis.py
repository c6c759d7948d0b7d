"""Answers that take longer than a page may: there at once if known, else a bar in their place."""

from collections.abc import Mapping

import streamlit as st

from aecore.analysis.questions import Arrays, Setting
from aecore.errors import LabError
from aecore.jobs import Analyses, Working
from pages.shared import server
from pages.shared.wording import about, plain

SECONDS_BETWEEN_LOOKS = 0.4


def analyses() -> Analyses:
    """The questions of this server. Nobody closes it: its process ends with this one."""
    return server.kept("analyses", Analyses)


def answered(
    analysis: str, subject: str, settings: Mapping[str, Setting], *, device: str, title: str
) -> Arrays | None:
    """The answer to a question; until it is there, what is being done, drawn where this is called.

    The page is drawn anew when the answer has come. `title` says in a few words what is computed.
    """

    def ask() -> Arrays | Working | None:
        try:
            return analyses().ask(analysis, subject, settings, device=device)
        except (LabError, analyses().refusal) as error:
            st.error(plain(str(error)))
            return None

    answer = ask()
    if isinstance(answer, dict) or answer is None:
        return answer
    if answer.failure:
        st.error(plain(answer.failure))
        st.button(
            "Try again",
            key=f"again-{analysis}-{subject}",
            icon=":material/refresh:",
            on_click=analyses().again,
            args=(analysis, subject, settings),
        )
        return None

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        now = ask()
        if isinstance(now, Working) and not now.failure:
            st.progress(now.share, _doing(now, title))
        else:
            st.rerun()

    look()
    return None


def _doing(working: Working, title: str) -> str:
    if working.place:
        return f"{title}: {working.place} other questions are before it"
    left = f" · about {about(working.seconds_left)} left" if working.seconds_left is not None else ""
    return f"{plain(working.doing) or f'{title}: a process is being started for it'}{left}"
