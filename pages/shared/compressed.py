"""What a compressed file costs and what it leaves of its pictures, beside formats that everybody has."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import address, pictures, restoring, state, uploads
from pages.shared.restoring import decibels
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.compression.quality import Trial

GIVEN = {"test": "Test pictures", "drawing": "A drawing", "upload": "Your own"}
BITS = {str(bits): f"{bits}" for bits in range(1, 9)} | {"16": "float16"}
CODERS = {"range": "Range coder", "zlib": "zlib", "none": "None"}
SHOWN = 5
"""Pictures before and after: a phone is as wide."""

LARGE = 84
"""Screen pixels of a picture that is alone."""

SOURCE_WIDTH, ANSWER_WIDTH = 290, 510
"""Screen pixels of what is drawn or uploaded, and of what becomes of it."""

WIDTH = 385
"""Screen pixels of what stands beside the pictures."""


def choose(run: Run) -> tuple[str, str, str]:
    """What to compress, in how many bits, and by which coder."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        given = address.choose(
            "Compress",
            GIVEN,
            key="source",
            default="test",
            refusal="The linked pictures are unknown: these are test pictures.",
            widget=st.segmented_control,
        )
        with st.container(width=190):
            bits = address.choose(
                "Bits for each number",
                BITS,
                key="bits",
                default="5",
                refusal="The linked number of bits is unknown: these are 5.",
                widget=st.select_slider,
                help=f"A code of {run.experiment.model.code_size:,} numbers takes this many bits for each, "
                "before the coder. float16 keeps each as it is, to three digits.",
            )
        fitting = {name: title for name, title in CODERS.items() if bits != "16" or name != "range"}
        if st.query_params.get("coder") == "range" and "range" not in fitting:
            del st.query_params["coder"]
        coder = address.choose(
            "Coder",
            fitting,
            key="coder",
            default=next(iter(fitting)),
            refusal="The linked coder is unknown here: this is the best one.",
            widget=st.segmented_control,
            help="The range coder gives few bits to what was frequent among training pictures, zlib to what "
            "repeats itself, and none gives all the same.",
        )
    return given, bits, coder


def images(key: str, given: str, run: Run) -> np.ndarray | None:
    """What is to be compressed, uint8 (N, C, H, W), and the means to draw or upload it; or None."""
    dataset = run.experiment.data.dataset
    if given == "upload":
        found = uploads.pictures(key, dataset)
        if found is None:
            st.info("Choose a picture, and see what is left of it.", icon=":material/upload_file:")
        return found
    drawing = restoring.drawn(key, dataset)
    if drawing is None:
        st.info("The canvas is empty: draw something on it.", icon=":material/draw:")
        return None
    return restoring.clean(key, dataset, drawing)[None]


@st.cache_resource(max_entries=16, show_spinner=False)
def once(run_id: str, device: str, bits: str, coder: str, given: bytes) -> "Trial":
    """A few images in a file and out of it again; `given` are all their bytes. Raises LabError."""
    from aecore.compression.quality import trial

    codec = state.codec(run_id, device)
    shape = codec.model.config.image_shape
    found = np.frombuffer(given, np.uint8).reshape(-1, *shape).copy()
    return trial(codec, found, int(bits), coder)


def show(run: Run, found: "Trial", others: Mapping[str, float], bits: str, device: str) -> None:
    """A file's figures, its pictures, and other files beside it; `others` have bytes each by name."""
    figures(found)
    as_good = lossy(found) if len(found.asked) <= SHOWN else []
    with st.container(horizontal=True, gap="small"):
        png = sheet(found)
        with st.container(width=pictures.width(png)):
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt="Pictures before, out of the file, and the errors",
            )
            st.caption(about(run))
        with st.container(width=WIDTH):
            download(run, found, bits)
            st.markdown(payback(run, found, others, as_good, device))
            show_table(table(found, others, as_good))


def figures(found: "Trial") -> None:
    """Bytes, bits per pixel, PSNR, SSIM and seconds of a file."""
    count = len(found.asked)
    with st.container(horizontal=True):
        if count > 1:
            st.metric("Bytes a picture", f"{found.bytes_each:,.1f}", help="Of the file, its head counted.")
        st.metric("Bytes on disk", f"{len(found.content):,}", help="The whole file, as it is downloaded.")
        st.metric("Bits per pixel", f"{found.bits_per_pixel:.3f}")
        st.metric("PSNR", decibels(found.psnr), help="Of the mean error of all pictures, as 8-bit pictures.")
        st.metric(
            "SSIM", f"{found.ssim:.3f}", help="Whether edges and shapes are kept; 1 for the same picture."
        )
    st.caption(
        f"Encoded in {milliseconds(found.encode_seconds)}, decoded in {milliseconds(found.decode_seconds)}."
    )


