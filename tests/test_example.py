"""One image on its way through a model, kept as a file: read as it was written, or named as damaged."""

import numpy as np
import pytest

from aecore.runs import RunError
from aecore.runs.example import Example, read_example, write_example


def test_an_example_is_read_as_it_was_written(tmp_path):
    written = Example(
        class_name="flower",
        original=np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
        code=np.array([0.5, -1.25], dtype=np.float32),
        reconstruction=np.full((3, 2, 2), 7, dtype=np.uint8),
        mse=0.01,
    )
    write_example(written, tmp_path)
    read = read_example(tmp_path)
    for name in ("original", "code", "reconstruction"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    assert (read.class_name, read.mse, read.psnr) == ("flower", 0.01, 20)
    assert read_example(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"class_name":"1","mse":1,"code":[],"original":[[[300]]],"reconstruction":[[[1]]]}'],
)
def test_a_damaged_example_is_named(tmp_path, content):
    (tmp_path / "example.json").write_text(content)
    with pytest.raises(RunError, match="example.json is damaged"):
        read_example(tmp_path)
