"""The entry of the command ``convnet``: Ctrl-C ends it in one line while the package is still being imported, too."""

import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main() -> int:
    """Run the command; return its exit code."""
    try:
        from convnet import cli
    except KeyboardInterrupt:
        print("convnet: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    return cli.main()