def sheet(found: "Trial") -> bytes:
    """The first few pictures as they were, as they come out of the file, and the errors; a PNG."""
    before, after = found.asked[:SHOWN], found.pictures[:SHOWN]
    difference = (after.astype(np.float32) - before) / 255
    tiles = [pictures.rgb(before), pictures.rgb(after), pictures.signed(difference)]
    if len(before) == 1:
        return pictures.grid(
            [pictures.Row("", np.concatenate(tiles))],
            per_line=3,
            headings=["Before", "After", "Error"],
            side=LARGE,
        )
    each = [decibels(_psnr(error)) for error in difference]
    texts = ([], each, [])
    named = zip(("Before", "After", "Error"), tiles, texts, strict=True)
    return pictures.grid([pictures.Row(*row) for row in named], per_line=SHOWN)


def table(
    found: "Trial", common: Mapping[str, float], as_good: Sequence[tuple[str, float, float]]
) -> pd.DataFrame:
    """The file beside others of the same pictures, smallest first; `common` has bytes each by name."""
    rows = [("This file", found.bytes_each, found.psnr)]
    rows += [(name, size, np.inf) for name, size in common.items()]
    rows += [(f"{name} as good", *measured) for name, *measured in as_good]
    frame = pd.DataFrame(rows, columns=["File", "Bytes a picture", "PSNR"])
    return frame.sort_values("Bytes a picture", ignore_index=True)


def show_table(frame: pd.DataFrame) -> None:
    """That table on screen, and to take along."""
    quality = ["no loss" if np.isinf(value) else decibels(value) for value in frame["PSNR"]]
    shown = frame.assign(PSNR=quality)
    st.dataframe(
        shown,
        hide_index=True,
        column_config={"Bytes a picture": st.column_config.NumberColumn(format="%.1f")},
        alt=". ".join(
            f"{row['File']}: {row['Bytes a picture']:.1f} bytes a picture, {row['PSNR']}"
            for _, row in shown.iterrows()
        ),
    )
    st.download_button(
        "Sizes (CSV)",
        lambda: frame.to_csv(index=False),
        "sizes.csv",
        key="sizes-csv",
        icon=":material/table:",
        on_click="ignore",
    )


def lossy(found: "Trial") -> list[tuple[str, float, float]]:
    """JPEG and WebP at the lowest quality that is as good as the file, where there is one: name, bytes each,
    PSNR."""
    from aecore.compression.formats import as_good

    tried = {name: as_good(found.asked, name, found.psnr) for name in ("JPEG", "WebP")}
    return [(name, *better) for name, better in tried.items() if better]


def common(given: str, found: "Trial", run: Run) -> dict[str, float]:
    """Bytes of each picture in formats that lose nothing."""
    from aecore.compression.formats import lossless

    data = run.experiment.data
    return state.lossless(data.dataset, data.target_transform) if given == "test" else lossless(found.asked)


def payback(
    run: Run,
    found: "Trial",
    others: Mapping[str, float],
    as_good: Sequence[tuple[str, float, float]],
    device: str,
) -> str:
    """In a sentence: how large the decoder is, and when it has paid for itself beside the best of others."""
    from aecore.compression.decoder import pays_after

    decoder = state.decoder_bytes(run.id, device)
    rivals = {name if "lossless" in name else f"{name}, lossless": size for name, size in others.items()}
    rivals |= {f"{name} of this quality": size for name, size, _ in as_good}
    name = min(rivals, key=lambda name: rivals[name])
    each = f"{rivals[name]:,.0f} bytes"
    after = pays_after(decoder, found.bytes_each, rivals[name])
    begins = f"Whoever opens the file needs the decoder, too: **{decoder / 1000:,.0f} kB**"
    if after is None:
        return f"{begins}, which never pays: {each} a picture, as {name}, are no more than the file has."
    return (
        f"{begins}. Beside {each} a picture, as {name}, it has paid for itself after "
        f"**{after:,.0f} pictures**."
    )


def download(run: Run, found: "Trial", bits: str) -> None:
    """A button for the file itself."""
    st.download_button(
        "Download the file (.aez)",
        found.content,
        f"{run.id}-{bits}.aez",
        mime="application/octet-stream",
        key="download",
        icon=":material/download:",
        on_click="ignore",
        help="Open it again below, or by `python -m aecore decompress`.",
    )


def about(run: Run) -> str:
    """What to look for; what the pictures are compared with, where that goes without saying no more."""
    data = run.experiment.data
    told = "Look for what the code leaves out, and for how few bits it takes until that shows."
    if not data.same_image:
        told += " The model is asked for another picture than it is shown: *before* is what it should draw."
    if data.noise != "none":
        told += f" **{plain(run.name)}** was trained to take noise out, not to keep everything."
    return told


def milliseconds(seconds: float) -> str:
    """Such as 26 ms."""
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.0095 else f"{seconds * 1000:.1f} ms"


def title(dataset: str) -> str:
    return SOURCES[dataset].title


def _psnr(difference: np.ndarray) -> float:
    from aecore.analysis.reconstruction import psnr

    return psnr(float(np.square(difference).mean()))
