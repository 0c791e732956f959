"""Use `.h5` weights in Python: with sketchback, and with plain Keras.

python examples/5_weights_in_python.py
"""

import numpy as np

import sketchback
from sketchback import models, weights
from sketchback.inference import pipeline

# What a file says about itself, without Keras.
path = weights.find("faces")
facts = weights.describe(path)
print(path.name, "holds", facts["architecture"], facts["arguments"], "of", facts["date"])
print("terms:", facts["terms"])

# A name or a path: the file says which architecture it is of. By itself it takes multiples of its stride.
generator = sketchback.load("faces")
sketches = np.ones((2, 64, 48, 1), np.float32)  # two sheets of white paper
# Any size in, the same size out; shown as they are, not at the scale of training, to compare with plain Keras below.
photos = pipeline.predict(generator, sketches, working=(64, 48))
print("photographs:", photos.shape, photos.dtype, "from", photos.min().round(3), "to", photos.max().round(3))

# Plain Keras: build the architecture, load the file. It is an ordinary model to train, convert or embed.
plain = models.ARCHITECTURES[facts["architecture"]](**facts["arguments"])
plain.load_weights(path)
difference = np.abs(np.asarray(plain(sketches)) - photos).max()
print("largest difference to plain Keras:", float(difference))
