"""The door between files and arrays: every kind of file that people have, and every kind of broken one."""

from __future__ import annotations

import io
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
from sketchback.images.reading import MAX_SCANS, ORIENTATION

# Pillow's, which `images` turns off, and pytest turns on again.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning")

PICTURE = hostile.picture()  # (24, 20, 3) 8-bit RGB
GOOD = hostile.good_pictures()
BY_HAND = hostile.pictures_by_hand()
IS_ROOT = not hasattr(os, "geteuid") or os.geteuid() == 0


def save(path: Path, picture: Image.Image | np.ndarray, **options: object) -> Path:
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def is_image(image: np.ndarray, shape: tuple[int, ...]) -> bool:
    return image.shape == shape and image.dtype == np.float32 and 0.0 <= image.min() <= image.max() <= 1.0


# every kind of input


@pytest.mark.parametrize("kind", BY_HAND)
def test_files_made_by_hand(tmp_path, kind):
    """Each is the right picture, or one clear line; what the table in benchmarks/README.md counts."""
    for number, make in enumerate(BY_HAND[kind]):
        path = tmp_path / f"{number}.png"
        if kind == "no permission" and IS_ROOT:
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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", GOOD)
def test_a_path_bytes_and_a_pillow_image_agree(tmp_path, kind, channels):
    """Palettes, 16 bits, CMYK, alpha, films and turned pictures among them."""
    for number, data in enumerate(GOOD[kind]):
        path = tmp_path / f"{number}.png"
        path.write_bytes(data)
        expected = images.read(path, channels)
        assert is_image(expected, (*images.probe(path), channels))
        with Image.open(path) as picture:
            for same in (str(path), data, bytearray(data), picture):
                np.testing.assert_array_equal(images.as_array(same, channels), expected)


def test_luminance_weighs_by_bt_601():
    colours = np.uint8([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]]).repeat(16, 0).repeat(4, 1)
    gray = images.as_array(Image.fromarray(colours), channels=1)
    np.testing.assert_allclose(gray[0, ::4, 0], [0.299, 0.587, 0.114, 1.0], atol=1.01 / 255)


def test_16_bits_keep_their_depth(tmp_path):
    values = np.array([[0, 1, 32768, 65535]], np.uint16).repeat(16, 0).repeat(4, 1)
    image = images.read(save(tmp_path / "a.png", values))
    np.testing.assert_allclose(image[0, ::4, 1], np.array([0, 1, 32768, 65535]) / 65535, rtol=1e-6)
    for order in "<>":  # of the bytes
        np.testing.assert_array_equal(images.as_array(values.astype(f"{order}u2")), image)


def test_16_bits_may_begin_at_white_and_have_transparent_parts(tmp_path):
    values = np.full((16, 16), 20_000, np.uint16)
    values[:, :8] = 0
    begins = save(tmp_path / "white.tif", values, tiffinfo={262: 0})
    with Image.open(begins) as file:
        assert file.tag_v2[262] == 0
    np.testing.assert_allclose(images.read(begins, channels=1)[0, [0, 15], 0], [1, 1 - 20_000 / 65535], rtol=1e-6)
    paper = images.read(save(tmp_path / "paper.png", values, transparency=0), channels=1)
    np.testing.assert_allclose(paper[0, [0, 15], 0], [1, 20_000 / 65535], rtol=1e-6)


def test_more_than_16_bits_are_refused(tmp_path):
    values = np.full((16, 16), 70_000, np.int32)
    with pytest.raises(ValueError, match="more than 16 bits"):
        images.read(save(tmp_path / "deep.tif", values))


