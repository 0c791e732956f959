"""Styles by name, and the random ones of training: sampled from a seed, applied purely."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sketchback import images
from sketchback.sketching import Style, apply_style, line, pencil, sample_style, sketch, styles, xdog

PHOTO = images.resize(images.from_uint8(skimage.data.astronaut()[0:270, 120:340]), (109, 89))


def test_a_seed_fixes_the_style() -> None:
    assert [sample_style(seed) for seed in range(20)] == [sample_style(seed) for seed in range(20)]
    assert len({sample_style(seed) for seed in range(20)}) == 20
    assert sample_style(np.random.default_rng(5)) == sample_style(5)
    for name in ("pencil", "xdog", "line"):
        assert {sample_style(seed, name).name for seed in range(10)} == {name}


RANGES = {
    "scale": (0.6, 2.2),
    "sigma": (0.5, 1.3),
    "p": (10, 30),
    "epsilon": (0.1, 0.55),
    "phi": (1.5, 12),
    "low": (0.01, 0.035),
    "high": (0.015, 0.105),
    "thickness": (0.6, 2.0),
    "ink": (0.7, 2.2),
    "gamma": (0.6, 2.0),
    "paper": (0.85, 1.0),
    "grain": (0.0, 0.08),
    "noise": (0.0, 0.04),
    "displacement": (0.0, 1.6),
    "shading": (0.0, 0.6),
    "blur": (9, 41),
}


def test_styles_stay_in_their_ranges_and_shares() -> None:
    styles = [sample_style(seed) for seed in range(2000)]
    for name, share in {"pencil": 0.45, "xdog": 0.25, "line": 0.30}.items():
        assert np.mean([style.name == name for style in styles]) == pytest.approx(share, abs=0.04)
    for name, (low, high) in RANGES.items():
        values = [getattr(style, name) for style in styles]
        assert low <= min(values) and max(values) <= high and len(set(values)) > 5, name
    assert all(style.low < style.high and style.blur % 2 == 1 for style in styles)
    usual = [style for style in styles if style == Style(style.name, scale=style.scale, seed=style.seed)]
    assert len(usual) / len(styles) == pytest.approx(0.4, abs=0.04)
    assert np.mean([style.scale == 1 for style in usual]) == pytest.approx(0.5, abs=0.06)
    plain = np.mean([style.noise == 0 and style.displacement == 0 for style in styles])
    assert plain == pytest.approx(0.4 + 0.6 * 0.3, abs=0.04)


def test_a_style_by_hand_is_the_filter() -> None:
    for name, expected in (("pencil", pencil(PHOTO)), ("xdog", xdog(PHOTO)), ("line", line(PHOTO, sigma=0.8))):
        np.testing.assert_array_equal(apply_style(PHOTO, Style(name)), expected)
    with pytest.raises(ValueError, match=r"`name` must be one of pencil, xdog, line, random\. Received: 'neural'"):
        sample_style(0, "neural")
    with pytest.raises(ValueError, match=r"one of pencil, xdog, line\. Received: 'neural'"):
        apply_style(PHOTO, Style("neural"))


@pytest.mark.parametrize("name", styles.FILTERS)
def test_every_filter_can_be_sampled_and_applied(name: str) -> None:
    drawn = apply_style(PHOTO, sample_style(1, name))
    assert drawn.shape == (*PHOTO.shape[:2], 1) and drawn.dtype == np.float32 and name in styles.SHARES


@pytest.mark.parametrize("style", ["pencil", "xdog", "line", "random"])
def test_what_is_no_photograph_is_refused(style: str) -> None:
    for photo, words in (
        (images.to_uint8(PHOTO), r"`photo` must be float in \[0, 1\]\. Received: dtype=uint8"),
        (np.full_like(PHOTO, np.nan), "`photo` must be finite"),
        (np.zeros((0, 0, 3), np.float32), r"\(H, W, 1\) or \(H, W, 3\)\. Received: shape=\(0, 0, 3\)"),
    ):
        with pytest.raises(ValueError, match=words):
            sketch(photo, style)


def test_wear_by_hand() -> None:
    # Flat pictures give white sketches, on which each kind of wear can be computed.
    flat = np.full((32, 32, 3), 0.6, np.float32)
    np.testing.assert_allclose(apply_style(flat, Style(paper=0.9)), 0.9, atol=1e-6)
    np.testing.assert_allclose(apply_style(flat, Style(shading=0.5)), 1 - 0.5 * 0.4, atol=1e-5)
    assert 0.005 < apply_style(flat, Style(noise=0.04, paper=0.9, seed=1)).std() < 0.04
    assert np.all(apply_style(flat, Style(grain=0.08)) == 1.0)  # no stroke, no grain
    assert np.all(apply_style(flat, Style(displacement=1.6, ink=2.0, gamma=2.0)) == 1.0)
    sketch = pencil(PHOTO)
    np.testing.assert_allclose(apply_style(PHOTO, Style(ink=0.5)), 1 - 0.5 * (1 - sketch), atol=1e-6)
    np.testing.assert_allclose(apply_style(PHOTO, Style(gamma=2.0)), sketch**2, atol=1e-5)


def test_displacement_is_about_as_large_as_it_says() -> None:
    step = np.repeat(np.float32(np.arange(200) >= 100)[np.newaxis], 200, axis=0)[..., np.newaxis]
    style = Style("line", displacement=1.5)  # percent of the shorter side: 3 pixels
    drawn = [apply_style(step, dataclasses.replace(style, seed=seed))[..., 0] for seed in range(20)]
    assert 1.5 < np.std([sketch.argmin(axis=1) for sketch in drawn]) < 3.5


def test_sketch_by_name() -> None:
    np.testing.assert_array_equal(sketch(PHOTO), pencil(PHOTO))
    np.testing.assert_array_equal(sketch(PHOTO, "xdog", sigma=1.2), xdog(PHOTO, sigma=1.2))
    np.testing.assert_array_equal(sketch(PHOTO, "random", seed=4), apply_style(PHOTO, sample_style(4)))
    with pytest.raises(ValueError, match=r"`style` must be one of pencil, xdog, line, artist, neural, random.*'oil'"):
        sketch(PHOTO, "oil")
    for seed in (-1, 1.5):
        with pytest.raises(ValueError, match=rf"`seed` must be a whole number of at least 0. Received: seed={seed}"):
            sketch(PHOTO, "random", seed=seed)
    with pytest.raises(ValueError, match="Style random samples its own parameters. Received: sigma"):
        sketch(PHOTO, "random", sigma=2)


@st.composite
def photographs(draw) -> np.ndarray:
    """Any size, grey or in colour; noise between two levels, which may be one, and smoothed by half of the draws."""
    size = draw(st.tuples(st.integers(16, 64), st.integers(16, 64), st.sampled_from([1, 3])))
    low, high = sorted(draw(st.tuples(st.sampled_from([0.0, 1e-7, 0.2, 1.0]), st.floats(0, 1, width=32))))
    photo = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).uniform(low, high, size).astype(np.float32)
    if draw(st.booleans()):
        photo = ndimage.uniform_filter(photo, (5, 5, 1), mode="nearest")
    return np.clip(photo, 0.0, 1.0)


@settings(max_examples=100, deadline=None)
@given(photographs(), st.sampled_from(["pencil", "xdog", "line", "random"]), st.integers(0, 2**31 - 1))
def test_any_photograph_becomes_a_sketch(photo, style, seed) -> None:
    before = photo.copy()
    drawn = sketch(photo, style, seed)
    assert drawn.shape == (*photo.shape[:2], 1) and drawn.dtype == np.float32
    assert np.isfinite(drawn).all() and drawn.min() >= 0.0 and drawn.max() <= 1.0
    np.testing.assert_array_equal(sketch(photo, style, seed), drawn)  # again the same
    np.testing.assert_array_equal(photo, before)  # which is left alone
