"""People's own pictures: whatever a file holds, it becomes an image of the model's form, or a sentence."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from aecore.data import uploads
from aecore.data.imageset import DataError
from aecore.data.uploads import fitted, picture, pictures

GRADIENT = np.add.outer(np.arange(20) * 6, np.arange(30) * 4).astype(np.uint8)


def saved(image: Image.Image, kind: str = "PNG", **settings) -> bytes:
    content = BytesIO()
    image.save(content, kind, **settings)
    return content.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def huge_png(width: int, height: int) -> bytes:
    """A few bytes that say they are very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_kind_of_file_is_read(kind):
    colours = np.stack([GRADIENT, GRADIENT[::-1], GRADIENT[:, ::-1]], -1)
    lossless = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    found = picture(saved(Image.fromarray(colours), kind, **lossless))
    assert found.shape == (20, 30, 3)
    assert np.abs(found.astype(int) - colours).mean() < (3 if kind == "JPEG" else 0.01)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_shows_what_pillow_would_show_on_a_screen(mode):
    grey = Image.fromarray(GRADIENT)
    if mode == "I;16":
        content = saved(Image.fromarray(GRADIENT.astype(np.uint16) * 257))
    else:
        image = grey.convert(mode)
        content = saved(image, "JPEG", quality=95) if mode == "CMYK" else saved(image)
    found = picture(content)
    assert found.shape == (20, 30, 3)
    wanted = np.asarray(grey.convert("1")) * 255 if mode == "1" else GRADIENT
    assert np.abs(found.mean(2) - wanted).mean() < 4


@pytest.mark.parametrize(("ink", "behind"), [(0, 255), (255, 0)])
def test_what_is_transparent_is_told_from_what_is_drawn(ink, behind):
    pixels = np.full((9, 9, 4), ink, np.uint8)
    pixels[..., 3] = 0
    pixels[3:6, 3:6, 3] = 255
    found = picture(saved(Image.fromarray(pixels, "RGBA")))
    assert (found[4, 4] == ink).all()
    assert (found[0, 0] == behind).all()


def test_a_palette_with_a_transparent_colour():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.putpixel((2, 2), 0)
    found = picture(saved(image, transparency=1))
    assert (found[2, 2] == 0).all()
    assert (found[0, 0] == 255).all()


def test_a_telephones_picture_is_turned_upright():
    image = Image.fromarray(GRADIENT)
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter
    found = picture(saved(image, "PNG", exif=turned))
    np.testing.assert_array_equal(found[..., 0], np.rot90(GRADIENT, -1))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (b"not a picture", "cannot be read"),
        (saved(Image.fromarray(GRADIENT))[:60], "cannot be read"),
        (saved(Image.fromarray(GRADIENT), "BMP"), "cannot be read"),
        (saved(Image.fromarray(GRADIENT), "GIF"), "cannot be read"),
        (saved(Image.fromarray(GRADIENT), "TIFF"), "cannot be read"),
        (b"%PDF-1.4", "cannot be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cannot be read"),
        (huge_png(12_000, 12_000), "12,000×12,000 pixels"),
        (huge_png(60_000, 60_000), "far too many pixels"),
        (huge_png(20_000, 1), "no side over 16,383"),
        (huge_png(300, 300), "cannot be read"),  # fewer pixels than it says
        (bytes(5 * 2**20 + 1), "has 5.0 MB"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_refused_in_a_sentence(content, says):
    with pytest.raises(DataError) as refusal:
        picture(content, "mine.png")
    assert says in str(refusal.value)
    assert str(refusal.value).startswith("mine.png ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_moving_picture_is_refused(kind):
    image = Image.fromarray(GRADIENT)
    content = saved(image, kind, save_all=True, append_images=[image.rotate(90), image.rotate(180)])
    with pytest.raises(DataError, match="moving picture of 3 frames"):
        picture(content)


@pytest.mark.parametrize("bit", range(0, 8 * 120, 7))
def test_a_damaged_file_is_a_picture_or_a_sentence(bit):
    content = bytearray(saved(Image.fromarray(GRADIENT)))
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    with suppress(DataError):
        assert picture(bytes(content)).ndim == 3


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 16), (1, 5, 9), (3, 1, 1)])
@pytest.mark.parametrize("size", [(28, 28), (16, 16), (1, 1), (1, 3000), (3000, 1), (300, 200), (3, 5)])
def test_any_size_fits_any_shape(shape, size):
    colours = np.full((*size, 3), 200, np.uint8)
    found = fitted(colours, shape)
    assert found.shape == shape
    assert found.dtype == np.uint8
    assert found.max() == 200  # nothing but what is in the picture, and black
    assert set(np.unique(found)) <= {0, 200}


