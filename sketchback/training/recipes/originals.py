"""The original, number by number: AlKhamissi and Nassar 2017."""

from __future__ import annotations

import dataclasses

from sketchback.training.schema import Recipe, Stage

FACES_2017 = Recipe(
    name="faces2017",
    claim="What the original did: one style, one scale, proportions squeezed, constant learning rate.",
    command="python -m sketchback.train faces2017 --data CELEBA --data ALIGNED",
    cost="17 epochs of 18,108, 307,785 pictures: 2.5 hours on 2 CPU cores with bfloat16",
    result="18.14 dB / 0.743 in its own conditions, 9.60 / 0.513 on CUFS: benchmarks/README.md",
    demo="demo:faces",
    single=Stage(
        size=(72, 88),
        style="pencil",
        fit="squeeze",
        enlarge=(218, 178),
        pair_augmentation="none",
        flip=False,
        epochs=17,
        batch_size=5,
        learning_rate=1e-4,
        warmup=0,
        schedule="constant",
        clip=None,
    ),
    model="sketchback2017",
)

BUILDINGS_2017 = dataclasses.replace(
    FACES_2017,
    name="buildings2017",
    claim="What the original did with ZuBuD: 25 epochs from its faces.",
    command="python -m sketchback.finetune buildings2017 --weights runs/faces2017/best.weights.h5 --data ZUBUD",
    cost="25 epochs; hours on 2 CPU cores",
    result="weights/README.md",
    demo="demo:buildings",
    single=dataclasses.replace(FACES_2017.single, size=(120, 160), enlarge=None, augmentation="buildings", epochs=25),
    initial="faces2017",
)
