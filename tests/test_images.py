"""The door between files and arrays: every kind of file that people have, and every kind of broken one."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import hostile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sketchback import images

# Pillow's, which `images` turns off, and pytest turns on again.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning")

RED, BLUE, WHITE = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]


def quarters(height: int = 20, width: int = 24) -> np.ndarray:
    """8-bit RGB: red, green above blue, white."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    picture[height // 2 :, width // 2 :] = 255
    return picture


def save(path: Path, picture: Image.Image | np.ndarray, **options: object) -> Path:
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def corners(image: np.ndarray) -> list[list[float]]:
    return [image[0, 0].tolist(), image[0, -1].tolist(), image[-1, 0].tolist(), image[-1, -1].tolist()]


def is_image(image: np.ndarray, shape: tuple[int, ...]) -> bool:
    return image.shape == shape and image.dtype == np.float32 and 0.0 <= image.min() <= image.max() <= 1.0


# every kind of input


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".bmp"])
def test_rgb(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", quarters(), **({"lossless": True} if suffix == ".webp" else {}))
    image = images.read(path)
    assert is_image(image, (20, 24, 3))
    np.testing.assert_array_equal(images.to_uint8(image), quarters())
    assert images.probe(path) == (20, 24)


def test_luminance(tmp_path):
    gray = images.read(save(tmp_path / "a.png", quarters()), channels=1)
    assert is_image(gray, (20, 24, 1))
    expected = [round(255 * weight) / 255 for weight in (0.299, 0.587, 0.114, 1.0)]  # BT.601, in 8 bits
    np.testing.assert_allclose([c[0] for c in corners(gray)], expected, atol=1.01 / 255)


def test_16_bit_png(tmp_path):
    values = np.zeros((16, 16), np.uint16)
    values[:, 4:8], values[:, 8:12], values[:, 12:] = 1, 32768, 65535
    path = save(tmp_path / "a.png", values)
    assert Image.open(path).mode.startswith("I")
    image = images.read(path)
    assert is_image(image, (16, 16, 3))
    np.testing.assert_allclose(image[0, [0, 4, 8, 12], 1], np.array([0, 1, 32768, 65535]) / 65535, rtol=1e-6)
    np.testing.assert_array_equal(images.read(path, 1)[..., 0], image[..., 2])


def test_16_bit_rgb_png(tmp_path):
    # Pillow cannot write one, so it is put together by hand: 16 x 16, every sample 0x8000.
    rows = b"".join(b"\0" + b"\x80\x00" * 48 for _ in range(16))
    (tmp_path / "a.png").write_bytes(png(16, 16, 16, 2, rows))
    np.testing.assert_allclose(images.read(tmp_path / "a.png"), 128 / 255, atol=1e-6)


def png(width: int, height: int, depth: int, kind: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_1_bit(tmp_path):
    values = np.zeros((16, 16), bool)
    values[:, 8:] = True
    image = images.read(save(tmp_path / "a.png", Image.fromarray(values)))
    np.testing.assert_array_equal(image[:, :8], 0.0)
    np.testing.assert_array_equal(image[:, 8:], 1.0)


def test_palette(tmp_path):
    path = save(tmp_path / "a.png", Image.fromarray(quarters()).convert("P", palette=Image.Palette.ADAPTIVE))
    assert Image.open(path).mode == "P"
    np.testing.assert_array_equal(images.to_uint8(images.read(path)), quarters())


def test_transparent_palette_becomes_paper(tmp_path):
    picture = Image.fromarray(quarters()).convert("P", palette=Image.Palette.ADAPTIVE)
    path = save(tmp_path / "a.png", picture, transparency=picture.getpixel((0, 0)))
    first, *_, last = corners(images.read(path))
    assert first == WHITE and last == WHITE
    assert corners(images.read(path))[2] == BLUE


def test_grey_with_transparency(tmp_path):
    alpha = np.zeros((16, 16, 2), np.uint8)  # black ink
    alpha[:, 8:, 1] = 255
    image = images.read(save(tmp_path / "a.png", Image.fromarray(alpha, "LA")), channels=1)
    np.testing.assert_array_equal(image[:, :8], 1.0)
    np.testing.assert_array_equal(image[:, 8:], 0.0)


def test_rgba_lies_on_white(tmp_path):
    picture = np.zeros((16, 16, 4), np.uint8)
    picture[..., 0] = 255
    picture[:, 4:8, 3], picture[:, 8:, 3] = 128, 255
    image = images.read(save(tmp_path / "a.png", picture))
    assert image[0, 0].tolist() == WHITE and image[0, -1].tolist() == RED
    np.testing.assert_allclose(image[0, 5], [1.0, 1 - 128 / 255, 1 - 128 / 255], atol=1.01 / 255)


def test_rgb_with_a_transparent_colour(tmp_path):
    path = save(tmp_path / "a.png", quarters(), transparency=(0, 0, 255))
    assert [c == WHITE for c in corners(images.read(path))] == [False, False, True, True]


def test_cmyk_jpeg(tmp_path):
    path = save(tmp_path / "a.jpg", Image.fromarray(quarters(32, 32)).convert("CMYK"), quality=95)
    assert Image.open(path).mode == "CMYK"
    np.testing.assert_allclose(corners(images.read(path)), [RED, [0, 1, 0], BLUE, WHITE], atol=0.05)


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_turns(tmp_path, turn):
    # What a camera stores for each orientation tag, so that turning it back shows `upright` (EXIF 2.3, table 6).
    upright = quarters(32, 48)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    path = save(tmp_path / "a.jpg", np.ascontiguousarray(stored), exif=exif, quality=100, subsampling=0)
    assert images.probe(path) == images.read(path).shape[:2]
    image = images.read(path)
    assert is_image(image, (32, 48, 3))
    np.testing.assert_allclose(corners(image), [RED, [0, 1, 0], BLUE, WHITE], atol=0.03)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_is_ignored(tmp_path):
    path = save(tmp_path / "a.jpg", quarters(), exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff\x01\x12\0\x03")
    assert images.read(path).shape == (20, 24, 3)


def test_first_frame_of_a_gif(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:], duration=50)
    assert Image.open(path).n_frames == 3
    np.testing.assert_array_equal(images.read(path), np.broadcast_to(np.float32(RED), (16, 16, 3)))


@pytest.mark.parametrize("full", [1.0, 255.0, 65535.0])
def test_float_tiff(tmp_path, full):
    values = np.linspace(0, 1, 16, dtype=np.float32)[np.newaxis].repeat(16, 0)
    path = save(tmp_path / "a.tif", Image.fromarray(values * np.float32(full)))
    assert Image.open(path).mode == "F"
    np.testing.assert_allclose(images.read(path, 1)[..., 0], values, atol=1e-6)


def test_float_tiff_with_holes(tmp_path):
    values = np.full((16, 16), 0.5, np.float32)
    values[0, :4] = [np.nan, np.inf, -np.inf, -1.0]
    image = images.read(save(tmp_path / "a.tif", Image.fromarray(values)), 1)[..., 0]
    assert image[0, :5].tolist() == [0.0, 1.0, 0.0, 0.0, 0.5]


def test_the_content_counts_not_the_suffix(tmp_path):
    save(tmp_path / "a.png", quarters(), format="BMP")
    np.testing.assert_array_equal(images.to_uint8(images.read(tmp_path / "a.png")), quarters())


# every kind of broken input


@pytest.mark.parametrize("read", [images.read, images.probe])
class TestRefused:
    def refuse(self, read, path: Path, *words: str) -> None:
        with pytest.raises(ValueError) as caught:
            read(path)
        message = str(caught.value)
        for word in (*words, path.name):
            assert word in message
        assert "\n" not in message

    def test_empty(self, read, tmp_path):
        (tmp_path / "a.png").touch()
        self.refuse(read, tmp_path / "a.png", "PNG, JPEG", "empty")

    def test_text(self, read, tmp_path):
        (tmp_path / "a.png").write_text("<html>not found</html>")
        self.refuse(read, tmp_path / "a.png", "no decoder recognises")

    def test_folder(self, read, tmp_path):
        (tmp_path / "a.png").mkdir()
        self.refuse(read, tmp_path / "a.png", "folder")

    @pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
    def test_too_small(self, read, tmp_path, size):
        save(tmp_path / "a.png", Image.new("RGB", size))
        self.refuse(read, tmp_path / "a.png", "at least 16 x 16", f"{size[1]} x {size[0]}")

    @pytest.mark.parametrize("side", [10_001, 12_000, 20_000, 2**31 - 1])
    def test_too_large(self, read, tmp_path, side):
        (tmp_path / "a.png").write_bytes(png(side, side, 8, 2, b"\0" * 100))
        self.refuse(read, tmp_path / "a.png", "100 megapixels")

    def test_truncated_header(self, read, tmp_path):
        whole = save(tmp_path / "a.jpg", quarters()).read_bytes()
        (tmp_path / "a.jpg").write_bytes(whole[:30])
        self.refuse(read, tmp_path / "a.jpg", "Received")

    def test_missing(self, read, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"must exist.*a\.png.*Check"):
            read(tmp_path / "a.png")

    def test_dangling_link(self, read, tmp_path):
        (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
        with pytest.raises(FileNotFoundError, match="must exist"):
            read(tmp_path / "a.png")

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
    def test_no_permission(self, read, tmp_path):
        save(tmp_path / "a.png", quarters()).chmod(0)
        self.refuse(read, tmp_path / "a.png", "permission denied")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
def test_truncated(tmp_path, suffix, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = save(tmp_path / f"a{suffix}", noise)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="Received"):
        images.read(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_bytes_never_escape_as_something_else(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (24, 24, 3), np.uint8)
    for suffix in (".jpg", ".png", ".gif", ".tif", ".webp", ".bmp"):
        whole = np.frombuffer(save(tmp_path / f"a{suffix}", noise).read_bytes(), np.uint8)
        for _ in range(40):
            damaged = whole.copy()
            damaged[rng.integers(0, len(whole), 8)] = rng.integers(0, 256, 8)
            (tmp_path / f"b{suffix}").write_bytes(damaged.tobytes())
            try:
                assert images.read(tmp_path / f"b{suffix}").dtype == np.float32
            except ValueError as error:
                assert "Received" in str(error)


def test_a_header_that_lies_costs_no_memory(tmp_path):
    pytest.importorskip("resource")  # not on Windows
    (tmp_path / "a.png").write_bytes(png(20_000, 20_000, 8, 2, b"\0" * 100))
    program = (
        "import resource, sys\nfrom sketchback import images\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: images.read(sys.argv[1])\nexcept ValueError: pass\nelse: raise SystemExit(1)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.png")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    assert int(done.stdout) * unit < 50e6  # decoded it would be 1200 MB


def test_channels_are_one_or_three(tmp_path):
    with pytest.raises(ValueError, match=r"`channels` must be 1 .* channels=4"):
        images.read(save(tmp_path / "a.png", quarters()), channels=4)


# writing


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_written_and_read_again(tmp_path, suffix, channels):
    rows, columns = np.mgrid[:32, :48].astype(np.float32)
    image = np.stack([rows / 31, columns / 47, (rows + columns) / 78], axis=-1)[..., :channels]
    path = images.write(tmp_path / "new" / f"a{suffix}", image)
    assert path == tmp_path / "new" / f"a{suffix}"
    again = images.read(path, channels)
    assert is_image(again, image.shape)
    lossy = suffix in (".jpg", ".jpeg", ".webp")
    np.testing.assert_allclose(again, image, atol=0.06 if lossy else 0.5 / 255 + 1e-6)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_pdf(tmp_path):
    assert images.write(tmp_path / "a.pdf", np.zeros((16, 16, 3))).read_bytes().startswith(b"%PDF")


def test_two_axes_are_grey_and_values_are_clipped(tmp_path):
    image = np.float32([[-1.0, 2.0]]).repeat(16, 0).repeat(8, 1)
    again = images.read(images.write(tmp_path / "a.png", image), 1)[..., 0]
    assert again[0, 0] == 0.0 and again[0, -1] == 1.0


@pytest.mark.parametrize("name", ["a.gif", "a.txt", "a", "a.png.zip"])
def test_unwritable_suffix(tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in one of \.png.*Received"):
        images.write(tmp_path / name, np.zeros((16, 16, 1)))
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path):
    path = images.write(tmp_path / "a.jpg", np.zeros((16, 16, 3)))
    before = path.read_bytes()
    with pytest.raises((OSError, ValueError)):
        images.write(path, np.zeros((1, 70_000, 3)))  # JPEG ends at 65,535 pixels a side
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.jpg"]


# values


def test_8_bits_and_back():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(images.to_uint8(images.from_uint8(values)), values)
    assert images.from_uint8(values).dtype == np.float32
    assert images.from_uint8(values)[-1] == 1.0


def test_to_gray():
    image = np.float32([[RED, [0, 1, 0], BLUE, WHITE]])
    np.testing.assert_allclose(images.to_gray(image), [[0.299, 0.587, 0.114, 1.0]], atol=1e-6)
    assert images.to_gray(image[..., :1]).shape == (1, 4)
    assert images.to_gray(image[..., 0].astype(np.float64)).dtype == np.float32
    np.testing.assert_allclose(images.to_gray(image[:, ::-1]), [[1.0, 0.114, 0.587, 0.299]], atol=1e-6)
    for shape in ((4,), (4, 4, 2), (4, 4, 4), (1, 4, 4, 3)):
        with pytest.raises(ValueError, match=r"must be \(H, W\)"):
            images.to_gray(np.zeros(shape, np.float32))


# sizes


def test_check_size():
    assert images.check_size([16, 99]) == (16, 99)
    for size in ((15, 99), (99, 15), (99,), (99, 99, 3), (-99, 99)):
        with pytest.raises(ValueError, match="`size` must be"):
            images.check_size(size)


def test_resize_by_hand():
    image = np.float32([[0, 1, 0, 1], [0, 1, 1, 1]])[..., np.newaxis]
    np.testing.assert_allclose(images.resize(image, (1, 2))[..., 0], [[0.5, 0.75]])  # means of 2 x 2
    grown = images.resize(np.float32([[[0], [1]]]), (1, 4))  # pixel centres at -0.25, 0.25, 0.75, 1.25
    np.testing.assert_allclose(grown[0, :, 0], [0.0, 0.25, 0.75, 1.0])


def test_cubic_enlargement_is_nearer_to_a_smooth_picture_and_stays_in_range():
    def wave(count: int) -> np.ndarray:
        columns = (np.arange(count, dtype=np.float32) + 0.5) / count
        return np.broadcast_to(0.5 + 0.4 * np.sin(12 * columns)[np.newaxis, :, np.newaxis], (4, count, 1))

    def error(cubic: bool) -> float:
        return float(np.abs(images.resize(wave(24), (4, 96), cubic) - wave(96))[:, 8:-8].max())

    assert error(cubic=True) < error(cubic=False) / 1.5
    grown = images.resize(np.float32([[0, 0, 1, 1]] * 4)[..., np.newaxis], (16, 16), cubic=True)
    assert grown.min() == 0.0 and grown.max() == 1.0  # a cubic spline passes beyond both
    assert grown.shape == (16, 16, 1) and grown.dtype == np.float32


def test_resize_averages_where_one_side_shrinks_and_the_other_grows():
    stripes = np.tile(np.float32([[0], [1]]), (50, 10))[..., np.newaxis]  # 100 rows, black and white
    np.testing.assert_allclose(images.resize(stripes, (10, 20)), 0.5, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(16, 16), (33, 7), (64, 100), (20, 30)])
def test_resize_keeps_channels_type_and_constants(size, channels):
    image = np.full((20, 30, channels), 0.3, np.float32)
    resized = images.resize(image, size)
    assert resized.shape == (*size, channels) and resized.dtype == np.float32
    np.testing.assert_allclose(resized, 0.3, atol=1e-6)


def test_crop_cuts_evenly_on_both_sides():
    columns = np.arange(8, dtype=np.float32)[np.newaxis, :, np.newaxis].repeat(4, 0) / 8
    np.testing.assert_array_equal(images.fit(columns, (4, 4), "crop"), columns[:, 2:6])
    np.testing.assert_array_equal(images.fit(columns.transpose(1, 0, 2), (4, 4)), columns.transpose(1, 0, 2)[2:6])


def test_squeeze_keeps_everything():
    columns = np.arange(8, dtype=np.float32)[np.newaxis, :, np.newaxis].repeat(4, 0)
    np.testing.assert_allclose(images.fit(columns, (4, 4), "squeeze")[0, :, 0], [0.5, 2.5, 4.5, 6.5])


def test_pad_adds_white_on_both_sides():
    black = np.zeros((4, 8, 3), np.float32)
    padded = images.fit(black, (8, 8), "pad")
    np.testing.assert_array_equal(padded[2:6], 0.0)
    np.testing.assert_array_equal(padded[:2], 1.0)
    np.testing.assert_array_equal(padded[6:], 1.0)
    shrunk = images.fit(black, (4, 4), "pad")  # 2 x 4 of it is picture
    assert [float(row.mean()) for row in shrunk] == [1.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("how", images.FITS)
@pytest.mark.parametrize("shape", [(16, 16), (17, 31), (205, 282), (16, 1000), (1000, 16), (218, 178)])
@pytest.mark.parametrize("size", [(16, 16), (96, 96), (120, 160), (31, 17)])
def test_fit_always_fits(how, shape, size):
    fitted = images.fit(np.full((*shape, 3), 0.5, np.float32), size, how)
    assert fitted.shape == (*size, 3) and fitted.dtype == np.float32
    picture = fitted != 1.0
    np.testing.assert_allclose(fitted[picture], 0.5, atol=1e-6)
    assert picture.any() and (picture.all() or how == "pad")


def test_fit_refuses():
    with pytest.raises(ValueError, match=r"`fit` must be one of crop, squeeze, pad.*'stretch'"):
        images.fit(np.zeros((16, 16, 1), np.float32), (16, 16), "stretch")


@pytest.mark.parametrize(
    ("size", "padded"), [((16, 16), (16, 16)), ((17, 31), (32, 32)), ((31, 17), (32, 32)), ((205, 282), (208, 288))]
)
def test_pad_to_multiple(size, padded):
    batch = np.random.default_rng(0).random((2, *size, 1), np.float32)
    result = images.pad_to_multiple(batch, 16)
    assert result.shape == (2, *padded, 1)
    np.testing.assert_array_equal(result[:, : size[0], : size[1]], batch)
    if padded[0] > size[0] and padded[0] - size[0] < size[0]:
        np.testing.assert_array_equal(result[:, size[0], : size[1]], batch[:, -2])  # mirrored, the edge not repeated


def test_pad_to_a_multiple_beyond_the_picture():
    batch = np.random.default_rng(0).random((1, 16, 17, 3), np.float32)
    assert images.pad_to_multiple(batch, 64).shape == (1, 64, 64, 3)


# sheets and lists


def test_side_by_side_and_grid():
    gray, colour = np.zeros((8, 4, 1), np.float32), np.full((8, 5, 3), 0.5, np.float32)
    line = images.side_by_side([gray, colour], gap=2)
    assert line.shape == (8, 11, 3)
    np.testing.assert_array_equal(line[0, :, 0], [0] * 4 + [1] * 2 + [0.5] * 5)
    sheet = images.grid([[gray, colour], [gray, colour]], gap=2)
    assert sheet.shape == (18, 11, 3)
    np.testing.assert_array_equal(sheet[8:10], 1.0)


def test_list_files(tmp_path):
    for name in (
        "b.png",
        "a.JPG",
        "sub/c.webp",
        "sub/deep/d.tiff",
        ".hidden.png",
        ".folder/e.png",
        "__MACOSX/f.png",
        "sub/._g.jpg",
        "notes.txt",
        "png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in images.list_files(tmp_path)]
    assert found == ["a.JPG", "b.png", "sub/c.webp", "sub/deep/d.tiff"]
    assert images.list_files(str(tmp_path)) == images.list_files(tmp_path)


def test_list_files_below_a_hidden_folder(tmp_path):
    (tmp_path / ".cache" / "faces").mkdir(parents=True)
    (tmp_path / ".cache" / "faces" / "a.png").touch()
    assert len(images.list_files(tmp_path / ".cache" / "faces")) == 1  # what the user named is not hidden


def test_a_folder_named_like_a_picture_is_none(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    (tmp_path / "a.jpg" / "b.png").touch()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")  # listed: reading it says what is wrong
    assert [path.name for path in images.list_files(tmp_path)] == ["b.png", "gone.png"]


# files that nobody should trust; benchmarks/fuzz.py reads thousands

BY_HAND = hostile.pictures_by_hand()


@pytest.mark.parametrize("kind", BY_HAND)
def test_bad_files_by_kind(tmp_path, kind):
    """Each is the right picture, or one clear line; what the table in benchmarks/README.md counts."""
    for number, make in enumerate(BY_HAND[kind]):
        path = tmp_path / f"{number}.png"
        if kind == "no permission" and (not hasattr(os, "geteuid") or os.geteuid() == 0):
            pytest.skip("root may read everything")
        right = make(path)
        try:
            image, shape = images.read(path), images.probe(path)
        except (ValueError, FileNotFoundError) as error:
            assert right is None, (kind, number, error)
            assert "\n" not in str(error) and "Received" in str(error)
            continue
        assert is_image(image, (*shape, 3))
        if right is not None:
            np.testing.assert_allclose(image, right, atol=0.08)


def test_nobody_but_the_owner_may_read(tmp_path):
    """Also where the tests are run by root, who may read everything: the reader becomes nobody."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("the test above has it")
    save(tmp_path / "a.png", quarters()).chmod(0)
    code = (
        "import os, sys\nfrom sketchback import images\nos.chdir(sys.argv[1])\nos.seteuid(65534)\n"
        "for read in (images.read, images.probe):\n"
        "    try: read('a.png')\n    except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "An image must be readable. Received: a.png: permission denied.\n" * 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for read in (images.read, images.probe):
        with pytest.raises(
            ValueError, match=r"must be a file\. Received: .*a\.png, which is a pipe, a socket or a device"
        ):
            read(tmp_path / "a.png")


def test_a_file_of_many_bytes_is_not_read(tmp_path):
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ValueError, match="at most 512 MiB"):
        images.read(tmp_path / "a.png")


def test_a_link_to_itself_and_a_name_that_is_too_long(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")
    for path in (tmp_path / "a.png", tmp_path / ("a" * 300)):
        with pytest.raises(ValueError, match="must be readable"):
            images.read(path)
    with pytest.raises(FileNotFoundError, match="must exist"):
        images.read(save(tmp_path / "b.png", quarters()) / "c.png")


@pytest.mark.parametrize("kind", ["EPS", "PDF", "ICO", "PPM", "TGA", "SGI", "ICNS"])
def test_other_kinds_of_files_reach_no_decoder(tmp_path, kind):
    """Pillow would hand an EPS to Ghostscript, which runs what is in it."""
    path = save(tmp_path / "a.png", Image.fromarray(quarters(32, 32)), format=kind)
    with pytest.raises(ValueError, match="must be PNG, JPEG, WebP, TIFF, BMP or GIF.*no decoder recognises"):
        images.read(path)


def test_scans_of_a_jpeg_are_bounded(tmp_path):
    assert images.decode(hostile.jpeg_of_scans(64, 48, images.MAX_SCANS), 1).shape == (64, 48, 1)
    with pytest.raises(ValueError, match="at most 100 scans. Received: the picture with 101"):
        images.decode(hostile.jpeg_of_scans(64, 48, images.MAX_SCANS + 1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_probe_and_read_turn_alike(tmp_path, kind, turn):
    exif = Image.Exif()
    exif[images.ORIENTATION] = turn
    path = save(tmp_path / "a", Image.fromarray(quarters(20, 30)), format=kind, exif=exif)
    assert images.probe(path) == images.read(path).shape[:2] == ((20, 30) if turn < 5 else (30, 20))


def test_the_turn_of_a_png_may_stand_behind_its_pixels(tmp_path):
    exif = Image.Exif()
    exif[images.ORIENTATION] = 6
    whole = save(tmp_path / "a.png", quarters()).read_bytes()
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
    (tmp_path / "a.png").write_bytes(whole[:-12] + chunk + whole[-12:])
    assert images.read(tmp_path / "a.png").shape == (24, 20, 3)


def test_probe_decodes_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(png(9_000, 9_000, 8, 2, b"\0" * 100))  # there are no such pixels
    assert images.probe(tmp_path / "a.png") == (9_000, 9_000)


def test_decode_is_read_without_a_file(tmp_path):
    path = save(tmp_path / "a.png", quarters())
    for channels in (1, 3):
        np.testing.assert_array_equal(images.decode(path.read_bytes(), channels), images.read(path, channels))
    with pytest.raises(ValueError, match=r"at most 0\.0004 megapixels\. Received: your file with 20 x 24"):
        images.decode(path.read_bytes(), name="your file", max_pixels=400)
    for data, words in ((b"", "an empty file"), (b"words", "no decoder"), (path.read_bytes()[:60], "damaged")):
        with pytest.raises(ValueError, match=f"Received: your file.*{words}"):
            images.decode(data, name="your file")


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_are_read_or_refused_in_one_line(tmp_path, seed):
    """A short form of benchmarks/fuzz.py."""
    good = hostile.good_pictures()
    outcomes = set()
    for number in range(75):
        path = tmp_path / "a"
        path.write_bytes(hostile.bad_picture(good, seed + 1, number)[1])
        try:
            image = images.read(path)
            assert image.shape[:2] == images.probe(path) and is_image(image, image.shape)
            outcomes.add("read")
        except ValueError as error:
            assert "\n" not in str(error) and "Received" in str(error)
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


# properties

SIDES = st.integers(16, 80)
PICTURES = st.tuples(SIDES, SIDES, st.sampled_from([1, 3]), st.integers(0, 2**32 - 1))


def random_picture(facts: tuple[int, int, int, int]) -> np.ndarray:
    height, width, channels, seed = facts
    return np.random.default_rng(seed).random((height, width, channels), np.float32)


@settings(max_examples=60, deadline=None)
@given(PICTURES, st.tuples(SIDES, SIDES), st.sampled_from(images.FITS))
def test_fitting_invents_nothing(facts, size, how):
    """Any picture at any size: the right shape, and no value that was not between others (or paper)."""
    image = random_picture(facts)
    fitted = images.fit(image, size, how)
    assert fitted.shape == (*size, image.shape[2]) and fitted.dtype == np.float32
    highest = 1.0 if how == "pad" else image.max()
    assert image.min() - 1e-5 <= fitted.min() and fitted.max() <= highest + 1e-5
    if size == image.shape[:2]:
        np.testing.assert_array_equal(fitted, image)
    mirrored = images.fit(np.ascontiguousarray(image[:, ::-1]), size, "squeeze")
    np.testing.assert_allclose(mirrored[:, ::-1], images.fit(image, size, "squeeze"), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(PICTURES, st.sampled_from([1, 2, 4, 8, 16, 32, 64]))
def test_padding_is_undone_by_cropping(facts, multiple):
    batch = random_picture(facts)[np.newaxis]
    padded = images.pad_to_multiple(batch, multiple)
    assert padded.shape[1] % multiple == padded.shape[2] % multiple == 0
    assert all(0 <= new - old < multiple for new, old in zip(padded.shape[1:3], batch.shape[1:3], strict=True))
    np.testing.assert_array_equal(padded[:, : batch.shape[1], : batch.shape[2]], batch)


@settings(max_examples=40, deadline=None)
@given(PICTURES, st.sampled_from([".png", ".bmp", ".tif"]))
def test_what_is_written_is_read_to_the_last_bit(tmp_path_factory, facts, suffix):
    image = random_picture(facts)
    path = images.write(tmp_path_factory.getbasetemp() / f"property{suffix}", image)
    np.testing.assert_array_equal(images.to_uint8(images.read(path, image.shape[2])), images.to_uint8(image))
    assert images.probe(path) == image.shape[:2]


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0", b"RIFF\0\1\0\0WEBPVP8 "]),
)
def test_any_bytes_at_all_are_a_picture_or_one_line(data, start):
    try:
        image = images.decode(start + data)
    except ValueError as error:
        assert "\n" not in str(error) and "Received: the picture" in str(error)
    else:
        assert is_image(image, image.shape)
