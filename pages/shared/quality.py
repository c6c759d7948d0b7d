"""How good reconstructions are, in figures that each have a baseline beside them."""

from typing import TYPE_CHECKING

import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared.wording import error

if TYPE_CHECKING:
    from aecore.analysis.comparison import Comparison


def show(run: Run, dataset: str, compared: "Comparison") -> None:
    """Error, PSNR and SSIM of the model, PCA and the mean image on the same pictures."""
    ours, pca, mean = compared.model, compared.pca, compared.mean_image
    _figure(
        f"Error on {len(ours.errors):,} pictures",
        error(ours.mse),
        pca and f"{_times(pca.mse, ours.mse)} than PCA's",
        better=pca is None or ours.mse <= pca.mse,
        help="Mean squared error per pixel, where black is 0 and white is 1. PCA is the best linear code of "
        "this size; the mean picture is the answer that does not look at the question.",
    )
    st.caption(
        f"{pca and f'PCA {error(pca.mse)}, ' or ''}mean picture {error(mean.mse)} "
        f"({_times(mean.mse, ours.mse)} than that)"
    )
    own = run.experiment.data.dataset
    if dataset != own and run.result and run.result.test_mse:
        st.caption(
            f"On the test pictures of {SOURCES[own].title}, its own data, it is "
            f"{error(run.result.test_mse)}: **{_times(ours.mse, run.result.test_mse)}**."
        )
    _figure(
        "PSNR",
        f"{ours.psnr:.1f} dB",
        pca and f"{ours.psnr - pca.psnr:+.1f} dB to PCA's".replace("-", "−"),
        better=pca is None or ours.psnr >= pca.psnr,
        help="Peak signal-to-noise ratio, of the mean error: 10 dB more for a tenth of the error. From about "
        "30 dB on, a difference is hard to see.",
    )
    st.caption(f"{pca and f'PCA {pca.psnr:.1f}, ' or ''}mean picture {mean.psnr:.1f} dB")
    _figure(
        f"SSIM on {len(compared.sample):,} pictures",
        f"{ours.mean_ssim:.3f}",
        pca and f"{ours.mean_ssim - pca.mean_ssim:+.3f} to PCA's".replace("-", "−"),
        better=pca is None or ours.mean_ssim >= pca.mean_ssim,
        help="Structural similarity: whether edges and shapes are kept; 1 for the same picture. It takes "
        "longer, so it is measured on a sample.",
    )
    st.caption(f"{pca and f'PCA {pca.mean_ssim:.3f}, ' or ''}mean picture {mean.mean_ssim:.3f}")


def _figure(label: str, value: str, beside: str | None, *, better: bool, help: str) -> None:
    colour = "green" if better else "red"
    st.metric(label, value, beside, delta_color=colour, delta_arrow="off", help=help)


def _times(larger: float, smaller: float) -> str:
    """How many times smaller one error is than another, in words."""
    if not smaller:
        return "infinitely smaller"
    return f"{larger / smaller:.1f}× smaller" if larger >= smaller else f"{smaller / larger:.1f}× larger"
