"""Explanations as overlays, in headless Chromium. Each page is opened once for all tests of this file."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from explorer_browser import CHROMIUM, WAIT, chromium, state, violations, wait_until
from explorer_pages import KINDS, digits, limit_weights, other, residual
from sklearn.base import clone

sync_api = pytest.importorskip("playwright.sync_api")

NETS = {
    "plain": digits,
    "residual": residual,
    **{kind: partial(other, kind) for kind in KINDS if kind not in ("one pixel", "tall")},
    "one pixel in color": partial(other, "one pixel in color"),
}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Return a function that opens the page of a net at a fragment, and writes it when it is first asked for.

    At the end nothing may stand on the console.
    """
    folder, pages, messages = tmp_path_factory.mktemp("overlays"), {}, []
    with chromium() as browser:

        def open_page(name, fragment="", size=(1280, 800), dark=False, **options):
            key = (name, *options)
            if key not in pages:
                net, X, y = NETS[name]()
                path = folder / f"{len(pages)}.html"
                net.explore(X, y, path, n_max=4, **options)
                context = browser.new_context()
                context.set_default_timeout(WAIT)
                page = context.new_page()
                page.on("console", lambda message: messages.append(message.text))
                page.on("pageerror", lambda error: messages.append(str(error)))
                pages[key] = page, path.as_uri()
            page, address = pages[key]
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.emulate_media(color_scheme="dark" if dark else "light")
            page.goto("about:blank")
            page.goto(address + fragment)
            page.wait_for_function("() => globalThis.explorer")
            return page

        yield open_page
    assert messages == []


def caption(page):
    """Return what says which map is shown and where it is strongest."""
    return page.locator(".strongest")


def explained(page, method, target, image):
    return page.evaluate(
        "([method, target, image]) => explorer.explain(method, target, image)",
        [method, target, np.ravel(image).tolist()],
    )


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("table", "saliency"),
        *product([name for name in NETS if name != "table"], ["gradcam", "saliency"]),
    ],
)
def test_the_page_computes_what_explain_does(opened, name, method):
    net, X, _ = NETS[name]()
    page = opened(name)
    classes = list(
        getattr(net, "classes_", range(net.n_outputs_ if hasattr(net, "n_outputs_") else 0))
    )
    for row in range(3):
        for target in [None, *range(len(classes))[:3]]:
            if target is None and name == "regressor of two":
                continue
            label = None if target is None else classes[target]
            expected = net.explain(X[row : row + 1], method, label)[0]
            found = explained(page, method, target, X[row])
            assert target is None or found["target"] == target
            tolerance = 1e-4 * np.abs(expected).max()
            np.testing.assert_allclose(found["values"], np.ravel(expected), rtol=0, atol=tolerance)


def strongest(values):
    row, column = np.unravel_index(values.argmax(), values.shape)
    return f"strongest at row {row}, column {column}: {values.max():.4g}"


def test_an_overlay_follows_the_class_and_the_image(opened):
    net, X, _ = digits()
    page = opened("plain", "#image=3")
    assert page.locator(".explained").count() == 0 and "o" not in state(page)
    page.get_by_role("radio", name="Grad-CAM").check()
    predicted = net.predict(X[3:4])[0]
    expected = f"Grad-CAM for class {predicted}; {strongest(net.explain(X[3:4])[0])}"
    sync_api.expect(caption(page)).to_have_text(expected)
    picture = page.locator(".explained [role=img]").first
    assert picture.get_attribute("aria-label") == expected
    page.locator(".explained select").select_option("7")
    found = net.explain(X[3:4], target=7)[0]
    sync_api.expect(caption(page)).to_have_text(f"Grad-CAM for class 7; {strongest(found)}")
    legend = page.locator(".ticks span").all_inner_texts()
    np.testing.assert_allclose([float(t) for t in legend], [0, found.max() / 2, found.max()], rtol=1e-3)  # fmt: skip
    assert (state(page)["o"], state(page)["class"]) == ("gradcam", "7")
    page.locator(".sliders label", has_text="shift right").locator("input").fill("2")
    shifted = np.pad(X[3:4], ((0, 0), (0, 0), (2, 0)))[..., :8]
    text = f"Grad-CAM for class 7; {strongest(net.explain(shifted, target=7)[0])}"
    sync_api.expect(caption(page)).to_have_text(text)
    page.reload()
    sync_api.expect(caption(page)).to_have_text(text)
    assert page.locator(".outdated").count() == 0


