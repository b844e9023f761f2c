"""The benchmarks lie beside the package: found last, after whatever is installed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
