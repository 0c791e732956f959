"""What every test shares: a cache of its own, which is not the user's."""

from __future__ import annotations

import pytest

from sketchback import skeleton


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(skeleton.ENVIRONMENT, str(tmp_path_factory.mktemp("cache")))
        yield