def test_a_picture_of_the_models_size_keeps_its_pixels_and_a_larger_one_its_proportions():
    grey = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    np.testing.assert_array_equal(fitted(picture(saved(Image.fromarray(grey))), (1, 28, 28))[0], grey)
    wide = np.full((100, 200, 3), 255, np.uint8)
    found = fitted(wide, (1, 28, 28))[0]
    np.testing.assert_array_equal(found.max(1) > 0, [False] * 7 + [True] * 14 + [False] * 7)


def test_ink_on_paper_becomes_white_on_black_where_that_is_how_images_are():
    paper = np.full((28, 28, 3), 255, np.uint8)
    paper[10:18, 13:15] = 0
    assert fitted(paper, (1, 28, 28), dark=True)[0, 12, 13] == 255
    assert fitted(paper, (1, 28, 28), dark=True)[0, 0, 0] == 0
    assert fitted(paper, (1, 28, 28))[0, 0, 0] == 255
    assert fitted(255 - paper, (1, 28, 28), dark=True)[0, 0, 0] == 0  # as it was


def test_colours_become_grey_by_their_luma():
    green = np.zeros((16, 16, 3), np.uint8)
    green[..., 1] = 255
    assert fitted(green, (1, 16, 16))[0, 0, 0] == round(0.587 * 255)
    np.testing.assert_array_equal(fitted(green, (3, 16, 16))[:, 0, 0], [0, 255, 0])


def test_a_photograph_is_read_no_larger_than_it_is_shown(monkeypatch):
    rows, columns = np.mgrid[:1200, :1600] / 1600
    photograph = np.stack([np.sin(9 * rows), np.cos(7 * columns), np.sin(5 * rows * columns)], -1)
    content = saved(Image.fromarray((128 + 127 * photograph).astype(np.uint8)), "JPEG", quality=95)
    assert picture(content, enough=160).shape == (300, 400, 3)  # an eighth would be 150 pixels high
    assert picture(content, enough=900).shape == picture(content).shape == (1200, 1600, 3)
    small = saved(Image.fromarray(GRADIENT), "JPEG")
    assert picture(small, enough=160).shape == picture(small).shape
    read = []
    monkeypatch.setattr(uploads, "picture", lambda *given: read.append(picture(*given)) or read[-1])
    [found] = pictures([("a", content)], (3, 28, 28))
    assert [each.shape for each in read] == [(150, 200, 3)]  # four pixels for one are enough
    whole = fitted(picture(content), (3, 28, 28))
    assert np.abs(found.astype(int) - whole).max() <= 2


def test_too_many_files_and_none_are_refused(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    content = saved(Image.fromarray(GRADIENT))
    assert pictures([("a", content)] * 2, (1, 28, 28)).shape == (2, 1, 28, 28)
    with pytest.raises(DataError, match="3 files were chosen: choose 1 to 2"):
        pictures([("a", content)] * 3, (1, 28, 28))
    with pytest.raises(DataError, match="0 files"):
        pictures([], (1, 28, 28))
    with pytest.raises(DataError, match="^b.png cannot be read"):
        pictures([("a", content), ("b.png", b"")], (1, 28, 28))
