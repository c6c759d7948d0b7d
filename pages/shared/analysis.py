"""Answers that take longer than a page may: there at once if known, else a bar in their place."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import streamlit as st

from aecore.analysis import questions
from aecore.analysis.questions import Arrays, Setting
from aecore.errors import LabError
from aecore.jobs import Analyses, Working
from pages.shared import server
from pages.shared.wording import about, plain, sentence

SECONDS_BETWEEN_LOOKS = 0.4


class Ask(NamedTuple):
    """A question, as `answered` and `Analyses.ask` take it."""

    analysis: str
    subject: str
    settings: Mapping[str, Setting]


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
            st.error(sentence(str(error)))
            return None

    answer = ask()
    if isinstance(answer, dict) or answer is None:
        return answer
    if answer.failure:
        st.error(sentence(answer.failure))
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
        if isinstance(now, dict) or now is None or now.failure:
            st.rerun()
        st.progress(now.share, _doing(now, title))

    look()
    return None


def known(ask: Ask) -> bool:
    """Whether a question has been answered before."""
    try:
        return questions.kept(questions.Question(*ask)) is not None
    except LabError:
        return False


def answers(
    asked: Mapping[str, Ask], show: Callable[[dict[str, Arrays]], None], *, device: str, title: str
) -> None:
    """Answers to several questions, by name. `show` draws those that are there, anew with each that comes.

    They are asked one after the other, so that others' questions come in between. Nothing but this is redrawn
    meanwhile, and the bar is below: nothing moves.
    """

    def gather() -> tuple[dict[str, Arrays], Working | None, dict[str, str]]:
        there: dict[str, Arrays] = {}
        working, failed = None, {}
        for name, ask in asked.items():
            if working and not known(ask):
                continue  # its turn comes
            try:
                answer = analyses().ask(*ask, device=device)
            except (LabError, analyses().refusal) as error:
                failed[name] = str(error)
                continue
            if isinstance(answer, dict):
                there[name] = answer
            elif answer.failure:
                failed[name] = answer.failure
            else:
                working = answer
        return there, working, failed

    waits = gather()[1] is not None

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if waits else None)
    def look() -> None:
        there, working, failed = gather()
        if (working is not None) != waits:
            st.rerun()  # which ends the clock, or begins it
        show(there)
        if working:
            share = (len(there) + len(failed) + working.share) / len(asked)
            st.progress(share, f"{_doing(working, title)} · {len(there)} of {len(asked)} are there")
        for name, why in failed.items():
            st.error(f"{plain(name)}: {sentence(why)}")
            st.button(
                "Try again",
                key=f"again-{name}",
                icon=":material/refresh:",
                on_click=analyses().again,
                args=asked[name],
            )

    look()


def _doing(working: Working, title: str) -> str:
    if working.place:
        return f"{title}: waits while the lab computes what was asked before ({working.place} ahead of it)"
    left = f" · about {about(working.seconds_left)} left" if working.seconds_left is not None else ""
    return f"{plain(working.doing) or f'{title}: about to begin'}{left}"
