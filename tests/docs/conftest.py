"""The generator of the reference and the builder of the gallery on the path."""

import sys
from pathlib import Path

for name in ("generator", "gallery_builder"):
    sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / name))
