"""The generator of 2017: as it was published, and as plain NumPy computes it."""

from __future__ import annotations

import numpy as np
from keras import layers, ops

from sketchback.models import sketchback2017


def test_it_is_the_published_network():
    published = sketchback2017()
    assert published.count_params() == 4_251_555 and published.stride == 8
    found = [layer for layer in published.layers if isinstance(layer, layers.Conv2D)]
    down = [(3, 32), (2, 32), (3, 64), (2, 64), (3, 128), (3, 128)]
    up = [(2, 128), *[(3, 128)] * 3, (2, 64), *[(3, 64)] * 3, (2, 32), *[(3, 32)] * 2]
    assert [(layer.kernel_size[0], layer.filters) for layer in found] == [*down, *[(3, 256)] * 6, *up, (3, 3)]
    assert [layer.activation.__name__ for layer in found] == ["relu"] * 23 + ["sigmoid"]


def reference(sketch: np.ndarray, arrays: list[np.ndarray]) -> np.ndarray:
    """The published architecture for one `(H, W, 1)` sketch, in NumPy and from its description."""
    pairs = list(zip(arrays[::2], arrays[1::2], strict=True))

    def convolve(x: np.ndarray) -> np.ndarray:
        (kernel, bias), (height, width, _) = pairs.pop(0), x.shape
        size, before = kernel.shape[0], (kernel.shape[0] - 1) // 2  # a 2 x 2 kernel looks right and down
        padded = np.pad(x, ((before, size - 1 - before),) * 2 + ((0, 0),))
        places = [(i, j) for i in range(size) for j in range(size)]
        return sum(padded[i : i + height, j : j + width] @ kernel[i, j] for i, j in places) + bias

    def relu(x: np.ndarray) -> np.ndarray:
        return np.maximum(convolve(x), 0)

    x = sketch.astype(np.float64)
    for _ in range(3):
        x = relu(relu(x))
        height, width, filters = x.shape
        x = x.reshape(height // 2, 2, width // 2, 2, filters).max(axis=(1, 3))
    x = relu(x)
    for _ in range(5):
        x = x + relu(x)
    for residuals in (2, 2, 1):
        x = relu(relu(x).repeat(2, axis=0).repeat(2, axis=1))
        for _ in range(residuals):
            x = x + relu(x)
    return 1 / (1 + np.exp(-convolve(x)))


def test_it_equals_plain_numpy():
    generator, rng = sketchback2017(), np.random.default_rng(2)
    scales = [np.sqrt(1 / np.prod(a.shape[:-1])) if a.ndim > 1 else 0.1 for a in generator.get_weights()]
    arrays = [rng.normal(0, scale, a.shape) for a, scale in zip(generator.get_weights(), scales, strict=True)]
    generator.set_weights(arrays)
    sketch = rng.random((1, 16, 24, 1)).astype(np.float32)
    expected = reference(sketch[0], arrays)
    assert expected.std() > 0.01
    np.testing.assert_allclose(ops.convert_to_numpy(generator(sketch))[0], expected, atol=1e-5)
