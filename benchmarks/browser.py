"""A headless Chromium for pages from disk."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PROGRAMS = ("chromium", "chromedriver")


def missing() -> str:
    """Return what a browser needs and this machine lacks; empty for nothing."""
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    if programs:
        return f"no {' or '.join(programs)}: install the Debian packages chromium and chromium-driver"
    return "" if find_spec("selenium") else "no selenium: install the development requirements"


@contextlib.contextmanager
def browser() -> Iterator["Chrome"]:
    """Give a browser that logs its requests and the messages of pages, and end it."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    binary, service = (shutil.which(name) for name in PROGRAMS)
    options.binary_location = binary
    arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # because Chromium has no sandbox for root
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=service))
    driver.set_script_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()
