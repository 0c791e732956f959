"""Metadata, extras and the console command. `weights/` travels in the wheel as `sketchback._weights`."""

from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
LIGHT = ["onnxruntime>=1.18", "onnx>=1.16", "platformdirs>=4"]
EXPORT = ["onnx>=1.16", "tf2onnx>=1.16", "onnxruntime>=1.18"]
JAX = ["jax>=0.7,<0.11"]  # several devices and machines; with a GPU, jax[cuda12]
PAGE = ["fastapi>=0.115", "uvicorn>=0.30", "fastapi-offline>=1.7", *LIGHT]

setup(
    name="sketchback",
    version="0.1.0",
    description="Turns sketches back into photographs: pencil sketches of faces, drawings of buildings.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=["sketchback", "sketchback._weights"],
    package_dir={"sketchback": "sketchback", "sketchback._weights": "weights"},
    package_data={
        "sketchback": ["py.typed", "page/*", "page/samples/*", "skeletons/*"],
        "sketchback._weights": ["*.h5", "SHA256SUMS", "README.md", "LICENSE"],
    },
    install_requires=[
        "tensorflow>=2.16",
        "keras>=3.5",
        "numpy>=1.26",
        "opencv-python>=4.8",
        "scikit-image>=0.22",
        "imgaug==0.4.0",
        "h5py>=3.10",
        "matplotlib>=3.8",
        "pillow>=10.1",
        "tqdm>=4.66",
        "filelock>=3.12",
    ],
    extras_require={
        "light": LIGHT,
        "jax": JAX,
        "page": PAGE,
        "export": [*EXPORT, "openvino>=2024.4"],
        "bench": [*EXPORT, "openvino>=2024.4", "torch>=2.5"],  # what benchmarks/speed.py compares with
        "test": [
            "pytest>=8",
            "scipy>=1.11",
            "hypothesis>=6",
            "ruff>=0.5",
            "build>=1",
            *PAGE,
            *EXPORT,
            *(f"{one}; python_version >= '3.11'" for one in JAX),
            "httpx2>=2",
            "playwright>=1.45",
        ],
    },
    entry_points={"console_scripts": ["sketchback=sketchback.__main__:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "License :: OSI Approved :: MIT License",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Image Processing",
        "Typing :: Typed",
    ],
)