def test_transparent_parts_become_paper(tmp_path):
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[..., 0], rgba[:, 4:8, 3], rgba[:, 8:, 3] = 255, 128, 255  # red: not there, half there, there
    expected = [[1, 1, 1], [1, 1 - 128 / 255, 1 - 128 / 255], [1, 0, 0]]
    palette = Image.fromarray(PICTURE).convert("P", palette=Image.Palette.ADAPTIVE)
    for image in (images.read(save(tmp_path / "a.png", rgba)), images.as_array(rgba), images.as_array(rgba / 255)):
        np.testing.assert_allclose(image[0, [0, 5, 15]], expected, atol=1.01 / 255)
    for other in (rgba[..., [0, 3]], Image.fromarray(rgba[..., [0, 3]], "LA")):
        assert (images.as_array(other, 1) == 1).all()  # white ink
    own = Image.fromarray(rgba).quantize(8, method=Image.Quantize.FASTOCTREE)  # a palette of four channels
    assert own.mode == "P" and images.as_array(own)[0, 0].tolist() == [1, 1, 1]
    corner = images.read(save(tmp_path / "p.png", palette, transparency=palette.getpixel((0, 0))))[0, 0]
    assert corner.tolist() == [1, 1, 1] and images.read(save(tmp_path / "q.png", palette))[0, 0].tolist() != [1, 1, 1]


def test_light_lines_on_nothing_are_on_black(tmp_path):
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[8, 2:14] = 255
    for image in (
        images.read(save(tmp_path / "a.png", rgba), 1),
        images.as_array(rgba, 1),
        images.as_array(rgba / 255, 1),
    ):
        assert image[0, 0] == 0 and image[8, 5] == 1
    rgba[7, 2:14] = (0, 0, 0, 255)  # dark ones too: they are on paper
    assert images.as_array(rgba, 1)[0, 0] == 1
    sheet = np.zeros((200, 200, 4), np.uint8)
    sheet[50:150, 50:150] = 255
    sheet[100, 60:130, :3] = 0  # 0.7 % of a sheet that lies on nothing
    assert images.as_array(sheet, 1)[0, 0] == 1


@pytest.mark.parametrize("full", [1.0, 255.0, 65535.0])
def test_float_tiff(tmp_path, full):
    values = np.linspace(0, 1, 16, dtype=np.float32)[np.newaxis].repeat(16, 0)
    path = save(tmp_path / "a.tif", Image.fromarray(values * np.float32(full)))
    np.testing.assert_allclose(images.read(path, 1)[..., 0], values, atol=1e-6)
    beyond = save(tmp_path / "b.tif", Image.fromarray(values * np.float32(full * 1.05)))  # as after a filter
    np.testing.assert_allclose(images.read(beyond, 1)[..., 0], np.minimum(values * 1.05, 1), atol=1e-6)
    values[0, :4] = [np.nan, np.inf, -np.inf, -1.0]
    image = images.as_array(Image.fromarray(values), 1)[..., 0]
    assert image[0, :4].tolist() == [0.0, 1.0, 0.0, 0.0] and image[0, 15] == 1.0


