"""Files and folders that may not be opened."""

import ctypes
import os
import subprocess
import sys

import pytest
from image_folders import fill

READ = """
import sys, warnings
from convnet.data import ImageFolder, load_images
warnings.simplefilter("ignore")
for door in (load_images, ImageFolder):
    try:
        images = door(sys.argv[1], (16, 20))
        print(len(images.filenames), *images.skipped, sep="\\n")
    except PermissionError as error:
        print(error)
"""
CAPABILITIES = 1, 2  # Linux's CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: rights of root to open all
PR_CAPBSET_DROP = 24


def give_up_rights():
    if sys.platform == "linux" and os.geteuid() == 0:
        for capability in CAPABILITIES:
            assert not ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def lines_without_rights(folder):
    """What a process that may not open everything reads of a folder, line by line, for either door."""
    done = subprocess.run(
        [sys.executable, "-c", READ, folder],
        preexec_fn=give_up_rights,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_no_permission(tmp_path):
    fill(tmp_path)
    (tmp_path / "cow").mkdir()
    secret = [tmp_path / "cat" / "1.png", tmp_path / "cow"]
    for path in secret:
        path.chmod(0)
    try:
        found = lines_without_rights(tmp_path)
    finally:
        for path in secret:
            path.chmod(0o700)
    reasons = [f"{path} cannot be read: Permission denied" for path in reversed(secret)]
    assert found == ["5", *reasons] * 2


@pytest.mark.slow
def test_no_permission_for_the_folder(tmp_path):
    tmp_path.chmod(0)
    try:
        found = lines_without_rights(tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert found == [
        f"[Errno 13] {who}: folder {str(tmp_path)!r} cannot be read: Permission denied."
        for who in ("load_images", "ImageFolder")
    ]
