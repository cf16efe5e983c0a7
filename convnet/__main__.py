"""The command ``python -m convnet``: the same as ``convnet``."""

import sys

from convnet.cli import main

sys.exit(main())
