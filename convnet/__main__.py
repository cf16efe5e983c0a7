"""``python -m convnet``, the same as the command ``convnet``."""

import sys

from convnet.cli import main

sys.exit(main())
