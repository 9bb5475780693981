"""A real browser: headless Chromium, driven as a person drives it, and all that it was asked to load."""

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

    def open(self, page: Path | str) -> None:
        self.driver.get("about:blank")
        for log in ("performance", "browser"):
            self.driver.get_log(log)  # of the pages before, and of the browser's own start page
        self.driver.get(page if isinstance(page, str) else page.as_uri())

    def find(self, xpath: str, seconds: float = 20) -> WebElement:
        """The first element that can be seen, once there is one."""

        def seen(driver: webdriver.Chrome) -> list[WebElement]:
            return [element for element in driver.find_elements(By.XPATH, xpath) if element.is_displayed()]

        return WebDriverWait(self.driver, seconds).until(seen)[0]

    def click(self, text: str) -> None:
        self.find(f"//*[self::a or self::button][normalize-space()='{text}']").click()

    def click_until(self, xpath: str, seen: str) -> WebElement:
        """Click as a person does who sees nothing happen: a page that still moves may lose a click."""
        for _ in range(3):
            self.find(xpath).click()
            try:
                return self.find(seen, 5)
            except TimeoutException:
                continue
        return self.find(seen)

    def check(self) -> None:
        """Nothing came from the network, nothing was missing, and no script failed."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        assert urls, "the log tells what is loaded"
        assert [url[:200] for url in urls if not url.startswith(LOCAL)] == []
        assert [event["params"] for event in events if event["method"] == "Network.loadingFailed"] == []
        assert [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"] == []
