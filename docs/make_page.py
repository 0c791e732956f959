"""Make docs/page.png, a picture of the page with a drawing of ours, in an installed Chromium.

pip install -e ".[test]" && python docs/make_page.py
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "benchmarks"))

from page_latency import portrait  # noqa: E402 - which measures the same page
from page_load import page  # noqa: E402

with page("faces-tone") as (_, url), portrait(url) as (view, _):
    view.locator("#photo[data-milliseconds]").wait_for()
    view.get_by_role("radio", name="Faces", exact=True).check(force=True)
    view.get_by_role("combobox", name="Hair: colour in a word").select_option("red")
    view.wait_for_timeout(10_000)
    view.screenshot(path=HERE / "page.png", full_page=True)
print("wrote", HERE / "page.png")
