"""Kept for tools that look for it: all metadata stand in pyproject.toml."""

from setuptools import setup

setup()
