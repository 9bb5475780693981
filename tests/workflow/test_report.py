"""Snakemake's report of a run, opened in a real browser as someone does who has never seen the project."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from browser import Browser
from project import copy_finished, snakemake


class Report(Browser):
    """Snakemake's report in the browser."""

    def open(self, page: Path | str) -> None:
        super().open(page)
        self.find("//h1[contains(., 'From IDX files')]")

    def show(self, category: str, *labels: str, seen: str) -> WebElement:
        """What the eye shows that stands in the row with these labels, in one category of the results."""
        if self.driver.find_elements(By.XPATH, "//nav//a[normalize-space()='Results']"):
            self.click("Results")
        self.click_until(f"//a[normalize-space()='{category}']", f"//nav//li[normalize-space()='{category}']")
        cells = " and ".join(f"td[normalize-space()='{label}']" for label in labels)
        return self.click_until(f"//tr[{cells}]//a[@href='#']", seen)

    def check_drawn(self, name: str) -> None:
        """A graph or plot of the workflow's rules is there."""
        assert self.find(f"//*[@id='{name}']//canvas").size["height"] > 100
        drawn = self.driver.find_element(By.XPATH, f"//script[@id='{name}']").get_attribute("textContent") or ""
        assert [
            rule for rule in ("download", "validate", "export", "find_duplicates") if f'"{rule}"' not in drawn
        ] == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    browser = Report(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def project(browser: Report, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished folder, in which reports are made."""
    return copy_finished(finished, tmp_path_factory.mktemp("report") / "project")


@pytest.mark.parametrize("name", ["report.html", "report.zip"])
def test_the_report_shows_workflow_datasets_previews_histograms_and_run_times(
    browser: Report, project: Path, tmp_path: Path, name: str
) -> None:
    made = snakemake(project, "--report", str(tmp_path / name))
    assert "WARNING" not in made.output
    page = tmp_path / name
    if page.suffix == ".zip":
        zipfile.ZipFile(page).extractall(tmp_path)
        page = tmp_path / "report/report.html"
    browser.open(page)
    browser.find("//li[contains(., 'accepts only files with the published SHA-256')]")
    browser.find("//li[contains(., 'SHA-256, or another digest, where the dataset file pins one')]")
    browser.check_drawn("rulegraph")
    browser.click("Statistics")
    browser.check_drawn("runtimes")

    labels = ("mnist-sample", "train", "images of each class")
    picture = browser.show("Previews", *labels, seen="//img[contains(@src, 'train.png')]")
    assert browser.driver.execute_script("return arguments[0].complete && arguments[0].naturalWidth", picture) == 986

    plot = browser.show("Histograms", "mnist-sample", seen="//img[contains(@src, 'test.svg')]")
    assert browser.driver.execute_script("return arguments[0].complete && arguments[0].naturalWidth", plot) == 720

    browser.driver.switch_to.frame(browser.show("Datasets", "mnist-sample", seen="//iframe"))
    assert "uncertain" in browser.find("//dt[.='license']/following-sibling::dd").text
    assert "2051 uint8 1000 × 28 × 28" in browser.find("//tr[td='train-images-idx3-ubyte']").text
    browser.find("//button[@aria-label='image 1, class 0']").click()
    assert "51 159 253 159 50" in browser.find("//div[@id='matrix']").text, "a part of the page, without PNG files"
    browser.driver.switch_to.default_content()

    browser.check()


SCRIPT = "</script><script>window.pwned = true</script><img src=x onerror='window.pwned = true'>"


def test_words_of_a_dataset_file_run_nothing_in_the_report(browser: Report, project: Path, tmp_path: Path) -> None:
    facts = yaml.safe_load((project / "datasets/mnist-sample.yaml").read_text(encoding="utf-8"))
    facts |= dict.fromkeys(("title", "citation", "attribution"), f"{SCRIPT} {{{{ 7 * 7 }}}} `x <javascript:alert(1)>`_")
    facts["license"] = {"spdx": None, "note": SCRIPT}
    facts["creators"] = [SCRIPT]
    facts["classes"] = {label: f"{label} {SCRIPT}" for label in facts["classes"]}
    facts["mirrors"] = [str(project / "datasets/mnist-sample")]
    (project / "hostile_.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    config = ("--config", "classes=[3,7]", "splits=test", "datasets=hostile_.yaml")
    snakemake(project, "--cores", "2", "all", *config)
    page = tmp_path / "report.html"
    made = snakemake(project, "--report", str(page), *config)
    assert "WARNING" not in made.output
    assert "pwned" not in page.read_text(encoding="utf-8"), "its results are encoded, and its words nowhere else"
    browser.open(page)
    browser.driver.switch_to.frame(browser.show("Datasets", "hostile_", seen="//iframe"))
    assert SCRIPT in browser.find("//dt[.='note']/following-sibling::dd").text
    assert SCRIPT in browser.find("//h1").text
    assert browser.driver.execute_script("return window.pwned") is None
    browser.driver.switch_to.default_content()
    assert browser.driver.execute_script("return window.pwned") is None
    browser.check()
    browser.driver.get((project / "results/hostile_/statistics/test.svg").as_uri())
    assert SCRIPT in browser.find("//*[local-name()='text'][contains(., '3 ')]").text
    assert browser.driver.execute_script("return window.pwned") is None
