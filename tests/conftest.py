"""What every test shares: a cache of its own, which is not the user's, and a Ctrl-C that is heard."""

from __future__ import annotations

import signal

import pytest

from sketchback import skeleton


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(skeleton.ENVIRONMENT, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard():
    """A shell's `&` tells what it starts to ignore Ctrl-C; the commands that tests start would inherit that."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
