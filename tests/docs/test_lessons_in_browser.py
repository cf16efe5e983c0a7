"""The lessons in headless Chromium: tours, the lab, and the comparison with a dense net."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from explorer_browser import CHROMIUM, WAIT, chromium, state, violations, wait_until
from explorer_pages import document_of
from lesson_pages import NAMES, build, digits

sync_api = pytest.importorskip("playwright.sync_api")
SIZES = {"phone": (360, 640), "laptop": (1280, 800), "large": (2560, 1440)}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the path of the page of each lesson."""
    folder = tmp_path_factory.mktemp("lessons")
    return {name: Path(build(name, folder / f"{name}.html").path) for name in NAMES}


@pytest.fixture
def opened(browser, written):
    """Return a function that opens a lesson. At the end nothing may stand on the console."""
    messages, requests, contexts = [], [], []

    def open_lesson(name, size="large", *, dark=False, fragment=""):
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
        page.goto(written[name].as_uri() + fragment)
        page.get_by_text("checked on").first.wait_for()
        return page

    yield open_lesson
    for context in contexts:
        context.close()
    assert messages == []
    assert {urlsplit(url).scheme for url in requests} <= {"file", "data", "blob"}


def title(page):
    return page.locator(".tour h2").inner_text()


def table(page, caption):
    """Return the numbers of a table of the lab."""
    rows = page.locator(f'table:has(caption:text-matches("^{caption},"))').locator("tr").all()
    texts = [row.locator("td").all_inner_texts() for row in rows]
    return [[float(text.replace("−", "-")) for text in row] for row in texts]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("size", "dark"), [("phone", True), ("large", False)])
def test_every_step(opened, written, name, size, dark):
    """Each step can be reached by the keyboard, is accessible, and its panel is outlined and visible."""
    steps = document_of(written[name])["lesson"]["steps"]
    page = opened(name, size, dark=dark)
    page.locator(".tour .next").focus()
    for i, step in enumerate(steps, 1):
        assert title(page) == step["title"] and state(page)["step"] == str(i)
        assert page.locator(".tour .note").inner_text() == f"Step {i} of {len(steps)}"
        looked = page.locator(".looked-at")
        assert looked.get_attribute("data-panel") == step["look"]
        if i > 1:
            wait_until(page, lambda panel=looked: _is_in_view(page, panel))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], step["title"]
        if i in (1, len(steps) - 1):
            assert violations(page) == [], step["title"]
        page.keyboard.press("ArrowRight")
    assert state(page)["step"] == str(len(steps))  # there is no step after the last one
    page.keyboard.press("ArrowLeft")
    assert state(page)["step"] == str(len(steps) - 1)
    page.keyboard.press("Escape")
    assert "step" not in state(page) and page.locator(".tour").count() == 0
    start = page.get_by_role("button", name="Start the guided tour")
    sync_api.expect(start).to_be_focused()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(".tour .next")).to_be_focused()
    assert state(page)["step"] == str(len(steps) - 1)
    for _ in range(2):  # Next, then Done
        page.keyboard.press("Enter")
    assert page.locator(".tour").count() == 0


def _is_in_view(page, panel):
    """Return whether a part of a panel is above the sheet of the tour, or beside its panel."""
    box, sheet = panel.bounding_box(), page.locator(".tour").bounding_box()
    is_below = sheet["width"] > 0.9 * page.viewport_size["width"]
    bottom = sheet["y"] if is_below else page.viewport_size["height"]
    return box["y"] < bottom - 50 and box["y"] + box["height"] > 50


def test_the_address_restores_a_step(opened, written):
    page = opened("edge", fragment="#step=8")
    assert title(page) == "Stride and pooling make maps smaller"
    assert table(page, "after max pooling") == [[0, 30, 0]] * 3
    page.get_by_label("average").check()
    page.get_by_label("pixel in row 0, column 0").fill("-2.5")
    page.get_by_label("kernel weight in row 2, column 2").fill("7")
    kept, maps = state(page), [table(page, name) for name in ("map", "after ReLU")]
    assert kept["pool"] == "avg" and kept["relu"] == "1" and kept["step"] == "8"
    page.reload()
    page.get_by_text("checked on").wait_for()
    assert state(page) == kept
    assert [table(page, name) for name in ("map", "after ReLU")] == maps
    assert page.get_by_label("pixel in row 0, column 0").input_value() == "-2.5"
    page.goto(written["edge"].as_uri() + "#layer=conv1&step=99")  # in the page that is open
    wait_until(page, lambda: state(page).get("step") == "10")
    page.goto(written["edge"].as_uri() + "#layer=conv1&row=0&padding=2")
    wait_until(page, lambda: page.locator(".tour").count() == 0)
    assert len(table(page, "map")) == 8 and state(page)["row"] == "0"


