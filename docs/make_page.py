"""Make docs/page.png, a picture of the page with a drawing of ours, in an installed Chromium.

pip install -e ".[test]" && python docs/make_page.py
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "benchmarks"))

from page_latency import portrait  # noqa: E402 - which measures the same page
from page_load import page  # noqa: E402

with page("faces") as (_, url), portrait(url) as (view, _):
    view.locator("#photo[data-milliseconds]").wait_for()
    view.wait_for_timeout(2000)
    view.screenshot(path=HERE / "page.png")
print("wrote", HERE / "page.png")