def test_the_turn_of_a_png_may_stand_behind_its_pixels(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    whole = save(tmp_path / "a.png", PICTURE).read_bytes()
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
    (tmp_path / "a.png").write_bytes(whole[:-12] + chunk + whole[-12:])
    assert images.read(tmp_path / "a.png").shape == (20, 24, 3)


def test_damaged_exif_is_ignored(tmp_path):
    path = save(tmp_path / "a.jpg", PICTURE, exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff\x01\x12\0\x03")
    assert images.read(path).shape == PICTURE.shape


@pytest.mark.parametrize("turn", [1, 6])
def test_heic_where_it_can_be_read(tmp_path, turn):
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    upright = np.kron(PICTURE[:8, :8], np.ones((8, 6, 1), np.uint8))  # (64, 48, 3)
    heif.register_heif_opener()
    stored = np.ascontiguousarray(np.rot90(upright) if turn == 6 else upright)
    path = save(tmp_path / "a.heic", stored, quality=100, chroma=444, exif=exif.tobytes())
    image = images.read(path)
    assert images.probe(path) == image.shape[:2] == (64, 48)
    np.testing.assert_allclose(image, upright / 255, atol=0.1)
    with Image.open(path) as picture:
        np.testing.assert_array_equal(images.as_array(picture), image)


def test_heic_where_it_cannot(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as Python marks a package that cannot be imported
    with pytest.raises(ValueError, match=r"HEIC needs .*Received: a\.heic.*\[heic\].*or export the picture as JPEG"):
        images.decode(b"\0\0\0\x18ftypheic" + bytes(100), name="a.heic")


def test_a_raw_file_is_not_its_thumbnail(tmp_path):
    path = save(tmp_path / "a.DNG", PICTURE, format="TIFF")
    with pytest.raises(ValueError, match=r"must be developed\. Received: .*a\.DNG.*Export it as JPEG"):
        images.read(path)


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (np.ones((20, 20, 5)), ValueError, r"Received: shape=\(20, 20, 5\)"),
        (np.ones(20), ValueError, r"Received: shape=\(20,\)"),
        (np.full((20, 20), 0.5 + 3j), ValueError, "must be an array of numbers. Received: an array of complex128"),
        (np.full((20, 20), "1"), ValueError, "Received: an array of <U1"),
        (np.ones((8, 20)), ValueError, "at least 16 x 16"),
        (Image.new("L", (8, 20)), ValueError, "at least 16 x 16"),
        (np.full((20, 20), 200.0), ValueError, "from 200 to 200. Scale"),
        (np.full((20, 20), np.nan), ValueError, "Received: 400 NaN. Find the step"),
        (np.full((20, 20), 255), ValueError, r"Received: int64 from 255 to 255\. Convert .*`\.astype\(numpy\.uint8\)`"),
        (np.full((20, 20), 65535), ValueError, r"Received: int64 from .* Convert .*`\.astype\(numpy\.uint16\)`"),
        (io.BytesIO(b"x"), TypeError, r"Received: BytesIO. Give what its `read\(\)` returns"),
        (np.ones((8, 20)), ValueError, "at least 16 x 16 pixels. Received: the picture with 8 rows x 20 columns"),
        (3, TypeError, "Received: int"),
    ],
)
def test_other_things_are_no_pictures(bad, error, words):
    with pytest.raises(error, match=words):
        images.as_array(bad)


# every kind of broken input; what is refused by `read` is refused by `probe`, but for what only decoding finds


def test_refusals_name_the_file_and_the_reason(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("<html>not found</html>")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "large.png").write_bytes(hostile.png(10_001, 10_001, bytes(100)))
    save(tmp_path / "small.png", Image.new("RGB", (15, 400)))
    save(tmp_path / "ribbon.png", Image.new("L", (40_000, 16)))
    with (tmp_path / "long.png").open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)  # takes no room on the disk
    for kind in ("EPS", "PDF", "ICO", "PPM", "TGA"):  # Pillow would hand an EPS to Ghostscript, which runs it
        save(tmp_path / f"{kind}.png", Image.fromarray(PICTURE), format=kind)
    words = {
        "empty": "PNG, JPEG.*an empty file",
        "text": "no decoder recognises",
        "folder": "must be a file.*the folder",
        "loop": "must be readable",
        "large": r"100 megapixels.*10001 rows x 10001 columns",
        "ribbon": r"at most 32000 pixels.*16 rows x 40000 columns",
        "small": "at least 16 x 16 .*400 rows x 15 columns",
        "long": "at most 512 MiB",
        "PDF": "a PDF. Save the page as PNG",
        **dict.fromkeys(["EPS", "ICO", "PPM", "TGA"], "no decoder recognises"),
    }
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        words["pipe"] = "which is a pipe, a socket or a device"
    for read in (images.read, images.probe):
        for name, reason in words.items():
            with pytest.raises(ValueError, match=reason) as caught:
                read(tmp_path / f"{name}.png")
            assert f"{name}.png" in str(caught.value) and "\n" not in str(caught.value)
        for missing in ("gone.png", "text.png/inside.png"):
            with pytest.raises(FileNotFoundError, match=r"must exist.*Check"):
                read(tmp_path / missing)
        with pytest.raises(FileNotFoundError, match=r"\*\.png\. The shell did not expand it"):
            read(tmp_path / "*.png")


