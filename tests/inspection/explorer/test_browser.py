"""The page in headless Chromium.

Needs Chromium, `pip install playwright`, and `npm ci` in explorer/ for axe-core; `.ci/run` installs all three.
"""

import re
from copy import copy
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from explorer_browser import CHROMIUM, WAIT, chromium, state, violations, wait_until
from explorer_pages import HOSTILE, KINDS, colors, digits, limit_weights, other, residual
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.callbacks import Callback
from convnet.data.images.decode import decode
from convnet.data.images.form import check_form
from convnet.inspection.explorer import epochs
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D, Parallel

sync_api = pytest.importorskip("playwright.sync_api")

SIZES = {"phone": (360, 640), "laptop": (1440, 900), "large": (2560, 1440)}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that writes the page of a net, opens it and waits for a text: that it has checked itself.

    At the end nothing may stand on the console, and the page may have read nothing but its file.
    """
    messages, requests, contexts = [], [], []

    def open_page(
        net, X, y=None, *, size="laptop", dark=False, fragment="", text="checked on", **options
    ):
        written = net.explore(X, y, tmp_path / "page.html", **options)
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(Path(written.path).as_uri() + fragment)
        page.get_by_text(text).first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert messages == []
    assert {urlsplit(url).scheme for url in requests} <= {"file", "data", "blob"}


def predicted(page):
    return page.locator("header .answer b").inner_text()


def value_of(page):
    """Return the value that is worked out, as text."""
    return page.locator(".facts .value").inner_text()


def last_line(page):
    return page.locator(".calculation .lines").last.locator("dd").last.inner_text()


def test_a_page_is_accessible(opened):
    """In each size, light and dark: the page as it opens, and the calculation of each kind of layer."""
    net, X, y = residual()
    net_before = clone(net).fit(X, y)
    page = opened(net, X, y, n_max=6, checkpoints=[net_before])
    page.locator(".mistakes summary").click()
    for size, dark in [
        ("phone", False),
        ("phone", True),
        ("laptop", False),
        ("large", False),
        ("large", True),
    ]:
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        assert violations(page) == [], (size, dark)
        # only the net scrolls sideways
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for layer in ("residual1", "residual1/batchnorm1", "globalpool1", "output", ""):
            page.goto(page.url.partition("#")[0] + f"#layer={layer}")
            title = f"How {layer}:" if layer else "How prediction"
            sync_api.expect(page.locator("#detail")).to_contain_text(title)
            assert violations(page, ".detail") == [], (size, dark, layer)


def test_probabilities_of_100_images(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:], n_max=12)
    assert "checked on 12 images: probabilities differ" in page.locator(".status").inner_text()
    images = X[1000:1100]
    found = page.evaluate(
        "async (images) => { const p = []; for (const i of images) p.push(await explorer.predict(i)); return p; }",
        images.reshape(100, -1).tolist(),
    )
    np.testing.assert_allclose(found, net.predict_proba(images), atol=1e-4)


@pytest.mark.parametrize("make", [digits, residual])
def test_200_pixels_of_each_type_of_layer(opened, make):
    """The result of the page's steps is that of the steps of `trace`."""
    net, X, y = make()
    page = opened(net, X, y, n_max=2)
    trace, rng, types = net.trace(X[0]), np.random.default_rng(0), {}
    for info in (inner for layer in net.layers_ for inner in layer.walk()):
        types.setdefault(info.type, []).append(info)
    for infos in types.values():
        asked, expected = [], []
        for _ in range(200):
            info = infos[rng.integers(len(infos))]
            index = tuple(map(int, rng.integers(0, info.output_shape)))
            asked.append([info.name, [*(0,) * (3 - len(index)), *index]])
            expected.append(trace.at(info.name, *index).computed)
        found = page.evaluate(
            "(asked) => asked.map(([layer, index]) => explorer.steps(layer, index).at(-1)?.value ?? null)",
            asked,
        )
        kept = [(a, b) for a, b in zip(found, expected, strict=True) if a is not None]
        assert len(kept) == 200 or infos[0].type in ("Flatten", "Dropout")
        if kept:
            np.testing.assert_allclose(*zip(*kept, strict=True), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_other_nets(opened, kind):
    net, X, y = other(kind)
    page = opened(net, X, y, n_max=5)
    check = page.evaluate("explorer.check()")
    assert check["images"] == 5 and check["difference"] < 1e-4
    values = net.predict(X[:1]) if kind.startswith("regressor") else net.predict_proba(X[:1])
    found = page.evaluate("(image) => explorer.predict(image)", np.ravel(X[0]).tolist())
    np.testing.assert_allclose(found, np.ravel(values), rtol=1e-4, atol=1e-4)
    for layer in [info.name for info in net.layers_]:
        page.locator(f'button.column-head[title^="{layer}: "]').click()
        assert page.locator("#detail").inner_text().startswith(f"How {layer}:")
    page.locator(".prediction .column-head").click()
    assert page.locator(".detail table tbody tr").count() >= len(np.ravel(values))
    if len(net.input_shape_) < 3:
        assert "cannot be drawn or changed" in page.locator(".editor").inner_text()
    assert violations(page) == []


def test_signals_are_curves(opened):
    net, X, y = other("signal")
    page = opened(net, X, y, n_max=3)
    lines = "(nodes) => nodes.map((node) => node.getAttribute('d').split('L').length)"
    paths = page.locator(".thumbnail").first.locator(".curve path:not(.zero)")
    assert paths.evaluate_all(lines) == [15, 15]  # two channels of 15 values
    maps = page.locator('button.map[title^="conv1, "] .curve path:not(.zero)')
    assert maps.evaluate_all(lines) == [13] * 5
    assert page.locator(".map-view .curve").count() == 2


def test_text_from_outside_is_text(opened):
    X, _ = colors()
    y = np.resize([HOSTILE, "a&b", "<img src=x onerror=alert(1)>"], len(X))
    net = ConvNetClassifier([Conv2D(2, 3)], max_iter=1, random_state=0).fit(X, y)
    page = opened(net, X, y, title=HOSTILE)
    assert page.title() == HOSTILE == page.locator("h1").inner_text()
    names = page.locator(".prediction .unit-name").all_inner_texts()
    assert sorted(names) == sorted(set(y.tolist()))
    assert page.locator("img").count() == 0


def test_images_and_address(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:])
    for i in (3, 7):
        page.locator(".thumbnail").nth(i).click()
        expected = str(net.predict(X[600 + i : 601 + i])[0])
        sync_api.expect(page.locator("header .answer b")).to_have_text(expected)
        assert state(page)["image"] == str(i)
    page.locator(
        'button[title="maxpool2d1, channel 2"], button[title="pool1, channel 2"]'
    ).first.click()
    kept = state(page)
    assert kept["channel"] == "2" and "pool" in kept["layer"]
    before = value_of(page)
    page.reload()
    page.get_by_text("checked on").wait_for()
    assert state(page) == kept and value_of(page) == before
    nonsense = page.url.partition("#")[0] + "#layer=nonsense&channel=x&image=99&row=-5"
    page.goto(nonsense)  # in the page that is open
    wait_until(page, lambda: state(page).get("image") == "23")
    assert state(page)["layer"] == kept["layer"]
    page.goto("about:blank")
    page.goto(nonsense)
    page.get_by_text("checked on").wait_for()
    assert state(page)["layer"] == "conv1" and state(page)["image"] == "23"


