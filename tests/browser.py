"""Headless Chromium, which clicks like a user and records the files that it loads."""

import json
import shutil
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

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
POLL = 0.05  # seconds between two looks at the page
LOCAL = ("file:", "data:", "blob:", "about:")


class Browser:
    """Headless Chromium on one page, with a record of the files that it loads."""

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

    def open(self, page: Path | str) -> None:
        self.driver.get("about:blank")
        for log in ("performance", "browser"):
            self.driver.get_log(log)  # discard the entries of earlier pages and of the start page
        self.driver.get(page if isinstance(page, str) else page.as_uri())

    def find(self, xpath: str, seconds: float = 20) -> WebElement:
        """Wait for a visible element, and return the first."""

        def seen(driver: webdriver.Chrome) -> list[WebElement]:
            return [element for element in driver.find_elements(By.XPATH, xpath) if element.is_displayed()]

        return WebDriverWait(self.driver, seconds, POLL).until(seen)[0]

    def click(self, text: str) -> None:
        self.find(f"//*[self::a or self::button][normalize-space()='{text}']").click()

    def click_until(self, xpath: str, seen: str) -> WebElement:
        """Click until an element appears, because a page that is still moving may lose a click."""
        for _ in range(3):
            self.find(xpath).click()
            try:
                return self.find(seen, 5)
            except TimeoutException:
                continue
        return self.find(seen)

    def check(self) -> None:
        """Check that the page loaded nothing from the network, that no file was missing, and that no script failed."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        assert urls, "the log must list the files loaded"
        assert [url[:200] for url in urls if not url.startswith(LOCAL)] == []
        assert [event["params"] for event in events if event["method"] == "Network.loadingFailed"] == []
        assert [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"] == []
