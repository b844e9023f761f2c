"""The demo, served: from one command to hits on the page."""

import re
import subprocess
import sys

import pytest
from browsing import opened


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Where `opensearch demo --serve` answers."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "opensearch", "demo", "--keep", folder, "--serve", "-q"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines = iter(process.stdout.readline, "")
    try:
        said = (re.fullmatch(r"(http://127\.0\.0\.1:\d+/)\n", line) for line in lines)
        yield next(found[1] for found in said if found)
    finally:
        process.terminate()
        process.communicate()


def test_the_demo_is_served_and_answers(browser, demo):
    for page in opened(browser, demo):
        page.locator("#words").fill("chair")
        page.keyboard.press("Enter")
        page.wait_for_selector("#found ol.hits li")
        assert page.locator("#found strong").first.inner_text().endswith("chair")