def test_a_pixel_is_worked_out(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:], fragment="#layer=conv1&channel=5")
    output = page.locator(".movable")
    box = output.bounding_box()
    output.click(position={"x": box["width"] * 3.5 / 8, "y": box["height"] * 0.5 / 8})
    step = net.trace(X[600]).at("conv1", 0, 3, 5)
    assert state(page)["column"] == "3" and "row" not in state(page)
    cells = page.locator(".grid").nth(0).locator("td").all_inner_texts()
    assert cells == ["0"] * 3 + [f"{v:.4g}" for v in step.patch[1:, :, 0].ravel()]
    kernel = page.locator(".grid").nth(1).locator("td").all_inner_texts()
    np.testing.assert_allclose([number(cell) for cell in kernel], step.kernel.ravel(), rtol=1e-3)
    lines = page.locator(".calculation dd").all_inner_texts()
    expected = [step.sum, step.bias, step.preactivation, step.preactivation, step.value]
    np.testing.assert_allclose([number(line) for line in lines], expected, rtol=1e-3, atol=1e-9)
    assert "padding" in page.locator(".calculation .note").inner_text()


def number(text):
    return float(text.replace("−", "-"))


TIMERS = """() => {
  const {setInterval: start, clearInterval: stop} = globalThis;
  globalThis.timers = new Set();
  globalThis.setInterval = (...options) => {
    const timer = start(...options);
    timers.add(timer);
    return timer;
  };
  globalThis.clearInterval = (timer) => {
    timers.delete(timer);
    stop(timer);
  };
}"""


