"""What the library costs: measured, not claimed. ``python -m benchmarks`` in the repository's root."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# the library is used from where it lies, as the workflow does
sys.path.insert(0, str(ROOT / "scripts"))
