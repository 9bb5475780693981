"""Snakemake's report of a run, opened in a real browser as someone does who has never seen the project."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from project import copy_project, snakemake

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1000",
]
LOCAL = ("file:", "data:", "blob:", "about:")


class Browser:
    """Headless Chromium on one page, and all that it was asked to load since."""

    def __init__(self, folder: Path) -> None:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        driver = shutil.which("chromedriver")
        if chromium is None or driver is None:
            pytest.skip("needs Chromium and its driver: apt install chromium chromium-driver")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for option in (*OPTIONS, f"--user-data-dir={folder}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(driver))

    def open(self, page: Path) -> None:
        self.driver.get("about:blank")
        self.driver.get_log("performance")  # of the browser's own start page, which is none of ours
        self.driver.get(page.as_uri())
        self.find("//h1[contains(., 'From IDX files')]")

    def find(self, xpath: str) -> WebElement:
        """The first element that can be seen, once there is one."""

        def seen(driver: webdriver.Chrome) -> list[WebElement]:
            return [element for element in driver.find_elements(By.XPATH, xpath) if element.is_displayed()]

        return WebDriverWait(self.driver, 20).until(seen)[0]

    def click(self, text: str) -> None:
        self.find(f"//*[self::a or self::button][normalize-space()='{text}']").click()

    def show(self, *labels: str) -> None:
        """Click on the eye in the row of a result that has these labels."""
        cells = " and ".join(f"td[normalize-space()='{label}']" for label in labels)
        self.find(f"//tr[{cells}]//a[@href='#']").click()

    def check_drawn(self, name: str) -> None:
        """A graph or plot of the workflow's rules is there."""
        assert self.find(f"//*[@id='{name}']//canvas").size["height"] > 100
        drawn = self.driver.find_element(By.XPATH, f"//script[@id='{name}']").get_attribute("textContent") or ""
        assert [rule for rule in ("download", "validate", "export", "describe") if f'"{rule}"' not in drawn] == []

    def check(self) -> None:
        """Nothing came from the network, nothing was missing, and no script failed."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        assert urls, "the log tells what is loaded"
        assert [url[:200] for url in urls if not url.startswith(LOCAL)] == []
        assert [event["params"] for event in events if event["method"] == "Network.loadingFailed"] == []
        assert [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def finished(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder after a run."""
    folder = copy_project(tmp_path_factory.mktemp("report"))
    snakemake(folder, "--cores", "2", "all", "--config", "limit=100")
    return folder


@pytest.mark.parametrize("name", ["report.html", "report.zip"])
def test_the_report_shows_workflow_datasets_previews_histograms_and_run_times(
    browser: Browser, finished: Path, tmp_path: Path, name: str
) -> None:
    made = snakemake(finished, "--report", str(tmp_path / name), "--config", "limit=100")
    assert "WARNING" not in made.output
    page = tmp_path / name
    if page.suffix == ".zip":
        zipfile.ZipFile(page).extractall(tmp_path)
        page = tmp_path / "report/report.html"
    browser.open(page)
    browser.find("//li[contains(., 'accepts only the bytes that were published')]")
    browser.check_drawn("rulegraph")
    browser.click("Statistics")
    browser.check_drawn("runtimes")

    browser.click("Previews")
    browser.show("mnist-sample", "train", "images of each class")
    picture = browser.find("//img[contains(@src, 'train.png')]")
    assert browser.driver.execute_script("return arguments[0].complete && arguments[0].naturalWidth", picture) == 866

    browser.click("Results")
    browser.click("Histograms")
    browser.show("mnist-sample")
    plot = browser.find("//img[contains(@src, 'test.svg')]")
    assert browser.driver.execute_script("return arguments[0].complete && arguments[0].naturalWidth", plot) == 720

    browser.click("Results")
    browser.click("Datasets")
    browser.show("mnist-sample")
    browser.driver.switch_to.frame(browser.find("//iframe"))
    assert "none that is certain" in browser.find("//tr[td='license']").text
    assert "2051 uint8 1000 × 28 × 28" in browser.find("//tr[td='train-images-idx3-ubyte']").text
    browser.driver.switch_to.default_content()

    browser.check()


SCRIPT = "</script><script>window.pwned = true</script><img src=x onerror='window.pwned = true'>"


def test_words_of_a_dataset_file_run_nothing_in_the_report(browser: Browser, finished: Path, tmp_path: Path) -> None:
    facts = yaml.safe_load((finished / "datasets/mnist-sample.yaml").read_text(encoding="utf-8"))
    facts |= dict.fromkeys(("title", "citation", "attribution"), f"{SCRIPT} {{{{ 7 * 7 }}}} `x <javascript:alert(1)>`_")
    facts["licence"] = {"spdx": None, "note": SCRIPT}
    facts["creators"] = [SCRIPT]
    facts["classes"] = {label: f"{label} {SCRIPT}" for label in facts["classes"]}
    facts["mirrors"] = [str(finished / "datasets/mnist-sample")]
    (finished / "hostile_.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    config = ("--config", "limit=10", "datasets=hostile_.yaml")
    snakemake(finished, "--cores", "2", "all", *config)
    page = tmp_path / "report.html"
    made = snakemake(finished, "--report", str(page), *config)
    assert "WARNING" not in made.output
    assert "pwned" not in page.read_text(encoding="utf-8"), "its results are encoded, and its words nowhere else"
    browser.open(page)
    browser.click("Datasets")
    browser.show("hostile_")
    browser.driver.switch_to.frame(browser.find("//iframe"))
    assert SCRIPT in browser.find("//tr[td='note']").text
    assert SCRIPT in browser.find("//h1").text
    assert browser.driver.execute_script("return window.pwned") is None
    browser.driver.switch_to.default_content()
    assert browser.driver.execute_script("return window.pwned") is None
    browser.check()
    browser.driver.get((finished / "results/hostile_/statistics/train.svg").as_uri())
    assert SCRIPT in browser.find("//*[local-name()='text'][contains(., '3 ')]").text
    assert browser.driver.execute_script("return window.pwned") is None