def test_the_window_slides(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:], fragment="#layer=conv1&row=2&column=6")
    page.get_by_role("button", name="Step forward").click()
    assert (state(page)["row"], state(page)["column"]) == ("2", "7")
    page.get_by_role("button", name="Step forward").click()
    assert state(page)["row"] == "3" and "column" not in state(page)
    page.get_by_role("button", name="Step back").click()
    assert (state(page)["row"], state(page)["column"]) == ("2", "7")
    page.evaluate(TIMERS)
    page.get_by_role("button", name="Play").click()
    wait_until(page, lambda: state(page)["row"] == "4")
    assert page.evaluate("timers.size") == 1
    page.get_by_role("button", name="Pause").click()
    wait_until(page, lambda: page.evaluate("timers.size") == 0)
    page.locator(".player input").fill("17")
    assert (state(page)["row"], state(page)["column"]) == ("2", "1")


def test_the_other_steps(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:])
    names = {info.type: info.name for info in net.layers_}
    for kind, count in (("MaxPool2D", 1), ("BatchNorm", 7), ("Dense", 3)):
        page.locator(f'button.column-head[title^="{names[kind]}: "]').click()
        assert page.locator(".calculation dd").count() == count, kind
    assert page.locator(".numbers tbody tr").count() == 11  # ten terms and the rest
    page.locator(f'button.column-head[title^="{names["MaxPool2D"]}: "]').click()
    winner = page.locator(".grid .marked").inner_text()
    assert winner == last_line(page) == value_of(page).partition(" = ")[2]
    page.locator(".prediction .column-head").click()
    rows = page.locator(".numbers tbody tr")
    assert rows.count() == 11  # ten classes and the sum
    p = [number(row.locator("td").last.inner_text()) for row in rows.all()[:10]]
    np.testing.assert_allclose(p, net.predict_proba(X[600:601])[0], rtol=5e-3, atol=1e-12)


def test_channels_of_a_patch(opened):
    net, X, y = residual()
    page = opened(net, X, y, fragment="#layer=residual2/conv1&channel=1")
    buttons = page.locator(".channels button")
    assert buttons.count() == 6
    buttons.nth(4).click()
    channel = buttons.nth(4).inner_text().partition(":")[0]
    assert page.locator(".grid caption").first.inner_text() == f"patch, channel {channel}"
    assert page.locator("figcaption").first.inner_text().endswith(f"channel {channel}")


def test_scales_and_more_maps(opened):
    X, y = colors()
    net = ConvNetClassifier([Conv2D(20, 3)], max_iter=1, random_state=0).fit(X, y)
    page = opened(net, X, y)
    maps = page.locator('button.map[title^="conv1, "]')
    shown = "(nodes) => nodes.map((node) => node.querySelector('canvas').toDataURL())"
    assert maps.count() == 12
    before = maps.evaluate_all(shown)
    page.get_by_label("a scale for each map").check()
    assert state(page)["scale"] == "own"
    wait_until(page, lambda: maps.evaluate_all(shown)[1:] != before[1:])
    page.get_by_role("button", name="8 more", exact=True).click()
    sync_api.expect(maps).to_have_count(20)
    strength = np.abs(net.feature_maps(X[:1], "conv1")[0]).mean((0, 1))
    order = [
        int(title.rpartition(" ")[2]) for title in maps.evaluate_all("(n) => n.map((x) => x.title)")
    ]
    assert order == np.argsort(-strength, kind="stable").tolist()


def easel_point(page, row, column, shape):
    canvas = page.locator(".easel canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + (column + 0.5) * box["width"] / shape[1], box["y"] + (row + 0.5) * box[
        "height"
    ] / shape[0]