@pytest.mark.parametrize("fragment", ["x", "step=0", "stride=2&padding=1"])
def test_an_address_without_a_step_shows_the_lab(opened, fragment):
    page = opened("edge", fragment=f"#{fragment}")
    assert page.locator(".tour").count() == 0
    assert len(table(page, "map")) == (3 if "stride" in fragment else 4)


def test_what_a_step_is_about_is_visible(opened):
    """The map of a step of the lab beside the panel of the tour, and the products on a telephone."""
    page = opened("edge", "laptop", fragment="#step=8")
    pooled = page.locator('table:has(caption:text-matches("^after max pooling,"))')
    wait_until(page, lambda: _is_inside(page, pooled))
    page = opened("digit", "phone", fragment="#step=6")
    assert _is_inside(page, page.locator(".numbers thead th").last, "x", "width")


def _is_inside(page, part, start="y", length="height"):
    box = part.bounding_box()
    return box[start] >= 0 and box[start] + box[length] <= page.viewport_size[length]


def test_the_lab(opened):
    """The numbers of the page follow what is changed; `explorer/tests` has more of them."""
    page = opened("edge")
    assert table(page, "map") == [[0, 30, 30, 0]] * 4
    page.get_by_role("radiogroup").or_(page.locator("fieldset")).filter(
        has_text="padding"
    ).get_by_label("1").check()
    assert table(page, "map")[1:5] == [[-30, 0, 30, 30, 0, 0]] * 4
    assert table(page, "map")[0] == table(page, "map")[5] == [-20, 0, 20, 20, 0, 0]
    page.get_by_label("ReLU").check()
    page.get_by_label("maximum").check()
    assert table(page, "after max pooling") == [[0, 30, 0]] * 3
    page.locator(".thumbnail").nth(2).click()  # mirrored
    assert table(page, "after max pooling") == [[0, 0, 30]] * 3
    page.get_by_role("button", name="after max pooling, row 1, column 2: 30").click()
    assert state(page)["layer"] == "pool1"
    assert page.locator(".facts .value").inner_text() == "pool1[1, 2, 0] = 30"
    page.get_by_label("none").check()  # the selected layer is no longer there
    assert state(page)["layer"] == "conv1"
    page.get_by_role("button", name="horizontal edge").click()
    assert page.get_by_label("kernel weight in row 2, column 0").input_value() == "-1"
    assert table(page, "map")[2] == [0] * 6
    pixel = page.get_by_label("pixel in row 5, column 5")
    pixel.select_text()
    pixel.press_sequentially("-1.05")
    assert "-1.05" in state(page)["pixels"]
    pixel.fill("")  # changes nothing
    page.keyboard.press("Tab")
    assert pixel.input_value() == "-1.05"
    cells = page.locator(".lab-grid").first.locator("td.marked")
    assert cells.count() == 9  # what the selected value reads
    assert violations(page) == []


def test_the_costs(opened):
    net, _, _ = digits()
    page = opened("digit", fragment="#layer=conv1")
    assert page.locator(".tour").count() == 0
    tables = page.locator(".costs table").all()
    totals = [t.locator("tr").last.locator("td").all_inner_texts() for t in tables]
    plan = net._network().plan
    expected = plan.n_parameters, sum(info.multiply_adds for info in plan.layers)
    assert [own for own, _ in totals] == [f"{n:,}" for n in expected]
    dense = 784 * 1152 + 1152 + 288 * 400 + 400 + 1010
    assert totals[0][1] == f"{dense:,}"
    times = f"{float(f'{dense / 1138:.3g}'):,.0f} times as many parameters"
    assert times in page.locator(".costs").inner_text()


def test_a_step_shows_the_strongest_channel(opened):
    """Also after a step with another image, whose maps are computed first."""
    page = opened("digit")
    page.locator(".tour .next").click()
    wait_until(page, lambda: state(page)["layer"] == "conv1" and "row" in state(page))
    first = state(page)
    for _ in range(7):
        page.locator(".tour .next").click()
    assert state(page)["image"] != "0"
    page.locator(".tour .next").click()
    wait_until(page, lambda: state(page).get("row") == first["row"])
    names = ("layer", "channel", "row", "column")
    assert [state(page).get(n) for n in names] == [first.get(n) for n in names]
    prediction = page.locator(".tour-answer b").inner_text()
    assert prediction == page.locator("header .answer b").inner_text() == "7"
