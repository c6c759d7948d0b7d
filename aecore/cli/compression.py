"""`python -m aecore compress` and `decompress`: images in a file of codes, and out of it again."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aecore import runs
from aecore.cli.shared import as_json, device_named, load_images, on_device, print_json
from aecore.data import SOURCES
from aecore.errors import LabError

if TYPE_CHECKING:
    import numpy as np

file_in = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=file_in)
@click.option(
    "--output", "-o", required=True, type=click.Path(path_type=Path), help="The .aez file to write."
)
@click.option("--test", type=click.IntRange(1), help="Compress so many test images in place of files.")
@click.option("--bits", default="8", help="Of each number of a code: 1 to 8, or float16.")
@click.option("--coder", help="range, zlib or none; else range, and zlib for float16.")
@on_device
@as_json
def compress(
    run_id: str,
    files: tuple[Path, ...],
    output: Path,
    test: int | None,
    bits: str,
    coder: str | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Write the codes that RUN's model has for pictures, PNG, JPEG or WebP, into an .aez file."""
    if bool(files) == bool(test):
        raise LabError("nothing to compress: name picture files, or else --test and how many test images")
    run = runs.get(run_id)
    device = device_named(device)

    from aecore.compression import codec_of
    from aecore.compression.quality import trial
    from aecore.compression.quantiser import FLOAT

    number = _bits(bits)
    coder = _coder(coder or ("zlib" if number == FLOAT else "range"), number)
    dataset = run.experiment.data.dataset
    images = _test_images(dataset, test) if test else _read(files, dataset)
    found = trial(codec_of(run, device), images, number, coder)
    try:
        output.write_bytes(found.content)
    except OSError as error:
        raise LabError(f"{output} cannot be written ({error.strerror}): choose another file") from None
    told: dict[str, Any] = {
        "file": str(output),
        "run": run.id,
        "images": len(images),
        "bytes": len(found.content),
        "bytes_each": found.bytes_each,
        "bits_per_pixel": found.bits_per_pixel,
        "psnr": found.psnr if found.mse else None,
        "ssim": found.ssim,
        "encode_seconds": found.encode_seconds,
        "decode_seconds": found.decode_seconds,
    }
    if as_json:
        print_json(told)
        return
    click.echo(f"{output}: {len(images):,} images in {told['bytes']:,} bytes, {told['bytes_each']:,.1f} each")
    click.echo(
        f"  {told['bits_per_pixel']:.3f} bits per pixel, PSNR {found.psnr:.2f} dB, SSIM {found.ssim:.3f}"
    )
    click.echo(f"  encoded in {found.encode_seconds:.3f} s, decoded in {found.decode_seconds:.3f} s")


@click.command()
@click.argument("file", type=file_in)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the pictures, made where it is not there.",
)
@click.option("--codes", is_flag=True, help="Also write the codes, as codes.npy.")
@on_device
@as_json
def decompress(file: Path, output: Path, codes: bool, device: str | None, as_json: bool) -> None:
    """Draw the pictures in an .aez FILE again, as PNGs, by the model that made it."""
    device = device_named(device)

    import numpy as np

    from aecore.compression import aez, codec_of
    from aecore.compression import decompress as opened
    from aecore.compression.formats import file as png

    content = file.read_bytes()
    contents = aez.read(content)
    try:
        run = runs.get(contents.run)
    except runs.MissingRunError:
        raise LabError(
            f"{file} was made by the model {contents.run}, which is not here: open it where that was trained"
        ) from None
    found = opened(codec_of(run, device), content)
    digits = len(str(contents.count - 1))
    try:
        output.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(found.pictures):
            (output / f"{number:0{digits}}.png").write_bytes(png(image, "PNG"))
        if codes:
            np.save(output / "codes.npy", found.codes)
    except OSError as error:
        raise LabError(f"{output} cannot be written ({error.strerror}): choose another folder") from None
    if as_json:
        print_json({"file": str(file), "run": run.id, "images": contents.count, "folder": str(output)})
    else:
        click.echo(f"{output}: {contents.count:,} pictures, drawn by {run.id}")


def _bits(words: str) -> int:
    from aecore.compression.quantiser import BITS, FLOAT

    if words == "float16":
        return FLOAT
    if words.isascii() and words.isdigit() and int(words) in BITS and int(words) != FLOAT:
        return int(words)
    raise LabError(f"bits is {words}: choose 1 to 8, or float16")


def _coder(name: str, bits: int) -> str:
    from aecore.compression.coders import CODERS
    from aecore.compression.quantiser import FLOAT

    fitting = [name for name, coder in CODERS.items() if coder.floats or bits != FLOAT]
    if name not in fitting:
        raise LabError(f"coder is {name}: choose {' or '.join(fitting)} for {_words(bits)}")
    return name


def _words(bits: int) -> str:
    return "float16" if bits == 16 else f"{bits} bits"


def _test_images(dataset: str, count: int) -> "np.ndarray":
    from aecore.compression.samples import sample

    images = load_images(dataset).test_images
    if count > len(images):
        raise LabError(f"test is {count:,}: choose 1 to {len(images):,}, the test images of {dataset}")
    return sample(images, count).numpy()


def _read(files: tuple[Path, ...], dataset: str) -> "np.ndarray":
    from aecore.data.uploads import pictures

    source = SOURCES[dataset]
    read = [(file.name, file.read_bytes()) for file in files]
    return pictures(read, source.image_shape, dark=source.white_on_black)