def test_drawing(opened):
    """A drawn line is what the net reads, as white pixels on black."""
    net, X, y = digits()
    page = opened(net, X[600:], y[600:])
    page.get_by_role("button", name="Clear").click()
    page.mouse.move(*easel_point(page, 1, 3, (8, 8)))
    page.mouse.down()
    for row in range(1, 7):
        page.mouse.move(*easel_point(page, row, 3, (8, 8)))
    page.mouse.up()
    drawn = np.zeros((1, 8, 8), np.uint8)
    drawn[0, 1:7, 3] = 255
    expected = net.predict_proba(drawn)[0]
    answer = page.locator("header .answer")
    text = f"your image: {expected.argmax()} ({100 * expected.max():.1f}%)"
    sync_api.expect(answer).to_contain_text(text)
    page.get_by_label("erase").check()
    page.mouse.click(*easel_point(page, 1, 3, (8, 8)))
    drawn[0, 1, 3] = 0
    expected = net.predict_proba(drawn)[0]
    sync_api.expect(page.locator("header .answer")).to_contain_text(
        f"({100 * expected.max():.1f}%)"
    )


def test_covering_with_the_keyboard(opened):
    net, X, y = residual()
    page = opened(net, X, y)
    page.locator(".easel").focus()
    for key in ("ArrowUp", "ArrowLeft", " "):
        page.keyboard.press(key)
    covered = X[:1].astype(np.float64)
    covered[0, 5, 4] = X[0].mean((0, 1))
    pixels = page.evaluate("explorer.values()")
    np.testing.assert_allclose(np.reshape(pixels, X[0].shape), covered[0], rtol=1e-5)
    assert predicted(page)
    page.get_by_role("button", name="Reset").click()


def test_sliders(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:])

    def set_slider(name, value):
        page.locator(".sliders label", has_text=name).locator("input").fill(str(value))
        return np.reshape(page.evaluate("explorer.values()"), (8, 8))

    image = X[600].astype(np.float64)
    assert (set_slider("shift right", 2) == np.pad(image, ((0, 0), (2, 0)))[:, :8]).all()
    assert state(page)["right"] == "2"
    shifted = np.pad(image, ((0, 1), (2, 0)))[1:, :8]
    assert (set_slider("shift down", -1) == shifted).all()
    page.get_by_role("button", name="Reset").click()
    bright = set_slider("brightness", 0.5)
    np.testing.assert_allclose(bright, np.minimum(image + 127.5, 255))
    page.get_by_role("button", name="Reset").click()
    np.testing.assert_allclose(set_slider("rotation", 90), np.rot90(image, -1), atol=1e-3)
    page.get_by_role("button", name="Reset").click()
    assert (np.reshape(page.evaluate("explorer.values()"), (8, 8)) == image).all()


def test_painting_on_a_moved_image(opened):
    """The brush paints where it is seen, beyond the edges of the image too, and strokes move with the image."""
    net, X, y = digits()
    page = opened(net, X[600:], y[600:], fragment="#image=2&right=3&rotation=90&brightness=-0.5")
    before = np.reshape(page.evaluate("explorer.values()"), (8, 8))
    page.locator(".sliders input").first.fill("1")
    page.mouse.click(*easel_point(page, 6, 0, (8, 8)))
    after = np.reshape(page.evaluate("explorer.values()"), (8, 8))
    changed = np.argwhere(np.abs(after - before) > 1).tolist()
    assert changed == [[6, 0]] and after[6, 0] == 127.5  # white, under the brightness
    assert "image 2, changed" in page.locator("header .answer").inner_text()
    page.locator(".sliders label", has_text="shift right").locator("input").fill("4")
    assert np.reshape(page.evaluate("explorer.values()"), (8, 8))[6, 1] == 127.5
    # one event far away is a line without gaps
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Clear").click()
    page.mouse.move(*easel_point(page, 0.5, 0.5, (8, 8)))  # between four pixels
    page.mouse.down()
    page.mouse.move(*easel_point(page, 7, 6, (8, 8)))
    page.mouse.up()
    drawn = np.reshape(page.evaluate("explorer.values()"), (8, 8))
    assert drawn[1:].any(axis=1).all()
    page.get_by_role("button", name="Reset").click()  # the image that was shown before
    assert (np.reshape(page.evaluate("explorer.values()"), (8, 8)) == X[602]).all()
    assert state(page)["image"] == "2"


