"""Images on their way out: files, bytes, the kind that came in."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from sketchback import images

rows, columns = np.mgrid[:32, :48].astype(np.float32)
SLOPES = np.stack([rows / 31, columns / 47, (rows + columns) / 78], axis=-1)  # smooth, so that JPEG keeps it


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_written_and_read_again(tmp_path, suffix, channels):
    image = SLOPES[..., :channels]
    path = images.write(tmp_path / "new" / f"a{suffix}", image)
    assert path == tmp_path / "new" / f"a{suffix}"
    again = images.read(path, channels)
    if suffix in (".jpg", ".jpeg", ".webp"):
        np.testing.assert_allclose(again, image, atol=0.06)
    else:
        np.testing.assert_array_equal(images.to_uint8(again), images.to_uint8(image))
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert images.encode(image, suffix[1:]) == path.read_bytes()


def test_pages_of_a_pdf(tmp_path):
    data = images.write(tmp_path / "a.pdf", [SLOPES, SLOPES[..., :1], SLOPES]).read_bytes()
    assert data.startswith(b"%PDF") and data.count(b"/Type /Page\n") == 3
    with pytest.raises(ValueError, match=r"must be a PDF\. Received: 2 for \.png"):
        images.encode([SLOPES, SLOPES])


@pytest.mark.parametrize(("size", "inches"), [((400, 320), (400 / 72, 320 / 72)), ((4000, 3000), (11.03, 8.27))])
def test_printed_no_larger_than_a4(size, inches):
    page = images.encode(np.zeros((*size, 1)), "pdf")
    width, height = map(float, re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", page).groups())
    np.testing.assert_allclose((height / 72, width / 72), inches, rtol=1e-3)
    for kind in ("png", "jpg", "tiff"):
        with Image.open(io.BytesIO(images.encode(np.zeros((*size, 1)), kind))) as picture:
            assert float(picture.info["dpi"][0]) == pytest.approx(size[0] / inches[0], abs=0.6), kind


def test_every_page_of_a_pdf_is_no_larger_than_a4():
    pages = images.encode([np.zeros((400, 320, 1)), np.zeros((4000, 3000, 1))], "pdf")
    sides = [float(side) for box in re.findall(rb"/MediaBox \[ 0 0 ([\d.]+ [\d.]+) \]", pages) for side in box.split()]
    assert len(sides) == 4 and max(sides) < 11.7 * 72


def test_two_axes_are_grey_and_values_are_clipped():
    image = np.float32([[-1.0, 2.0]]).repeat(16, 0).repeat(8, 1)
    again = images.decode(images.encode(image), 1)[..., 0]
    assert again[0, 0] == 0.0 and again[0, -1] == 1.0


def test_eight_bits_stay_as_they_are_and_other_numbers_are_refused(tmp_path):
    values = images.to_uint8(SLOPES)
    np.testing.assert_array_equal(images.decode(images.encode(values)), images.from_uint8(values))
    for wrong, words in (
        (255 * SLOPES, r"must be in \[0, 1\], or 8-bit. Received: values from 0 to 255. Scale"),
        (np.full((16, 16), np.nan), "`image` must be finite. Received: 256 of 256"),
        (SLOPES[None], r"one image of shape .* Received: shape=\(1, 32, 48, 3\)"),
        (values[None], r"one image of shape .* Received: shape=\(1, 32, 48, 3\)"),
        (values.astype(int), "must be float in .* Received: dtype=int64"),
    ):
        with pytest.raises(ValueError, match=words):
            images.write(tmp_path / "a.png", wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.gif", "a.txt", "a", "a.png.zip"])
def test_unwritable_suffix(tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in one of \.png.*Received"):
        images.write(tmp_path / name, np.zeros((16, 16, 1)))
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path):
    path = images.write(tmp_path / "a.jpg", np.zeros((16, 16, 3)))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"one that JPEG can hold\. Received: 1 rows x 70000 columns"):
        images.write(path, np.zeros((1, 70_000, 3)))  # JPEG ends at 65,535 pixels a side
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.jpg"]


def test_the_kind_that_came_in(tmp_path):
    data = images.encode(SLOPES)
    picture = images.as_kind_of(Image.open(io.BytesIO(data)), SLOPES)
    assert (picture.mode, picture.size) == ("RGB", (48, 32))
    np.testing.assert_array_equal(np.asarray(picture), images.to_uint8(SLOPES))
    assert images.as_kind_of(data, SLOPES) == images.as_kind_of(bytearray(data), SLOPES) == data
    for other in ("a.png", tmp_path, SLOPES):
        assert images.as_kind_of(other, SLOPES) is SLOPES
