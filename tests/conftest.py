"""What every test shares: the tiers, a cache of its own, which is not the user's, and a Ctrl-C that is heard."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

import pytest
from small_pairs import write_distractors, write_pairs, write_weights
from small_weights import drawing
from toys import make_photos

from sketchback.inference import graphs

TIERS = ("slow", "browser", "processes")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help=f"also run the tests marked {', '.join(TIERS)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--all") or config.getoption("-m"):
        return
    kept = [item for item in items if not any(item.get_closest_marker(tier) for tier in TIERS)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(graphs.ENVIRONMENT, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard():
    """A shell's `&` tells what it starts to ignore Ctrl-C; the commands that tests start would inherit that."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _as_quiet_as_before():
    """A command that runs here sets how much is said; the tests after it are not to find that."""
    logger = logging.getLogger("sketchback")
    before = logger.level
    yield
    logger.setLevel(before)


# ---- what the tests of evaluation score


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def distractors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_distractors(tmp_path_factory.mktemp("distractors"))


# ---- what the tests of training are shown


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="module")
def artist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawing(tmp_path_factory.mktemp("artist"))