def test_numbers_in_four_channels_are_no_photograph(opened):
    """They have no alpha, and a dropped photograph does not replace them."""
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 6, 5, 4)).astype(np.float32), np.arange(30) % 3
    X[..., 3] = 0
    net = ConvNetClassifier([Conv2D(3, 3)], max_iter=1, random_state=0).fit(X, y)
    page = opened(net, X, y, n_max=2)
    assert page.evaluate(PHOTO, "drop") == page.evaluate(PHOTO, "paste") == "ignored"
    assert np.isfinite(page.evaluate("explorer.values()")).all()
    assert "your image" not in page.locator("header .answer").inner_text()
    assert page.get_by_text("Open a photograph").count() == page.get_by_text("camera").count() == 0
    pixel = "(c) => [...c.getContext('2d').getImageData(0, 0, 1, 1).data]"
    gray = round(255 * float(X[0, 0, 0].mean() / X[:2].max()))
    drawn = page.locator(".easel canvas").evaluate(pixel)
    assert drawn[3] == 255 and abs(drawn[0] - gray) <= 1


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_photograph_is_fitted_as_in_the_training(opened, fit, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    y, x = np.mgrid[:48, :80]
    pixels = np.stack([2 * x, 4 * y, x + y], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    net, X, labels = residual()
    net = copy(net)
    net.image_form_ = {"size": (12, 10), "channels": 3, "fit": fit}
    expected = np.empty((12, 10, 3), np.uint8)
    decode(tmp_path / "a.png", check_form("test", **net.image_form_), expected)
    page = opened(net, X, labels, n_max=2)
    page.locator(".file input").set_input_files(tmp_path / "a.png")
    sync_api.expect(page.locator("header .answer")).to_contain_text("your image")
    found = np.reshape(page.evaluate("explorer.values()"), (12, 10, 3))
    np.testing.assert_allclose(found, expected, atol=6)  # browsers resample in ways of their own


STREAM = """() => {
  const devices = navigator.mediaDevices, open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (options) => (globalThis.stream = await open(options));
}"""
TRACKS = "stream.getTracks().map((track) => track.readyState)"
HIDE = f"""() => {{
  globalThis.requestAnimationFrame = () => 0; // hidden pages have no frames
  Object.defineProperty(document, "hidden", {{value: true}});
  document.dispatchEvent(new Event("visibilitychange"));
  return {TRACKS};
}}"""


def test_the_camera(opened):
    """Chromium's device shows a green picture with a moving circle."""
    net, X, y = residual()
    page = opened(net, X, y, n_max=3)
    page.evaluate(STREAM)
    page.get_by_role("button", name="Use the camera").click()
    answer = page.locator("header .answer")
    sync_api.expect(answer).to_contain_text("your image")
    assert answer.get_attribute("aria-live") == "off"
    first = page.evaluate("explorer.values()")
    assert (
        np.reshape(first, X[0].shape)[..., 1].mean() > np.reshape(first, X[0].shape)[..., 0].mean()
    )
    wait_until(page, lambda: page.evaluate("explorer.values()") != first)
    page.get_by_role("button", name="Stop the camera").click()
    page.get_by_role("button", name="Use the camera").wait_for()
    assert page.evaluate(TRACKS) == ["ended"]
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Stop the camera").wait_for()
    page.locator(".thumbnail").nth(1).click()  # which stops the camera
    page.get_by_role("button", name="Use the camera").wait_for()
    assert (np.reshape(page.evaluate("explorer.values()"), X[1].shape) == X[1]).all()
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Stop the camera").wait_for()
    assert page.evaluate(TRACKS) == ["live"]
    assert page.evaluate(HIDE) == ["ended"]
    page.get_by_role("button", name="Use the camera").wait_for()


REFUSALS = {
    "NotAllowedError": "does not allow",
    "NotFoundError": "finds no camera",
    "OddError": "cannot be used: OddError",
}


def test_why_there_is_no_camera(opened):
    net, X, y = residual()
    page = opened(net, X, y, n_max=1)
    button = page.get_by_role("button", name="Use the camera")
    said = page.locator(".editor [role=status]")
    for name, reason in REFUSALS.items():
        page.evaluate(
            "(name) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)); }",
            name,
        )
        button.click()
        sync_api.expect(said).to_contain_text(reason)
        sync_api.expect(button).to_be_enabled()
    page.evaluate("() => { Object.defineProperty(navigator, 'mediaDevices', {value: undefined}); }")
    button.click()
    sync_api.expect(said).to_contain_text("offers no camera on this page")


def test_mistakes(opened):
    net, X, y = digits()
    rows = np.flatnonzero(net.predict(X[600:]) != y[600:])[:6]
    rows = 600 + np.concatenate([rows, np.arange(10)])
    X, y = X[rows], y[rows]
    page = opened(net, X, y, n_max=16)
    loss = -np.log(net.predict_proba(X)[np.arange(16), y])
    worst = np.argsort(-loss, kind="stable")
    page.get_by_label("worst mistakes first").check()
    assert state(page) | {"order": "worst", "image": str(worst[0])} == state(page)
    titles = page.locator(".thumbnail").evaluate_all("(nodes) => nodes.map((node) => node.title)")
    assert [int(title.split(",")[0].split()[1]) for title in titles] == worst.tolist()
    assert f"loss {loss[worst[0]]:.4g}" in titles[0]
    # a cell by the keyboard
    answers = net.predict(X)
    label, wrong = y[0], answers[0]
    page.locator(".mistakes summary").focus()
    page.keyboard.press("Enter")
    cell = page.locator(f'.confusion button[aria-label$="of {label}, predicted {wrong}"]')
    cell.focus()
    page.keyboard.press("Enter")
    members = [i for i in worst if y[i] == label and answers[i] == wrong]
    sync_api.expect(page.locator(".thumbnail")).to_have_count(len(members))
    assert state(page)["image"] == str(members[0])
    assert (state(page)["label"], state(page)["predicted"]) == (str(label), str(wrong))
    sync_api.expect(page.locator("header .answer b")).to_have_text(str(wrong))
    counts = page.locator(".confusion button").all_inner_texts()
    assert sum(map(int, counts)) == 16
    page.reload()
    page.get_by_text("checked on").wait_for()
    assert page.locator(".thumbnail").count() == len(members)
    page.get_by_role("button", name="Show all images").click()
    assert page.locator(".thumbnail").count() == 16 and "label" not in state(page)


def test_mistakes_of_regressors(opened):
    net, X, y = other("regressor")
    page = opened(net, X, y, n_max=5)
    assert page.locator(".confusion").count() == 0
    page.get_by_label("worst mistakes first").check()
    off = np.abs(net.predict(X[:5]) - y[:5])
    title = page.locator(".thumbnail").first.get_attribute("title")
    assert title.startswith(f"image {off.argmax()},") and title.endswith(f"off by {off.max():.4g}")
    net, X, y = other("regressor of two")
    page = opened(net, X, y, n_max=5)
    assert page.locator(".thumbnail").first.get_attribute("title").endswith(" standard deviations")


ADDRESSES = """() => {
  const {replaceState} = history;
  globalThis.addresses = [];
  history.replaceState = (...options) => {
    addresses.push(options[2]);
    replaceState.apply(history, options);
  };
}"""


def epochs_of(page):
    """Return the epochs that the address named, one after the other."""
    named = [parse_qs(text[1:]).get("epoch", ["0"])[0] for text in page.evaluate("addresses")]
    return [epoch for epoch, _ in groupby(named)]


@pytest.mark.parametrize("encoding", ["float32", "int16"])
def test_epochs(opened, encoding, monkeypatch):
    """Maps and probabilities at each epoch are those of the estimator of that epoch."""
    _, X, y = digits()
    states = []

    class Keep(Callback):
        def on_epoch_end(self, run):
            states.append(run.fitted())

    layers = [Conv2D(4, 3, activation="relu"), BatchNorm(), MaxPool2D(2)]
    net = ConvNetClassifier(layers, max_iter=3, random_state=0, callbacks=[Keep()]).fit(
        X[:300], y[:300]
    )
    if encoding == "int16":
        monkeypatch.setattr(epochs, "MAX_EPOCH_BYTES", 6000)
    page = opened(net, X[600:], y[600:], n_max=2, checkpoints=states[:2])
    slider = page.locator(".training input")
    tolerance = 1e-3 if encoding == "int16" else 1e-4
    for position, estimator in enumerate([*states[:2], net]):
        slider.fill(str(position))
        expected = ["after epoch 1", "after epoch 2", "the net"][position]
        sync_api.expect(page.locator(".training output")).to_have_text(expected)
        page.evaluate("explorer.settled()")
        assert state(page).get("epoch", "0") == str((position + 1) % 3)
        for info in net.layers_:
            found = page.evaluate("(name) => explorer.map(name)", info.name)
            maps = estimator.feature_maps(X[600:601], info.name)[0]
            np.testing.assert_allclose(found, np.ravel(maps), rtol=tolerance, atol=tolerance)
        p = page.evaluate("(image) => explorer.predict(image)", X[601].ravel().tolist())
        np.testing.assert_allclose(p, estimator.predict_proba(X[601:602])[0], atol=tolerance)
        # a calculation reads the kernel of the epoch
        steps = page.evaluate("explorer.steps('conv1', [2, 2, 1])[0]")
        kernel = estimator.weights_["conv1/weights"][..., 1].ravel()
        np.testing.assert_allclose(steps["kernel"], kernel, rtol=tolerance, atol=1e-6)
    page.evaluate(ADDRESSES)
    page.get_by_role("button", name="Play the training").click()
    wait_until(page, lambda: epochs_of(page)[-2:] == ["2", "0"])
    assert epochs_of(page) == ["1", "2", "0"]
    sync_api.expect(page.locator(".training output")).to_have_text("the net")
    sync_api.expect(page.get_by_role("button", name="Play the training")).to_be_visible()
    assert page.evaluate("explorer.check()")["difference"] < 1e-4
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert state(page)["epoch"] == "2"


def test_errors_of_the_engine_are_said(opened, tmp_path):
    """In the first pass and on start: the page neither waits nor stays empty."""
    net, X, y = residual()
    path = Path(net.explore(X, y, tmp_path / "good.html", n_max=2).path)
    html = path.read_text(encoding="utf-8")
    broken = [
        (html.replace('"op":"Conv2DOp"', '"op":"OddOp"'), "could not compute this image"),
        (html.replace('"format":1', '"format":77'), "cannot be shown: format 77"),
    ]
    page = opened(net, X, y, n_max=1)
    for i, (text, said) in enumerate(broken):
        (tmp_path / f"{i}.html").write_text(text, encoding="utf-8")
        page.goto((tmp_path / f"{i}.html").as_uri())
        sync_api.expect(page.get_by_text(said).first).to_be_visible()
        assert page.locator("[role=alert]").filter(has_text=said).count() == 1


def test_many_classes_are_counted(opened):
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 4, 4, 1)).astype(np.float32), rng.integers(0, 2, (60, 30))
    net = ConvNetClassifier([Conv2D(2, 3)], max_iter=1, random_state=0).fit(X, y)
    page = opened(net, X, y, n_max=2, fragment="#layer=")
    assert page.locator(".prediction .note").inner_text() == "18 less likely classes not shown"
    rows = page.locator(".detail tbody tr th").all_inner_texts()
    likeliest = np.argsort(-net.predict_proba(X[:1])[0])[:20]
    assert sorted(map(int, rows)) == sorted(likeliest.tolist())
    assert "10 less likely classes not shown" in page.locator(".detail").inner_text()


