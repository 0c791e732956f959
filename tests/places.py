"""Where the checkout is, and the real photographs that some tests want; those are skipped where it is absent."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
DRAWINGS = ROOT / "examples" / "drawings"
