"""A U-Net with a ResNet encoder: what a network that has seen photographs knows, and a light decoder.

U-Net: Ronneberger et al. 2015. The encoder is ResNet-50 (He et al. 2016) as Keras has it, layer for layer and by the
same names, up to `conv4_block6_out`, so that its ImageNet weights fit.
"""

from __future__ import annotations

import keras
from keras import layers

from sketchback.models.backbones import MEANS
from sketchback.models.generator import check_whole, declare

STAGES = ((64, 3), (128, 4), (256, 6))  # filters and blocks of conv2, conv3 and conv4
EPSILON = 1.001e-5  # of every normalisation in Keras's ResNet
GAIN = 0.2  # of a new residual branch, so that signals do not grow from block to block (Brock et al. 2021)


class EncoderError(ValueError):
    """ResNet-50's ImageNet weights cannot be had."""


def unet_resnet(width: int = 32, dtype: str | keras.DTypePolicy | None = None) -> keras.Model:
    """ResNet-50 up to `conv4_block6_out`, and a decoder that adds its features back at each size.

    The sketch becomes three equal channels, shifted and scaled as ResNet expects. The decoder up-samples by nearest
    neighbour and convolves, which leaves no checkerboard; at full size, where ResNet has nothing, one convolution
    looks at the sketch itself.

    ResNet's batch normalisations never compute statistics of a batch: their statistics and gains are constants, which
    `TrainingModel.calibrate` measures once, before the first step. So training and inference are the same function, and
    every size and style of sketch gets the same network. Nothing is lost by it: a convolution with a bias, which is
    learned, stands before each.

    Args:
        width: The decoder's channels at full size. They double with each halving, up to `4 width`.
        dtype: Precision policy, for example `"mixed_bfloat16"`; Keras's current one by default. The last
            convolution computes in float32.

    Returns:
        A model `(B, H, W, 1) -> (B, H, W, 3)` of stride 16; 10.2 million parameters by default.

    Raises:
        ValueError: An argument is out of range.
    """
    check_whole(width=(width, 1, 128))

    def convolve(x, filters: int, kernel: int, name: str, strides: int = 1, padding: str = "same", zero: bool = False):
        return layers.Conv2D(
            filters,
            kernel,
            strides,
            padding=padding,
            kernel_initializer="zeros" if zero else "he_normal",
            name=name,
            dtype=dtype,
        )(x)

    def activate(x, name: str):
        return layers.ReLU(name=name, dtype=dtype)(x)

    def normalised(x, filters: int, kernel: int, name: str, gain: float = 1.0, **options):
        x = convolve(x, filters, kernel, f"{name}_conv", **options)
        return layers.BatchNormalization(
            epsilon=EPSILON,
            gamma_initializer=keras.initializers.Constant(gain),
            trainable=False,
            name=f"{name}_bn",
            dtype=dtype,
        )(x)

    def bottleneck(x, filters: int, name: str, strides: int, project: bool):
        shortcut = normalised(x, 4 * filters, 1, f"{name}_0", strides=strides) if project else x
        y = activate(normalised(x, filters, 1, f"{name}_1", strides=strides), f"{name}_1_relu")
        y = activate(normalised(y, filters, 3, f"{name}_2"), f"{name}_2_relu")
        y = normalised(y, 4 * filters, 1, f"{name}_3", gain=GAIN)
        return activate(layers.Add(name=f"{name}_add", dtype=dtype)([shortcut, y]), f"{name}_out")

    sketch = layers.Input((None, None, 1), name="sketch")
    x = layers.Concatenate(name="grey", dtype="float32")([sketch] * 3)
    x = layers.Rescaling(255.0, [-mean for mean in MEANS], name="preprocess", dtype="float32")(x)
    x = layers.ZeroPadding2D(3, name="conv1_pad", dtype=dtype)(x)
    x = activate(normalised(x, 64, 7, "conv1", strides=2, padding="valid"), "conv1_relu")
    encoded = [activate(convolve(sketch, width, 3, "stem"), "stem_relu"), x]  # (B, H, W, c), (B, H/2, W/2, 64)
    x = layers.ZeroPadding2D(1, name="pool1_pad", dtype=dtype)(x)
    x = layers.MaxPooling2D(3, 2, name="pool1_pool", dtype=dtype)(x)
    for stage, (filters, blocks) in enumerate(STAGES, start=2):
        for block in range(1, blocks + 1):
            strides = 2 if block == 1 and stage > 2 else 1
            x = bottleneck(x, filters, f"conv{stage}_block{block}", strides, block == 1)
        encoded.append(x)  # (B, H/4, W/4, 256), (B, H/8, W/8, 512), (B, H/16, W/16, 1024)
    x = activate(convolve(x, 8 * width, 1, "bottom"), "bottom_relu")  # (B, H/16, W/16, 8c)
    for level in reversed(range(4)):
        channels = _channels(width, level)
        x = layers.UpSampling2D(interpolation="nearest", name=f"up{level}", dtype=dtype)(x)
        x = convolve(x, channels, 3, f"up{level}_conv")
        skip = convolve(encoded[level], channels, 1, f"up{level}_lateral") if level else encoded[0]
        x = activate(layers.Add(name=f"up{level}_skip", dtype=dtype)([x, skip]), f"up{level}_relu")
        y = activate(convolve(x, channels, 3, f"up{level}_block_conv1"), f"up{level}_block_relu")
        y = convolve(y, channels, 3, f"up{level}_block_conv2", zero=True)
        x = layers.Add(name=f"up{level}_block_add", dtype=dtype)([x, y])
    photo = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="photo", dtype="float32")(x)
    return declare(keras.Model(sketch, photo, name="unet_resnet"), arguments={"width": width}, stride=16)


def _channels(width: int, level: int) -> int:
    return width * min(2**level, 4)


def take_encoder(generator: keras.Model, network: keras.Model) -> None:
    """Copies the weights of Keras's ResNet-50, up to `conv4_block6_out`, into the encoder of a `unet_resnet`.

    Raises:
        ValueError: `network` is no ResNet-50.
    """
    for layer in generator.layers:
        if layer.weights and layer.name.startswith("conv"):
            layer.set_weights(network.get_layer(layer.name).get_weights())


def take_imagenet(generator: keras.Model) -> None:
    """Begins the encoder of a `unet_resnet` with ImageNet's weights: Keras's own file, downloaded once, 95 MB.

    Raises:
        EncoderError: The file could not be downloaded.
    """
    try:
        network = keras.applications.ResNet50(include_top=False, weights="imagenet")
    except Exception as error:  # urllib, sockets and Keras each raise their own kind
        raise EncoderError(f"ResNet-50's ImageNet weights could not be downloaded ({error}).") from None
    take_encoder(generator, network)