def test_a_branch_of_flat_data_names_its_features(opened):
    net, X, y = other("table")
    net = ConvNetClassifier([Parallel([[Dense(4)], [Dense(3)]])], max_iter=1, random_state=0).fit(
        X, y
    )
    name = next(
        inner.name for info in net.layers_ for inner in info.walk() if inner.type == "Dense"
    )
    page = opened(net, X, y, n_max=1, fragment=f"#layer={name}")
    names = page.locator(".numbers tbody th").all_inner_texts()
    assert all(re.fullmatch(r"\[\d\]", text) for text in names), names


def test_the_value_is_not_read_out_while_it_plays(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:], n_max=1)
    assert page.locator(".facts output").get_attribute("aria-live") == "polite"
    page.locator(".controls").get_by_role("button", name="Play").click()
    sync_api.expect(page.locator(".facts output")).to_have_attribute("aria-live", "off")
    page.locator(".controls").get_by_role("button", name="Pause").click()
    sync_api.expect(page.locator(".facts output")).to_have_attribute("aria-live", "polite")


PHOTO = """(how) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 24});
  const context = canvas.getContext("2d");
  context.fillStyle = "rgb(200, 100, 50)";
  context.fillRect(0, 0, 40, 24);
  return new Promise((done) => canvas.toBlob((blob) => {
    const data = new DataTransfer();
    data.items.add(new File([blob], "a.png", {type: "image/png"}));
    const target = how === "paste" ? document : document.querySelector(".editor");
    const options = {bubbles: true, cancelable: true};
    const isLeft = target.dispatchEvent(how === "paste"
      ? new ClipboardEvent("paste", {clipboardData: data, ...options})
      : new DragEvent("drop", {dataTransfer: data, ...options}));
    done(isLeft ? "ignored" : "taken");
  }));
}"""


