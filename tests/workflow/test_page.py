"""The page of a dataset in a real browser: looked at, scrolled, searched, with the mouse and with keys alone."""

import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from browser import POLL, Browser
from builders import arrays_of, described, put_pair
from dataset_files import write_dataset
from project import PROJECT, copy_project, rows_of, snakemake

AXE = "axe-core@4.14.1"
NAMES = {label: f"digit <{label}>" for label in range(10)} | {7: "seven" * 20}
COPIES = 5  # of the first training image, at the end of the split
BLANK = 3  # after them
BROKEN = 999  # whose file is empty in some results
PART = [400, 700]  # rows of the training images
DRAWN = """const picture = document.querySelector("#picture > *");
    const all = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height).data;
    return Array.from(all.filter((_, place) => place % 4 === 0));"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a dataset, under two names, that has duplicate and blank images: the sample's, and some more."""
    project = copy_project(tmp_path_factory.mktemp("browse"))
    splits: dict[str, Any] = {"validation": {"from": "train", "rows": PART}}
    for split, stem in (("train", "train"), ("test", "t10k")):
        images, labels = arrays_of(PROJECT / "datasets/mnist-sample", stem)
        if split == "train":
            images = numpy.concatenate([images, images[[0] * COPIES], numpy.full((BLANK, 28, 28), 7, numpy.uint8)])
            labels = numpy.concatenate([labels, labels[[0] * COPIES], numpy.zeros(BLANK, numpy.uint8)])
            first = images[:1]
        else:
            images, labels = numpy.concatenate([images, first]), numpy.append(labels, numpy.uint8(5))
        names = f"{split}-images", f"{split}-labels"
        put_pair(project, images, labels, names)
        splits[split] = described(len(images), (28, 28), *names)
    for name in ("digits", "some"):
        write_dataset(
            project / f"{name}.yaml", title="Digits & more", splits=splits, classes=NAMES, mirrors=[str(project)]
        )
    return project


@pytest.fixture(scope="module")
def folder(project: Path) -> Path:
    """The results of the whole dataset."""
    snakemake(project, "--cores", "2", "all", "--config", "datasets=digits.yaml")
    return project / "results/digits"


@pytest.fixture(scope="module")
def some(project: Path) -> Path:
    """The results of two of its classes, and of a part of a split."""
    asked = ("datasets=some.yaml", "classes=[3,5]", "splits=[train,validation]")
    snakemake(project, "--cores", "2", "all", "--config", *asked)
    return project / "results/some"


class Page(Browser):
    """The page of a dataset."""

    def open(self, page: Path | str, count: str = "1,008") -> None:
        super().open(page)
        self.find("//h1[.='Digits & more']")
        self.click(f"train ({count})")

    def text(self, name: str) -> str:
        return self.driver.find_element(By.ID, name).text

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.driver, 10, POLL).until(lambda _: condition())

    def enlarged(self, title: str, pixels: numpy.ndarray | None) -> None:
        """An image is enlarged, with these pixels as numbers; None when the page cannot read them."""
        self.wait(lambda: self.text("image-title") == title and self.text("fact-digest"))
        if pixels is None:
            self.wait(lambda: self.text("digest-check") == "from the manifest")
            assert self.driver.find_element(By.ID, "unread").is_displayed()
        else:
            self.wait(lambda: self.text("digest-check").startswith("✓"))
            assert self.text("fact-digest") == hashlib.sha256(pixels.tobytes()).hexdigest()
            assert self.text("matrix").split() == list(map(str, pixels.ravel().tolist()))
            assert self.driver.execute_script(DRAWN) == pixels.ravel().tolist(), "the picture is of these pixels"
            assert not self.driver.find_element(By.ID, "unread").is_displayed()

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def choose(self, name: str, value: str) -> None:
        Select(self.driver.find_element(By.ID, name)).select_by_value(value)

    def cells(self) -> list[str]:
        """The images in sight, each as its caption, all loaded."""
        script = """return Array.from(document.querySelectorAll('[role=gridcell]'), cell => {
            const image = cell.querySelector('img');
            return [cell.textContent, !image || image.complete && image.naturalWidth > 0];
        })"""
        self.wait(lambda: all(loaded for _, loaded in self.driver.execute_script(script)))
        return [text for text, _ in self.driver.execute_script(script)]

    def scrolled(self) -> set[str]:
        """All images of the list, each as its caption, all loaded when they were in sight."""
        seen = set(self.cells())
        for top in range(0, 10_000, 400):
            self.driver.execute_script(f"document.getElementById('grid').scrollTop = {top}")
            self.wait(
                lambda: self.driver.execute_script(
                    "return new Promise(done => requestAnimationFrame(() => done(true)))"
                )
            )
            cells = self.cells()
            assert len(cells) < 300
            seen |= set(cells)
        return seen

    def jump(self, index: int) -> None:
        box = self.driver.find_element(By.ID, "index")
        box.clear()
        box.send_keys(str(index), Keys.ENTER)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = Page(tmp_path_factory.mktemp("chromium"))
    yield page
    page.driver.quit()