def test_nobody_but_the_owner_may_read(tmp_path):
    """Also where the tests are run by root, who may read everything: the reader becomes nobody."""
    if not IS_ROOT or not hasattr(os, "geteuid"):
        pytest.skip("the files made by hand have it")
    save(tmp_path / "a.png", PICTURE).chmod(0)
    code = (
        "import os, sys\nfrom sketchback import images\nos.chdir(sys.argv[1])\nos.seteuid(65534)\n"
        "for read in (images.read, images.probe):\n"
        "    try: read('a.png')\n    except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "An image must be readable. Received: a.png: permission denied.\n" * 2


def test_a_header_that_lies_costs_no_memory(tmp_path):
    pytest.importorskip("resource")  # not on Windows
    (tmp_path / "a.png").write_bytes(hostile.png(20_000, 20_000, bytes(100)))
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


def test_alpha_is_kept_where_it_is_asked_for():
    file = io.BytesIO()
    Image.fromarray(np.full((16, 20, 4), (255, 0, 51, 0), np.uint8)).save(file, "PNG")
    assert images.decode(file.getvalue(), channels=4)[0, 0].tolist() == pytest.approx([1, 0, 0.2, 0])
    assert (images.decode(GOOD["PNG"][0], channels=4)[..., 3] == 1).all()


def test_bounds_of_decode():
    with pytest.raises(ValueError, match=r"`channels` must be one of 1, 3, 4. Received: channels=2"):
        images.decode(GOOD["PNG"][0], channels=2)
    with pytest.raises(ValueError, match=r"at most 0\.0004 megapixels\. Received: your file with 24 rows x 20 columns"):
        images.decode(GOOD["PNG"][0], name="your file", max_pixels=400)
    assert images.decode(hostile.jpeg_of_scans(64, 48, MAX_SCANS), 1).shape == (64, 48, 1)
    with pytest.raises(ValueError, match="at most 100 scans. Received: the picture with 101"):
        images.decode(hostile.jpeg_of_scans(64, 48, MAX_SCANS + 1))
    # What lies behind is not decoded: the video of a photograph by a telephone, which may hold the same bytes.
    behind = GOOD["JPEG"][0] + 200 * b"\xff\xda\x00\x02"
    assert images.decode(behind).shape == images.decode(GOOD["JPEG"][0]).shape


def test_probe_decodes_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(hostile.png(9_000, 9_000, bytes(100)))  # there are no such pixels
    assert images.probe(tmp_path / "a.png") == (9_000, 9_000)


def test_mutated_files_are_read_or_refused_in_one_line(tmp_path):
    """A short form of benchmarks/fuzz.py, which reads thousands."""
    outcomes = set()
    for number in range(300):
        path = tmp_path / "a"
        path.write_bytes(hostile.bad_picture(GOOD, 1, number)[1])
        try:
            image = images.read(path)
            assert image.shape[:2] == images.probe(path) and is_image(image, image.shape)
            outcomes.add("read")
        except ValueError as error:
            assert "\n" not in str(error) and "Received" in str(error)
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", *(data[:12] for own in GOOD.values() for data in own[:1])]))
def test_any_bytes_at_all_are_a_picture_or_one_line(data, start):
    try:
        image = images.decode(start + data)
    except ValueError as error:
        assert "\n" not in str(error) and "Received: the picture" in str(error)
    else:
        assert is_image(image, image.shape)


# folders


def test_list_files(tmp_path):
    for name in (
        *("b.png", "a.JPG", "sub/c.webp", "sub/deep/d.tiff", "e.heic", "notes.txt", "png", "a.jpg.png/inside.bmp"),
        *(".hidden.png", ".folder/e.png", "__MACOSX/f.png", "sub/._g.jpg"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")  # listed: reading it says what is wrong

    def names(**options: object) -> list[str]:
        return [path.relative_to(tmp_path).as_posix() for path in images.list_files(str(tmp_path), **options)]

    pictures = ["a.JPG", "a.jpg.png/inside.bmp", "b.png", "e.heic", "gone.png", "sub/c.webp", "sub/deep/d.tiff"]
    assert names() == pictures
    assert names(suffixes=None) == sorted([*pictures, "notes.txt", "png"])
    assert len(images.list_files(tmp_path / ".folder")) == 1  # what the user named is not hidden
    elsewhere = tmp_path / ".elsewhere"
    elsewhere.mkdir()
    (elsewhere / "h.png").touch()
    (tmp_path / "linked").symlink_to(elsewhere)
    (elsewhere / "around").symlink_to(tmp_path)
    assert names() == sorted([*pictures, "linked/h.png"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_said(tmp_path, caplog):
    (tmp_path / "closed").mkdir(mode=0)
    assert images.list_files(tmp_path) == [] and str(tmp_path / "closed") in caplog.text