@pytest.mark.parametrize("how", ["drop", "paste", "choose"])
def test_a_photograph(opened, how, tmp_path):
    net, X, y = residual()
    page = opened(net, X, y)
    if how == "choose":
        image = pytest.importorskip("PIL.Image")
        image.new("RGB", (40, 24), (200, 100, 50)).save(tmp_path / "a.png")
        page.locator(".file input").set_input_files(tmp_path / "a.png")
    else:
        assert page.evaluate(PHOTO, how) == "taken"
    sync_api.expect(page.locator("header .answer")).to_contain_text("your image")
    found = np.reshape(page.evaluate("explorer.values()"), X[0].shape)
    np.testing.assert_allclose(found, np.broadcast_to([200, 100, 50], X[0].shape), atol=2)
    (tmp_path / "bad.png").write_bytes(b"no image")
    page.locator(".file input").set_input_files(tmp_path / "bad.png")
    sync_api.expect(page.locator(".editor [role=status]")).to_contain_text("cannot read")


def test_keyboard_alone(opened):
    net, X, y = digits()
    page = opened(net, X[600:], y[600:])
    page.locator(".thumbnail").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert state(page)["image"] == "1"
    page.locator("button.map").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = page.locator("button.map").nth(1).get_attribute("title")
    assert state(page).get("channel", "0") == second.rpartition(" ")[2]
    page.locator(".movable").focus()
    for key in ["ArrowUp", "ArrowLeft"] * 8 + ["ArrowRight", "ArrowDown", "ArrowDown"]:
        page.keyboard.press(key)
    assert (state(page)["row"], state(page)["column"]) == ("2", "1")
    # every control can be reached by the Tab key
    reachable = page.evaluate(
        "[...document.querySelectorAll('button, input, [role=application]')].every((node) => node.tabIndex >= 0)"
    )
    assert reachable