@pytest.fixture
def page(browser: Page, folder: Path) -> Page:
    browser.open(folder / "index.html")
    return browser


@contextmanager
def serving(
    folder: Path, handler: type[http.server.SimpleHTTPRequestHandler] = http.server.SimpleHTTPRequestHandler
) -> Iterator[str]:
    """A page over HTTP, as the page itself says how."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


@pytest.fixture
def altered(folder: Path, tmp_path: Path) -> Path:
    """The results with sevens in place of the first ones, without the very first image, and with an empty file."""
    copied = shutil.copytree(folder, tmp_path / "altered")
    for index in ("0003", "0006"):
        shutil.copy(copied / "png/train/7/0015.png", copied / f"png/train/1/{index}.png")
    (copied / "png/train/5/0000.png").unlink()
    next(copied.glob(f"png/train/*/{BROKEN:04}.png")).write_bytes(b"")
    return copied


def pixels(folder: Path, path: str) -> numpy.ndarray:
    with Image.open(folder / "png" / path) as image:
        return numpy.asarray(image)


def test_clicking_an_image_enlarges_it_and_shows_its_pixel_values(page: Page, folder: Path) -> None:
    page.find("//button[@aria-label='image 0, class 5 digit <5>']").click()
    page.enlarged("Image 0 of train", pixels(folder, "train/5/0000.png"))
    assert (page.text("fact-label"), page.text("fact-class")) == ("5", "digit <5>")
    assert page.text("fact-path") == "png/train/5/0000.png"
    page.press(Keys.ARROW_RIGHT)
    page.enlarged("Image 11 of train", pixels(folder, "train/5/0011.png"))
    page.press(Keys.ESCAPE)
    assert not page.driver.find_element(By.ID, "image").is_displayed()
    page.check()


def test_scrolling_shows_all_images_of_a_split_and_keeps_few_in_the_document(page: Page) -> None:
    assert page.text("status") == "1,008 images"
    assert page.cells()[:3] == ["5 · 0", "0 · 1", "4 · 2"]
    assert len(page.scrolled()) == 1008
    page.click("test (201)")
    assert page.text("status") == "201 images"
    assert page.cells()[0] == "7 · 0"
    page.check()


def test_the_search_finds_a_class_and_an_index(page: Page, folder: Path) -> None:
    page.choose("class", "3")
    assert page.text("status") == "93 images of class 3 digit <3>"
    assert {text[0] for text in page.cells()} == {"3"}
    page.jump(500)
    assert page.text("status").startswith("at image 500, class 3")
    page.jump(0)
    assert page.text("status").startswith("at image 0, class 5"), "of another class, and so of all images"
    assert page.driver.find_element(By.ID, "class").get_attribute("value") == ""
    page.check()


def test_a_part_of_a_split_has_a_place_only_where_it_is_asked_for(page: Page) -> None:
    buttons = page.driver.find_elements(By.CSS_SELECTOR, "#split-choice button")
    assert [button.text for button in buttons] == ["test (201)", "train (1,008)"]


def test_a_page_of_some_classes_and_rows_shows_what_was_made(browser: Page, some: Path) -> None:
    made = {split: rows_of(some / f"manifest/{split}.csv") for split in ("train", "validation")}
    browser.open(some / "index.html", str(len(made["train"])))
    for split, rows in made.items():
        browser.click(f"{split} ({len(rows)})")
        assert browser.text("status") == f"{len(rows)} images"
        assert browser.scrolled() == {f"{row['label']} · {row['index']}" for row in rows}
        for row in (rows[0], rows[len(rows) // 2], rows[-1]):
            browser.jump(int(row["index"]))
            assert browser.driver.find_element(By.CSS_SELECTOR, ".active").text == f"{row['label']} · {row['index']}"
            browser.press(Keys.ENTER)
            browser.enlarged(f"Image {row['index']} of {split}", pixels(some, row["path"]) if row is rows[0] else None)
            assert browser.text("fact-path") == f"png/{row['path']}"
            assert browser.text("fact-digest") == row["sha256"]
            assert browser.text("fact-place") == f"{split}, {row['index']} ({rows[0]['index']} to {rows[-1]['index']})"
            browser.press(Keys.ESCAPE)
    left_out = int(rows[0]["index"]) + 1
    assert all(int(row["index"]) != left_out for row in rows)
    browser.jump(left_out)
    assert browser.text("status") == f"image {left_out} was not made"
    assert browser.driver.find_element(By.CSS_SELECTOR, ".active").text == f"{rows[-1]['label']} · {rows[-1]['index']}"
    browser.choose("view", "blank")
    assert browser.text("status") == "0 blank images"
    browser.choose("view", "across")
    browser.find("//div[@id='groups']//button").click()
    browser.enlarged(f"Image {rows[0]['index']} of train", None)
    browser.press(Keys.ARROW_RIGHT)
    browser.enlarged(f"Image {rows[0]['index']} of validation", pixels(some, rows[0]["path"]))
    browser.check()


def test_keys_alone_lead_to_any_image(page: Page) -> None:
    page.jump(500)
    page.press(Keys.ARROW_RIGHT, Keys.ENTER)
    page.enlarged("Image 501 of train", None)
    page.press(Keys.ARROW_LEFT, Keys.ESCAPE, Keys.END)
    assert page.driver.find_element(By.CSS_SELECTOR, ".active").text == "0 · 1007"
    page.press(Keys.ENTER)
    page.enlarged("Image 1007 of train", None)
    assert page.driver.find_element(By.ID, "next").get_attribute("aria-disabled") == "true"
    page.press(Keys.ESCAPE, Keys.HOME, Keys.PAGE_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.PAGE_UP)
    assert page.driver.find_element(By.CSS_SELECTOR, ".active").text == "5 · 0"
    page.check()


def test_numbers_of_a_file_are_read_where_its_folder_is_chosen(page: Page, folder: Path) -> None:
    page.jump(999)
    page.press(Keys.ENTER)
    page.enlarged("Image 999 of train", None)
    label = page.text("fact-label")
    page.driver.find_element(By.ID, "folder").send_keys(str(folder / "png/train" / label))
    page.enlarged("Image 999 of train", pixels(folder, f"train/{label}/0999.png"))


def test_numbers_of_every_file_are_read_over_http(browser: Page, folder: Path, served: str) -> None:
    browser.open(served)
    browser.jump(999)
    browser.press(Keys.ENTER)
    (path,) = (folder / "png/train").glob("*/0999.png")
    browser.enlarged("Image 999 of train", pixels(folder, f"train/{path.parent.name}/{path.name}"))


def test_the_digest_is_that_of_the_picture_shown(browser: Page, folder: Path, altered: Path) -> None:
    published, seven = (pixels(folder, path) for path in ("train/1/0003.png", "train/7/0015.png"))
    with serving(altered) as address:
        browser.open(address)
        browser.jump(3)
        browser.press(Keys.ENTER)
        browser.wait(lambda: browser.text("digest-check").startswith("✗ the manifest has"))
        assert browser.text("fact-digest") == hashlib.sha256(seven.tobytes()).hexdigest()
        assert browser.driver.execute_script(DRAWN) == seven.ravel().tolist()
    browser.open(altered / "index.html")
    browser.jump(3)
    browser.press(Keys.ENTER)
    browser.enlarged("Image 3 of train", published)
    assert browser.text("digest-check") == "✓ computed here from the copy in this page, as in the manifest"
    browser.driver.find_element(By.ID, "folder").send_keys(str(altered / "png/train/1"))
    browser.wait(lambda: browser.text("digest-check").startswith("✗ the manifest has"))


def test_only_a_file_that_is_missing_is_shown_as_missing(browser: Page, altered: Path) -> None:
    missing = """return Array.from(document.querySelectorAll("[role=gridcell]:has(img[alt=missing])"))
        .filter(cell => !cell.querySelector("img").naturalWidth).map(cell => cell.textContent)"""
    with serving(altered) as address:
        for page in (altered / "index.html", address):
            browser.open(page)
            browser.wait(lambda: browser.driver.execute_script(missing) == ["5 · 0"])
            assert "Some or all PNG files are not beside this page" in browser.find("//p[@id='absent']").text
            browser.click("test (201)")
            assert browser.text("status") == "201 images"
            assert browser.cells()[0] == "7 · 0"
            assert browser.driver.execute_script(missing) == []
        browser.click("train (1,008)")
        browser.jump(BROKEN)
        browser.press(Keys.ENTER)
        browser.wait(lambda: browser.text("digest-check") == "from the manifest")
        assert not browser.driver.find_element(By.ID, "unread").is_displayed(), "nothing is opened from disk"
        assert browser.driver.execute_script("return document.querySelector('#picture img').alt") == "missing"


def test_a_fast_scroll_over_http_asks_only_for_the_pictures_in_sight(browser: Page, folder: Path) -> None:
    asked = []

    class Counting(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

    with serving(folder, Counting) as address:
        browser.open(address)
        browser.cells()
        asked.clear()
        passed = browser.driver.execute_async_script("""
            const done = arguments[0], grid = document.getElementById("grid"), passed = new Set();
            function scroll(top) {
              grid.scrollTop = top;
              for (const cell of document.querySelectorAll("[role=gridcell]")) passed.add(cell.id);
              if (top < grid.scrollHeight) requestAnimationFrame(() => scroll(top + 200));
              else done(passed.size);
            }
            scroll(0);""")
        browser.wait(lambda: "0 · 1007" in browser.cells())
        in_sight = len(browser.cells())
    assert passed > 2 * in_sight, "rows were passed"
    assert len([path for path in asked if path.endswith(".png")]) <= in_sight


def test_duplicates_and_blank_images_are_views_of_their_own(page: Page, folder: Path) -> None:
    assert page.driver.find_element(By.ID, "jump").is_displayed()
    page.choose("view", "blank")
    assert not page.driver.find_element(By.ID, "jump").is_displayed(), "an index is one of all images"
    assert page.text("status") == "3 blank images"
    assert page.cells() == ["0 · 1005", "0 · 1006", "0 · 1007"]
    page.choose("view", "within")
    assert page.text("status") == "2 groups of images with the same pixels"
    assert page.text("groups").split("\n")[:6] == [f"5 · {index} train" for index in (0, *range(1000, 1005))]
    page.choose("view", "across")
    assert page.text("status") == "1 group of images with the same pixels"
    page.find("//div[@id='groups']//button[contains(@aria-label, 'image 200')]").click()
    page.enlarged("Image 200 of test", None)
    page.check()


def test_without_javascript_the_page_shows_only_what_needs_none(browser: Page, folder: Path) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        Browser.open(browser, folder / "index.html")
        assert "The numbers are below" in browser.find("//p[@class='note']").text
        shown = browser.driver.find_element(By.TAG_NAME, "body").text
        links = browser.driver.find_element(By.TAG_NAME, "nav").text
        controls = browser.driver.find_elements(By.CSS_SELECTOR, "button, select, input, table, svg, [tabindex]")
        names = [control.tag_name for control in controls if control.is_displayed()]
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert links.split() == ["Pixels", "Splits", "Files", "License"]
    assert [
        word for word in ("Choose an image", "Classes", "Index", "Arrow keys", "first images") if word in shown
    ] == []
    assert [
        word for word in ("1,209 images", "Splits in numbers", "The scale is logarithmic") if word not in shown
    ] == []
    assert names == ["svg", "svg", "div", "table", "div", "table"]


def test_the_page_by_itself_still_shows_what_is_part_of_it(browser: Page, folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "index.html", tmp_path)
    browser.open(tmp_path / "index.html")
    assert "PNG files are not beside this page" in browser.find("//p[@id='absent']").text
    browser.find("//button[@aria-label='image 0, class 5 digit <5>']").click()
    browser.wait(lambda: browser.text("digest-check") == "computed here")
    assert browser.text("fact-digest") == hashlib.sha256(pixels(folder, "train/5/0000.png").tobytes()).hexdigest()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, which finds barriers in a page."""
    if not shutil.which("npm"):
        pytest.skip("needs npm for axe-core: apt install npm")
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(["npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", folder, AXE], check=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390], ids=["desktop", "phone"])
def test_the_page_has_no_accessibility_violations(page: Page, axe: str, scheme: str, width: int) -> None:
    driver = page.driver
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    device = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    driver.execute_script(axe)

    def barriers() -> list[str]:
        found = driver.execute_async_script(
            "axe.run({resultTypes: ['violations']}).then(arguments[arguments.length - 1])"
        )
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]

    try:
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width, "nothing sticks out"
        assert barriers() == []
        page.choose("view", "within")
        assert barriers() == []
        page.find("//div[@class='group']//button").click()
        page.wait(lambda: page.text("fact-digest"))
        assert barriers() == []
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
