"""Waiting for forked children."""

import os
import signal
import time

import pytest

HANG = 120  # seconds, many times what a child takes on a busy machine


def assert_ends_well(child):
    """Wait for the child, which must exit with status 0. A child that hangs is killed."""
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the forked child hangs")
