"""Bad files: made by hand, kind by kind, and made by chance from good ones. `fuzz.py` and the tests read them."""

from __future__ import annotations

import io
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from sketchback.images.reading import ORIENTATION

Make = Callable[[Path], object]  # writes a bad file; what it returns, if anything, is the right picture


# ---- good pictures, in all the ways in which Pillow writes them


def picture(height: int = 24, width: int = 20) -> np.ndarray:
    """8-bit RGB: smooth, with one sharp corner."""
    rows, columns = np.mgrid[:height, :width]
    values = np.stack([rows * 255 / height, columns * 255 / width, (rows + columns) % 32 * 8], axis=-1)
    values[: height // 3, : width // 4] = (255, 0, 0)
    return values.astype(np.uint8)


def encode(what: Image.Image | np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    # Copies: Pillow's pictures remember how they were saved last.
    if "append_images" in options:
        options["append_images"] = [frame.copy() for frame in options["append_images"]]
    (what.copy() if isinstance(what, Image.Image) else Image.fromarray(what)).save(file, kind, **options)
    return file.getvalue()


def good_pictures() -> dict[str, list[bytes]]:
    """Format -> files."""
    rgb = Image.fromarray(picture())
    gray, palette, rgba = rgb.convert("L"), rgb.convert("P", palette=Image.Palette.ADAPTIVE), rgb.convert("RGBA")
    rgba.putalpha(gray)
    deep = Image.fromarray(picture()[..., 0].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[ORIENTATION], exif[0x010E] = 6, "a picture"
    film = {"save_all": True, "append_images": [Image.fromarray(picture()[::-1]), Image.fromarray(picture() // 2)]}
    packings = (None, "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "jpeg")
    tiffs = [encode(rgb, "TIFF", compression=name) for name in packings]
    return {
        "PNG": [encode(one, "PNG") for one in (rgb, gray, palette, rgba, deep, rgb.convert("1"), rgba.convert("LA"))]
        + [encode(rgb, "PNG", exif=exif), encode(rgb, "PNG", **film), encode(palette, "PNG", transparency=0)],
        "JPEG": [
            encode(rgb, "JPEG"),
            encode(gray, "JPEG"),
            encode(rgb.convert("CMYK"), "JPEG"),
            encode(rgb, "JPEG", progressive=True),
            encode(rgb, "JPEG", exif=exif, quality=30),
            encode(rgb, "JPEG", subsampling=0, restart_marker_blocks=1),
            encode(rgb, "MPO", **film),
        ],
        "WebP": [
            encode(rgb, "WEBP"),
            encode(rgb, "WEBP", lossless=True),
            encode(rgba, "WEBP"),
            encode(rgb, "WEBP", exif=exif),
            encode(rgb, "WEBP", **film),
        ],
        "TIFF": [
            *tiffs,
            encode(rgb.convert("1"), "TIFF", compression="group4"),
            encode(deep, "TIFF"),
            encode(Image.fromarray(picture()[..., 0].astype(np.float32)), "TIFF"),
            encode(rgba, "TIFF"),
            encode(rgb.convert("CMYK"), "TIFF"),
            encode(palette, "TIFF"),
            encode(rgb, "TIFF", exif=exif),
            encode(rgb, "TIFF", big_tiff=True),
            encode(rgb, "TIFF", **film),
            encode(rgb.convert("YCbCr"), "TIFF"),
        ],
        "BMP": [encode(one, "BMP") for one in (rgb, gray, palette, rgba, rgb.convert("1"))],
        "GIF": [
            encode(palette, "GIF"),
            encode(rgb, "GIF", **film),
            encode(palette, "GIF", transparency=1),
            encode(gray, "GIF", interlace=1),
        ],
    }


# ---- bad ones by chance


def mutate(
    good: bytes, rng: np.random.Generator, others: list[bytes], hot: int | None = None, shift: bool = True
) -> bytes:
    """A few of the changes by which files break and attackers search: bits, bytes, numbers, pieces, ends.

    Args:
        good: What to change.
        rng: Decides everything.
        others: Files to take pieces from.
        hot: The first so many bytes are changed as often as all others together.
        shift: Pieces may be put in, taken out or cut off; otherwise everything stays at its place.
    """
    data = bytearray(good)
    for _ in range(int(rng.integers(1, 6))):
        if not data:
            break
        end = min(hot or len(data), len(data)) if rng.random() < 0.5 else len(data)
        place, how = int(rng.integers(end)), int(rng.integers(8 if shift else 5))
        if how == 0:
            data[place] ^= 1 << int(rng.integers(8))
        elif how == 1:
            data[place] = int(rng.integers(256))
        elif how <= 3:
            size = int(rng.choice([1, 2, 4, 8]))
            value = int(rng.choice([0, 1, 2, 8, 2**15, 2**16, 2**24, 2**31, -1, -2, place, len(data)]))
            order = "little" if rng.random() < 0.5 else "big"
            data[place : place + size] = (value % 2 ** (8 * size)).to_bytes(size, order)
        elif how == 4:
            source = others[int(rng.integers(len(others)))] if rng.random() < 0.5 else bytes(data)
            begin, size = int(rng.integers(len(source))), int(rng.integers(1, 65))
            piece = source[begin : begin + size]
            data[place : place + (0 if shift and rng.random() < 0.5 else len(piece))] = piece
        elif how == 5:
            del data[place : place + int(rng.integers(1, 65))]
        elif how == 6:
            data[place : place + 16] = rng.bytes(int(rng.integers(1, 17)))
        else:
            del data[place : len(data) if rng.random() < 0.5 else place + 4]
    return bytes(data)


def mend_png(data: bytes) -> bytes:
    """Gives every chunk of a PNG the checksum of its content, so that the decoder behind it is reached."""
    whole, place = bytearray(data), 8
    while place + 12 <= len(whole):
        size = int.from_bytes(whole[place : place + 4], "big")
        if place + 12 + size > len(whole):
            break
        check = zlib.crc32(whole[place + 4 : place + 8 + size])
        whole[place + 8 + size : place + 12 + size] = check.to_bytes(4, "big")
        place += 12 + size
    return bytes(whole)


def bad_picture(good: dict[str, list[bytes]], seed: int, number: int) -> tuple[str, bytes]:
    """Case `number`: its format and its bytes."""
    rng = np.random.default_rng([seed, number])
    kind = list(good)[int(rng.integers(len(good)))]
    everything = [one for own in good.values() for one in own]
    data = mutate(good[kind][int(rng.integers(len(good[kind])))], rng, everything, 256)
    return kind, mend_png(data) if kind == "PNG" and rng.random() < 0.8 else data


# ---- bad ones by hand


def png(width: int, height: int, rows: bytes = b"", *extra: tuple[bytes, bytes]) -> bytes:
    """An RGB PNG whose header may lie, with further chunks."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks)


def jpeg_of_scans(height: int, width: int, scans: int) -> bytes:
    """A progressive JPEG of many scans, each of which passes over all blocks in a few bytes."""

    def segment(name: int, data: bytes) -> bytes:
        return bytes([0xFF, name]) + struct.pack(">H", len(data) + 2) + data

    runs = -(-(-(-height // 8) * -(-width // 8)) // 32767)
    bits = ("0" + "1" * 14) * runs  # symbol E0: the end of 32,767 blocks
    bits += "1" * (-len(bits) % 8)
    body = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    return (
        b"\xff\xd8"
        + segment(0xDB, b"\0" + bytes([1] * 64))
        + segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0]))
        + segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")
        + segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\xe0")
        + b"".join(segment(0xDA, bytes([1, 1, 0x10, 1, 63, 0])) + body for _ in range(scans))
        + b"\xff\xd9"
    )


def webp_canvas(width: int, height: int) -> bytes:
    """A WebP film whose canvas is larger than its one frame."""
    inner = encode(Image.new("RGB", (16, 16)), "WEBP", lossless=True)[12:]
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    frame = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes([10, 0, 0, 0]) + inner
    chunks = [(b"VP8X", bytes([2, 0, 0, 0]) + sides), (b"ANIM", bytes(6)), (b"ANMF", frame)]
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(tags: dict[int, tuple[int, int, int]]) -> bytes:
    """A TIFF of nothing but tags: number -> (type, count, value)."""
    entries = b"".join(struct.pack("<HHII", tag, *facts) for tag, facts in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def pictures_by_hand() -> dict[str, list[Make]]:
    """Kind -> what makes such files; those that are right pictures return them."""
    rgb = Image.fromarray(picture())
    exact = picture() / np.float32(255)

    def holds(data: bytes, right: np.ndarray | None = None) -> Make:
        return lambda path: (path.write_bytes(data), right)[1]

    def turned(kind: str, turn: int) -> Make:
        exif = Image.Exif()
        exif[ORIENTATION] = turn
        stored = {
            1: picture(),
            2: picture()[:, ::-1],
            3: picture()[::-1, ::-1],
            4: picture()[::-1],
            5: picture().transpose(1, 0, 2),
            6: np.rot90(picture(), 1),
            7: np.rot90(picture(), 2).transpose(1, 0, 2),
            8: np.rot90(picture(), -1),
        }[turn]
        options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
        return holds(encode(np.ascontiguousarray(stored), kind, exif=exif, **options), exact)

    bomb = zlib.compress(bytes(200_000_000), 9)
    whole = {kind: own[0] for kind, own in good_pictures().items()}
    film = {"save_all": True, "append_images": [Image.fromarray(picture()[::-1])]}
    deep = picture()[..., 0].astype(np.uint16) * 257
    clear = rgb.convert("RGBA")
    clear.putalpha(0)
    white, of_deep = np.ones_like(exact), np.repeat(deep[..., None] / np.float32(65535), 3, -1)
    palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    of_palette = np.asarray(palette.convert("RGB")) / np.float32(255)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", whole["PNG"])
    return {
        "bombs": [
            *(holds(png(side, side, bytes(100))) for side in (10_001, 60_000, 2**31 - 1)),
            holds(png(9_999, 9_999, bytes(100))),  # legal, if it were there
            holds(png(20, 24, bytes(61 * 24), (b"zTXt", b"a\0\0" + bomb), (b"iCCP", b"a\0\0" + bomb))),
            holds(png(20, 24, bytes(200_000_000))),
            holds(jpeg_of_scans(65_535, 65_535, 1)),
            holds(jpeg_of_scans(2000, 2000, 1000)),
            holds(webp_canvas(16_383, 16_383)),
            holds(webp_canvas(2**24, 255)),
            holds(b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + whole["GIF"][13:]),
            holds(b"BM" + struct.pack("<IIIIiiHH", 100, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24) + bytes(50)),
            holds(tiff({256: (4, 1, 60_000), 257: (4, 1, 60_000), 258: (3, 1, 8), 262: (3, 1, 1), 273: (4, 1, 8)})),
            holds(tiff({256: (4, 1, 64), 257: (4, 1, 64), 258: (3, 1, 8), 262: (3, 1, 1), 273: (4, 2**31, 8)})),
        ],
        "truncated": [
            holds(data[: int(len(data) * share)])
            for data in whole.values()
            for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9)
        ],
        "wrong suffix": [
            holds(whole["BMP"], exact),
            holds(whole["TIFF"], exact),
            holds(encode(rgb, "PDF")),
            holds(encode(rgb, "EPS")),
            holds(encode(rgb, "ICO")),
            holds(encode(rgb, "PPM")),
            holds(archive.getvalue()),
            holds(b"<html>not found"),
            holds(b"%PDF-1.7\n" + bytes(100)),
            holds(b"\0\0\0\x20ftypheic" + bytes(100)),
            holds(b"\x7fELF" + bytes(100)),
        ],
        "CMYK": [holds(encode(rgb.convert("CMYK"), "TIFF"), exact), holds(encode(rgb.convert("CMYK"), "JPEG"))],
        "16 bits": [holds(encode(deep, "PNG"), of_deep), holds(encode(deep, "TIFF"), of_deep)],
        "palette": [holds(encode(palette, kind), of_palette) for kind in ("PNG", "GIF", "TIFF", "BMP")],
        "alpha": [
            holds(encode(clear, "PNG"), white),
            holds(encode(clear, "TIFF"), white),
            holds(encode(clear, "WEBP", lossless=True), white),
        ],
        "animated": [
            holds(encode(rgb, "PNG", **film), exact),
            holds(encode(rgb, "TIFF", **film), exact),
            holds(encode(rgb, "WEBP", lossless=True, **film), exact),
            holds(encode(palette, "GIF", **film), of_palette),
        ],
        "EXIF turn": [turned(kind, turn) for kind in ("PNG", "TIFF", "WEBP", "JPEG") for turn in range(1, 9)],
        "empty": [lambda path: path.touch()],
        "folder named like a picture": [lambda path: path.mkdir()],
        "link to nothing, to itself": [
            lambda path: path.symlink_to(path.parent / "gone"),
            lambda path: path.symlink_to(path),
        ],
        "pipe, socket, device": [
            os.mkfifo,
            bind,
            *(lambda path, to=to: path.symlink_to(f"/dev/{to}") for to in ("zero", "urandom", "tty", "null")),
        ],
        "no permission": [lambda path: path.write_bytes(whole["PNG"]) and path.chmod(0)],
    }


def bind(path: Path) -> None:
    """Makes a socket."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


# ---- weight files


def good_weights(folder: Path) -> dict[str, bytes]:
    """The smallest generator in each form in which it may come, and one of each architecture that helps it."""
    import h5py

    from sketchback import models, weights

    generator = models.build("scribbler", width=1, halvings=1, blocks=0)
    rng = np.random.default_rng(0)
    generator.set_weights([rng.normal(0, 0.2, array.shape).astype("float32") for array in generator.get_weights()])
    files = {
        "as saved": weights.save(generator, folder / "whole.weights.h5", terms="none", note="small"),
        "half precision": weights.save(generator, folder / "half.weights.h5", half=True),
        "of a generator that is told tones": weights.save(
            models.build("scribbler", width=1, halvings=2, blocks=0, tone=True), folder / "told.weights.h5"
        ),
        "of a tone sampler": weights.save(
            models.build("tone_sampler", width=1, blocks=1), folder / "sampler.weights.h5"
        ),
        "of an enlarger": weights.save(models.build("enlarger", width=1, blocks=0), folder / "enlarger.weights.h5"),
    }
    newest = folder / "newest.weights.h5"
    with h5py.File(files["as saved"]) as source, h5py.File(newest, "w", libver="latest") as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update(source.attrs)
    return {kind: path.read_bytes() for kind, path in [*files.items(), ("newest HDF5", newest)]}


def bad_weights(good: dict[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """Case `number`: its form and its bytes."""
    rng = np.random.default_rng([seed, number])
    kind = list(good)[int(rng.integers(len(good)))]
    # Everything in HDF5 stands at an offset: most files that were shifted are found out at once.
    return kind, mutate(good[kind], rng, list(good.values()), 4096, shift=rng.random() < 0.1)


def weights_by_hand(good: bytes) -> dict[str, list[Make]]:
    """Kind -> what makes such files."""
    import h5py

    place = "layers/conv2d/vars/0"

    def changed(change: Callable[[h5py.File, Path], object], **options: object) -> Make:
        def make(path: Path) -> None:
            path.write_bytes(good)
            with h5py.File(path, "r+", **options) as file:
                change(file, path)

        return make

    def instead(make: Callable[[h5py.File, tuple[int, ...], Path], object]) -> Make:
        def change(file: h5py.File, path: Path) -> None:
            shape = file[place].shape
            del file[place]
            make(file, shape, path)

        return changed(change)

    def virtual(file: h5py.File, shape: tuple[int, ...], path: Path) -> None:
        layout = h5py.VirtualLayout(shape, "f4")
        layout[...] = h5py.VirtualSource(str(path.parent / "other.h5"), place, shape)
        file.create_virtual_dataset(place, layout)

    def outside(file: h5py.File, shape: tuple[int, ...], path: Path) -> None:
        file.create_dataset(place, shape, "f4", external=[("/dev/zero", 0, h5py.h5f.UNLIMITED)])

    def bomb(file: h5py.File, shape: tuple[int, ...], path: Path) -> None:
        # The right shape, and one chunk whose few kilobytes unpack, twice, to two gigabytes.
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(shape)
        plan.set_deflate(9)
        plan.set_deflate(9)
        space = h5py.h5s.create_simple(shape)
        made = h5py.h5d.create(file.id, place.encode(), h5py.h5t.IEEE_F32LE, space, plan)
        packer = zlib.compressobj(9)
        packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(2048)) + packer.flush()
        made.write_direct_chunk((0,) * len(shape), zlib.compress(packed, 9))

    def deep(file: h5py.File, path: Path) -> None:
        group = file["layers"].id
        for _ in range(20_000):
            group = h5py.h5g.create(group, b"a")

    def nested(file: h5py.File, shape: tuple[int, ...], path: Path) -> None:
        kind = h5py.h5t.NATIVE_FLOAT
        for _ in range(2_000):
            kind = h5py.h5t.vlen_create(kind)
        h5py.h5d.create(file["layers/conv2d/vars"].id, b"0", kind, h5py.h5s.create_simple(shape))

    def many(file: h5py.File, path: Path) -> None:
        for number in range(20_000):
            h5py.h5g.create(file["layers"].id, b"%d" % number)

    def attribute(name: str, value: object) -> Make:
        return changed(lambda file, _: file.attrs.create(name, value))

    text, arrays = h5py.string_dtype(), io.BytesIO()
    np.savez(arrays, a=np.zeros(3))
    return {
        "links out of the file": [
            instead(lambda file, shape, path: file.__setitem__(place, h5py.ExternalLink("/dev/zero", place))),
            instead(lambda file, shape, path: file.__setitem__(place, h5py.ExternalLink(str(path), place))),
            instead(lambda file, shape, path: file.__setitem__(place, h5py.SoftLink("/" + place))),
            instead(lambda file, shape, path: file.__setitem__(place, h5py.SoftLink("/layers/conv2d_1/vars/0"))),
            instead(virtual),
            instead(outside),
        ],
        "huge shapes": [
            instead(lambda file, shape, path: file.create_dataset(place, (2**40, 2**20), "f4", chunks=(64, 64))),
            instead(lambda file, shape, path: file.create_dataset(place, shape, "f4", chunks=shape)),
            changed(lambda file, _: file.create_dataset("layers/more", (2**62,), "f4", chunks=(64,))),
            attribute("arguments", '{"width": 100000}'),
            attribute("arguments", '{"blocks": 100000000}'),
        ],
        "deep, many, in a circle": [
            changed(deep),
            changed(deep, libver="latest"),
            changed(many),
            changed(lambda file, _: file["layers"].__setitem__("again", file["layers"])),
        ],
        "other types": [
            *(
                instead(lambda file, shape, path, kind=kind: file.create_dataset(place, data=np.zeros(shape, kind)))
                for kind in ("i4", "u1", "S9", "c8", "?", [("a", "f4"), ("b", "f4")])
            ),
            instead(lambda file, shape, path: file.create_dataset(place, shape, h5py.ref_dtype)),
            instead(lambda file, shape, path: file.create_dataset(place, shape, text)),
            instead(lambda file, shape, path: file.create_dataset(place, shape, h5py.vlen_dtype("f4"))),
            instead(lambda file, shape, path: file.create_group(place)),
            instead(nested),
            instead(lambda file, shape, path: file.__setitem__(place, np.dtype("f4"))),
        ],
        "compressed": [
            instead(bomb),
            *(
                instead(
                    lambda file, shape, path, how=how: file.create_dataset(place, data=np.zeros(shape, "f4"), **how)
                )
                for how in ({"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True}, {"fletcher32": True})
            ),
        ],
        "attributes": [
            attribute("architecture", 3),
            attribute("architecture", h5py.Empty("f")),
            attribute("architecture", "a" * 60_000),
            attribute("architecture", np.bytes_(b"\xff\xfe")),
            attribute("arguments", "[" * 30_000),
            attribute("arguments", '{"width": 1e999}'),
            attribute("arguments", '{"width": ' + "1" * 30_000 + "}"),
            attribute("layer_names", np.zeros(8_000)),
            attribute("layer_names", np.array(["x"] * 60_000, "S1")),
            changed(lambda file, _: file.attrs.create("note", "a" * 50_000_000), libver="latest"),
            changed(lambda file, _: file.attrs.create("layer_names", ["a" * 10**6] * 50, dtype=text), libver="latest"),
        ],
        "NaN, infinity": [
            changed(lambda file, _, value=value: file[place].__setitem__((0, 0, 0, 0), value))
            for value in (np.nan, np.inf, -np.inf)
        ],
        "truncated": [
            lambda path, share=share: path.write_bytes(good[: int(len(good) * share)]) and None
            for share in (0.0, 0.001, 0.1, 0.5, 0.9, 0.999)
        ],
        "something else": [
            lambda path: path.write_bytes(b"<html>not found") and None,
            lambda path: path.write_bytes(arrays.getvalue()) and None,
            lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(2_000)) and None,
            lambda path: path.write_bytes(bytes(5_000_000)) and None,
        ],
    }
