"""What can be installed beside the package's own needs, see `pyproject.toml`: how every message says it."""

from __future__ import annotations


def install(extra: str = "") -> str:
    """The command that installs an extra, in a checkout; without a name what the package needs itself.

    It holds to the versions that `pyproject.toml` asks for, which the name of a package alone would not.

    >>> install("page"), install()
    ('pip install -e ".[page]"', 'pip install -e .')
    """
    return f'pip install -e ".[{extra}]"' if extra else "pip install -e ."
