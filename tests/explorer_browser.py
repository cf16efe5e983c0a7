"""Pages in headless Chromium, and what axe-core says about them."""

import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest

AXE = Path(__file__).parents[1] / "explorer/node_modules/axe-core/axe.min.js"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CAMERA = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
WAIT = 120_000  # milliseconds, against hangs


@contextmanager
def chromium():
    """Start Chromium, which takes a second or two."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        sync_api.expect.set_options(timeout=WAIT)
        # without a sandbox, which containers do not allow; with a camera that shows a test picture
        args = ["--no-sandbox", *CAMERA]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


def state(page):
    """Return the fragment of the address as a dict."""
    fragment = page.evaluate("location.hash.slice(1)")
    return {key: value[0] for key, value in parse_qs(fragment).items()}


def wait_until(page, condition):
    """Wait until a condition holds."""
    deadline = time.monotonic() + WAIT / 1000
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def violations(page, part=None):
    """Return what axe-core finds on the page, or in the part of it that a selector names, as texts."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run npm ci in explorer/")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + "; null")
    found = page.evaluate("(part) => axe.run(part ?? document)", part)["violations"]
    return [f"{v['id']}: {n['html'][:200]}" for v in found for n in v["nodes"][:2]]