def test_weights_that_did_not_fit(opened, monkeypatch, tmp_path):
    """The page shows the layers before them, and says which are missing."""
    net, X, _ = residual()
    limit_weights(monkeypatch, net, X, tmp_path / "a.html", 8)  # conv1 and the body of residual1
    page = opened(net, X, text="did not fit")
    warning = page.locator(".warning").inner_text()
    assert warning.endswith(": residual1/shortcut, residual2/conv1, output.")
    assert page.locator(".strip .note").inner_text() == "23 more images did not fit on this page."
    sync_api.expect(page.locator('button.map[title^="residual1/batchnorm1, "]')).to_have_count(6)
    assert page.locator('button.map[title^="residual1, "]').count() == 0
    assert page.locator('button.map[title^="residual2"]').count() == 0
    page.locator(".prediction .column-head").click()
    assert page.locator(".detail").inner_text().count("not on this page") == 1
    page.locator('button.column-head[title^="residual2: "]').click()
    assert page.locator(".detail").inner_text().count("not on this page") == 1
    assert violations(page) == []


PASSES = """async () => {
  const image = explorer.values(), times = [];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    await explorer.predict(image);
    times.push(performance.now() - start);
  }
  return times;
}"""
CLICKS = """async () => {
  const times = [];
  for (const button of document.querySelectorAll("button.column-head")) {
    const start = performance.now();
    button.click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - start);
  }
  return times;
}"""


def test_times(opened, capsys):
    """Print how long the page takes; machines differ, so nothing is asserted."""
    X, y = colors(shape=(28, 28, 1))
    net = ConvNetClassifier("keraslab", max_iter=1, random_state=0).fit(X, y)
    page = opened(net, X, y)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    passes = page.evaluate(PASSES)
    clicks = page.evaluate(CLICKS)
    with capsys.disabled():
        print(
            f"\nexplorer, Keras lab net: first paint after {paint:.0f} ms, forward pass {np.median(passes):.1f} ms, "
            f"selecting a layer {np.median(clicks):.0f} ms (at most {max(clicks):.0f} ms)"
        )


def test_a_notebook(browser, tmp_path):
    """The page inside a frame without an origin of its own, as a notebook shows it."""
    net, X, y = digits()
    frame = net.explore(X[600:], y[600:], tmp_path / "page.html", n_max=3)._repr_html_()
    context = browser.new_context()
    page, messages = context.new_page(), []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.set_content(f"<!doctype html><title>notebook</title>{frame}")
    inside = page.frame_locator("iframe")
    inside.get_by_text("checked on 3 images").wait_for(timeout=WAIT)
    inside.locator(".thumbnail").nth(2).click()
    expected = str(net.predict(X[602:603])[0])
    sync_api.expect(inside.locator("header .answer b")).to_have_text(expected)
    assert messages == []
    context.close()
