"""Back-projection: what was told is kept, and nothing else is touched."""

import numpy as np
import pytest

from sketchback.images import tones
from sketchback.inference.backprojection import back_project

RNG = np.random.default_rng(0)
PHOTO = np.clip(0.5 + 0.05 * RNG.standard_normal((72, 90, 3)), 0, 1).astype(np.float32)  # incomplete cells at the end


def smooth_tones() -> np.ndarray:
    y, x = np.mgrid[0:5, 0:6]
    return np.stack([0.3 + 0.06 * y, 0.4 + 0.04 * x, 0.6 - 0.05 * y], axis=-1).astype(np.float32)


def test_means_become_what_was_told_and_detail_stays() -> None:
    told = smooth_tones()
    made = back_project(PHOTO, told)
    assert made.dtype == np.float32 and made.shape == PHOTO.shape
    before, after = (np.abs(tones.of_photo(photo) - told).max() for photo in (PHOTO, made))
    assert before > 0.15 and after < 0.015
    detail = [photo[16:64:2, 16:64] - photo[17:64:2, 16:64] for photo in (PHOTO, made)]
    assert np.corrcoef(*(each.ravel() for each in detail))[0, 1] > 0.97


def test_where_nothing_is_told_nothing_changes() -> None:
    untold = np.full((5, 6, 3), np.nan, np.float32)
    np.testing.assert_array_equal(back_project(PHOTO, untold), PHOTO)
    untold[0, 0] = (0.9, 0.1, 0.1)
    made = back_project(PHOTO, untold)
    np.testing.assert_allclose(made[32:], PHOTO[32:], atol=1e-6)
    np.testing.assert_allclose(made[:, 32:], PHOTO[:, 32:], atol=1e-6)
    np.testing.assert_allclose(tones.of_photo(made)[0, 0], untold[0, 0], atol=0.12)


@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_black_and_white_can_be_told(tone) -> None:
    made = back_project(PHOTO, np.full((5, 6, 3), tone, np.float32))
    assert abs(made.mean() - tone) < 0.02 and 0 <= made.min() and made.max() <= 1


def test_a_difference_keeps_to_the_side_of_an_edge_that_it_belongs_to() -> None:
    photo = np.full((48, 48, 3), 0.8, np.float32)
    photo[:, :24] = 0.2  # an edge in the middle of the cells of the second column
    truth = photo.copy()
    truth[:, :24] += 0.1  # a lighter head before the same backdrop
    made = back_project(photo, tones.of_photo(truth))
    spread = np.repeat(np.repeat(tones.of_photo(truth) - tones.of_photo(photo), 16, axis=0), 16, axis=1)
    assert np.abs(made - truth).mean() < 0.7 * np.abs(photo + spread - truth).mean()


def test_only_what_is_under_the_mask_changes_and_counts() -> None:
    photo = np.full((48, 48, 3), 0.8, np.float32)
    photo[:, :20] = 0.1  # hair beside a face
    mask = np.zeros((12, 12), np.float32)
    mask[:, :5] = 1
    told = np.full((3, 3, 3), np.nan, np.float32)
    told[:, :2] = (0.5, 0.2, 0.1)
    made = back_project(photo, told, mask, others=1 - mask)
    np.testing.assert_allclose(made[:, :16], np.broadcast_to(told[0, 0], (48, 16, 3)), atol=0.05)
    np.testing.assert_allclose(made[:, 24:], 0.8, atol=0.03)


def test_a_thin_part_is_found_by_the_edges_of_another_photograph() -> None:
    found = np.full((48, 48, 3), 0.8, np.float32)
    found[:, 20:28] = 0.1  # a strand of hair that the generator, told of the backdrop, has made as light as that
    photo = np.full((48, 48, 3), 0.7, np.float32)
    mask = np.zeros((12, 12), np.float32)
    mask[:, 5:7] = 1
    told = np.full((3, 3, 3), np.nan, np.float32)
    told[:, 1] = (0.5, 0.2, 0.1)
    without, made = (back_project(photo, told, mask, others=1 - mask, guide=guide) for guide in (None, found))
    strand = np.broadcast_to(told[0, 1], (48, 4, 3))
    assert np.abs(made[:, 22:26] - strand).mean() < np.abs(without[:, 22:26] - strand).mean() / 3
    np.testing.assert_allclose(made[:, :16], 0.7, atol=0.03)
