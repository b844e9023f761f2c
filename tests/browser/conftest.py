"""A real browser on the page of a service; without one these tests are skipped."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import opened

from opensearch.experiments.demo_collection import unpack_demo

BROWSER = os.environ.get("OPENSEARCH_BROWSER") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CATEGORIES = ("airplane", "chair", "cup", "windmill")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:  # those of the whole run, not of this folder alone
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def collection(tmp_path_factory):
    """Four categories of the shipped collection, in three domains."""
    whole = tmp_path_factory.mktemp("shipped") / "collection"
    unpack_demo(whole)
    for folder in whole.glob("*/*"):
        if folder.is_dir() and folder.name not in CATEGORIES:
            shutil.rmtree(folder)
    for listing in whole.glob("*.*"):
        listing.unlink()
    return whole


@pytest.fixture(scope="session")
def address(collection, tmp_path_factory):
    """Where a service of these answers."""
    index = tmp_path_factory.mktemp("browsed") / "things"
    opensearch = [sys.executable, "-m", "opensearch"]
    subprocess.run([*opensearch, "index", collection, "--to", index, "-q"], check=True)
    command = [*opensearch, "serve", index, "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", said)
        yield said
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="session")
def browser():
    """Chromium, with a renderer of WebGL that needs no graphics card."""
    if BROWSER is None:
        pytest.skip("needs a chromium, or OPENSEARCH_BROWSER that names one")
    api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    gl = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", *gl])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    """A new page of the service that must stay silent and ask nobody else."""
    yield from opened(browser, address)