def test_the_picture_shows_the_map(opened):
    """The mean color of a pixel is that of the scale, at full opacity; that of the image at none."""
    net, X, _ = digits()
    page = opened("plain", "#o=saliency&image=1&opacity=1")
    sync_api.expect(caption(page)).to_contain_text("Saliency for class")
    read = """(canvas) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext("2d", {willReadFrequently: true});
      context.drawImage(canvas, 0, 0);
      return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
    }"""
    canvas = page.locator(".explained canvas")

    def middles():
        side = canvas.evaluate("(canvas) => canvas.width")
        pixels = np.reshape(canvas.evaluate(read), (side, side, 4))
        step = side // 8
        return pixels[step // 2 :: step, step // 2 :: step, :3]

    values = net.explain(X[1:2], "saliency")[0]
    colors = middles()
    low, high = np.unravel_index(values.argmin(), (8, 8)), np.unravel_index(values.argmax(), (8, 8))
    np.testing.assert_allclose(colors[high], [255, 234, 70], atol=1)  # the end of the scale
    assert colors[low][0] < colors[high][0]
    page.get_by_role("slider", name="opacity").fill("0")
    assert state(page)["opacity"] == "0"
    np.testing.assert_allclose(middles(), np.repeat(X[1][..., None], 3, -1), atol=1)


def test_a_pixel_in_color_has_one_value(opened):
    net, X, _ = other("one pixel in color")
    page = opened("one pixel in color", "#o=saliency&class=1")
    expected = strongest(net.explain(X[:1], "saliency", 1)[0])
    sync_api.expect(caption(page)).to_have_text(f"Saliency for class 1; {expected}")


def test_maps_of_convnet_belong_to_the_given_images(opened):
    net, X, _ = digits()
    page = opened("plain", "#image=2&o=integrated_gradients", explain=True)
    values = net.explain(X[2:3], "integrated_gradients")[0]
    row, column = np.unravel_index(np.abs(values).argmax(), values.shape)
    start = f"Integrated gradients for class {net.predict(X[2:3])[0]}; strongest at row {row}, column {column}: "
    sync_api.expect(caption(page)).to_contain_text(start)
    shown = caption(page).inner_text().removeprefix(start).replace("−", "-")
    np.testing.assert_allclose(float(shown), values[row, column], rtol=1e-3)
    assert page.locator(".explained select").count() == 0  # it was computed for one class
    assert page.locator(".outdated").count() == 0
    page.locator(".sliders label", has_text="shift down").locator("input").fill("1")
    sync_api.expect(page.locator(".outdated")).to_contain_text("belongs to image 2 as it was given")
    page.get_by_role("radio", name="Saliency").check()
    sync_api.expect(caption(page)).to_contain_text("Saliency for class")
    assert page.locator(".outdated").count() == 0
    page = opened("plain", "#o=occlusion")
    sync_api.expect(page.locator(".explanation")).to_contain_text("explain=True")


def test_an_overlay_is_that_of_the_epoch(opened):
    """The page explains with the weights of the epoch that is shown; maps of convnet are those of the finished net."""
    net, X, y = digits()
    early = clone(net).set_params(max_iter=1).fit(X[:600], y[:600])
    page = opened("plain", "#image=3&o=gradcam&class=7&epoch=1", checkpoints=[early], explain=True)
    for at, of_epoch in (("0", early), ("1", net)):
        page.get_by_role("slider", name="weights").fill(at)
        found = of_epoch.explain(X[3:4], target=7)[0]
        sync_api.expect(caption(page)).to_have_text(f"Grad-CAM for class 7; {strongest(found)}")
        assert explained(page, "saliency", 7, X[3])["values"] == pytest.approx(
            of_epoch.explain(X[3:4], "saliency", 7).ravel().tolist(), rel=1e-3, abs=1e-6
        )
    page.get_by_role("radio", name="Occlusion").check()
    sync_api.expect(caption(page)).to_contain_text("Occlusion for class")
    assert page.locator(".outdated").count() == 0
    page.get_by_role("slider", name="weights").fill("0")
    sync_api.expect(page.locator(".outdated")).to_contain_text("belongs to the finished net")


COUNTS = """
  globalThis.counts = {waiting: 0, most: 0, done: 0};
  globalThis.Worker = class extends Worker {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({data}) => {
        if (data === "ready") return;
        counts.waiting -= 1;
        counts.done += 1;
      });
    }
    postMessage(message) {
      if ("id" in message) counts.most = Math.max(counts.most, ++counts.waiting);
      super.postMessage(message);
    }
  };
"""


def test_pictures_of_the_camera_are_explained_one_at_a_time(opened, monkeypatch):
    monkeypatch.setitem(NETS, "camera", digits)
    page = opened("camera")
    page.add_init_script(COUNTS)
    page = opened("camera", "#o=saliency&class=4")
    page.get_by_text("checked on").wait_for()
    page.evaluate("counts.most = counts.waiting; counts.done = 0")
    page.get_by_role("button", name="Use the camera").click()
    wait_until(page, lambda: page.evaluate("counts.done") > 5)
    assert page.evaluate("counts.most") == 1
    page.get_by_role("button", name="Stop the camera").click()
    page.get_by_role("button", name="Use the camera").wait_for()
    page.evaluate("explorer.settled()")
    net, X, _ = digits()
    image = np.reshape(page.evaluate("explorer.values()"), X[:1].shape).astype(np.uint8)
    largest = net.explain(image, "saliency", 4).max()
    sync_api.expect(caption(page)).to_contain_text("Saliency for class 4; strongest at row ")
    found = float(caption(page).inner_text().rsplit(": ")[1])
    np.testing.assert_allclose(found, largest, rtol=1e-3)


def test_a_method_that_is_not_defined_says_why(opened):
    page = opened("table", "#o=gradcam", explain=True)
    reason = "Grad-CAM has no map here: gradcam needs a layer that returns maps"
    sync_api.expect(page.locator(".explanation")).to_contain_text(reason)
    net, X, _ = other("table")
    for method in ("Saliency", "Integrated gradients", "Occlusion"):
        page.get_by_role("radio", name=method).check()
        values = net.explain(X[:1], method.lower().replace(" ", "_"))[0]
        best = np.abs(values).argmax()
        sync_api.expect(caption(page)).to_contain_text(f"strongest at feature {best}: ")
        names = page.locator(".features .unit-name").all_inner_texts()
        assert names[0] == f"feature {best}" and len(names) == 9


def test_the_outputs_of_a_regressor_can_be_chosen(opened):
    net, X, _ = other("regressor of two")
    page = opened("regressor of two", "#o=saliency&class=1")
    text = f"Saliency for output 1; {strongest(net.explain(X[:1], 'saliency', 1)[0])}"
    sync_api.expect(caption(page)).to_have_text(text)
    assert "in units of y per unit of X" in page.locator(".legend").inner_text()
    page = opened("regressor", "#o=gradcam")
    sync_api.expect(caption(page)).to_contain_text("Grad-CAM for the output; ")
    assert page.locator(".explained select").count() == 0


def test_the_keyboard_chooses(opened):
    page = opened("residual", "#o=gradcam&class=99&opacity=x")  # what does not exist is ignored
    sync_api.expect(caption(page)).to_contain_text("Grad-CAM for class")
    assert state(page)["o"] == "gradcam" and not {"class", "opacity"} & set(state(page))
    page.get_by_role("radio", name="Grad-CAM").focus()
    page.keyboard.press("ArrowRight")
    sync_api.expect(caption(page)).to_contain_text("Saliency for class")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    sync_api.expect(caption(page)).to_contain_text("Saliency for class dog")
    assert state(page)["class"] == "1"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert state(page)["opacity"] == "0.65"


@pytest.mark.parametrize(
    ("name", "fragment", "size", "dark"),
    [
        ("plain", "#o=gradcam", (360, 640), False),
        ("plain", "#o=occlusion", (2560, 1440), True),
        ("residual", "#o=saliency", (360, 640), True),
        ("signal", "#o=integrated_gradients", (360, 640), False),
        ("table", "#o=saliency", (1280, 800), True),
    ],
)
def test_an_overlay_is_accessible(opened, name, fragment, size, dark):
    page = opened(name, fragment, size, dark, explain=True)
    sync_api.expect(caption(page)).to_contain_text("strongest at")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_without_all_weights_the_maps_are_those_of_convnet(opened, monkeypatch, tmp_path):
    net, X, y = residual()
    limit_weights(monkeypatch, net, X, tmp_path / "a.html", 0, y)
    monkeypatch.setitem(NETS, "left out", residual)
    page = opened("left out", "#o=gradcam")
    values = net.explain(X[:1])[0]
    name = net.predict(X[:1])[0]
    sync_api.expect(caption(page)).to_contain_text(f"Grad-CAM for class {name}; strongest at row ")
    assert page.locator(".explained select").count() == 0
    assert f"{values.max():.4g}" in caption(page).inner_text()


def test_without_a_worker(opened, monkeypatch):
    monkeypatch.setitem(NETS, "no worker", digits)
    page = opened("no worker")
    page.add_init_script("globalThis.Worker = undefined")
    page = opened("no worker", "#o=gradcam&class=4")
    net, X, _ = digits()
    expected = f"Grad-CAM for class 4; {strongest(net.explain(X[:1], target=4)[0])}"
    sync_api.expect(caption(page)).to_have_text(expected)
    assert "without a worker" in page.locator(".status").inner_text()


def test_a_map_of_zeros(opened):
    net, X, _ = other("multilabel")
    zero = [k for k in range(4) if not net.explain(X[:1], target=k).any()]
    page = opened("multilabel", f"#o=gradcam&class={zero[0]}")
    sync_api.expect(caption(page)).to_have_text(f"Grad-CAM for class {zero[0]}; it is 0 everywhere")
    assert page.locator(".legend").count() == 0
    assert page.locator("option").first.inner_text() == "the likeliest class"
