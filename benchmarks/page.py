"""From pen up to thumbnails on the page, in a real browser.

python -m benchmarks.page INDEX --strokes 40

Strokes of a chair and of other things are drawn by the mouse, one after the other. The page itself
takes the time from the event of the pen going up until every thumbnail in view is decoded.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.service import percentiles, service

WATCH = """() => {
    window.took = [];
    const paper = document.querySelector("#paper"), results = document.querySelector("#results");
    let up = 0;
    paper.addEventListener("pointerup", () => { up = performance.now(); }, true);
    new MutationObserver(async () => {
        const start = up;
        const seen = [...document.querySelectorAll("#found img")].filter((image) => {
            const box = image.getBoundingClientRect();
            return box.top < innerHeight && box.bottom > 0;
        });
        await Promise.all(seen.map((image) => image.decode().catch(() => {})));
        if (start && start === up) { window.took.push(performance.now() - start); up = 0; }
    }).observe(results, { attributes: true, attributeFilter: ["data-answered"] });
}"""


def draw(page: Page, rng: random.Random) -> None:
    """A stroke of a few corners, somewhere on the paper."""
    box = page.locator("#paper").bounding_box()
    assert box is not None
    x = box["x"] + rng.uniform(0.1, 0.9) * box["width"]
    page.mouse.move(x, box["y"] + rng.uniform(0.1, 0.9) * box["height"])
    page.mouse.down()
    for _ in range(3):
        y = box["y"] + rng.uniform(0.1, 0.9) * box["height"]
        page.mouse.move(box["x"] + rng.uniform(0.1, 0.9) * box["width"], y, steps=6)
    page.mouse.up()


def main() -> None:
    """Draw, wait, and tell the percentiles."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("--strokes", type=int, default=40)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, load before {[round(each, 1) for each in os.getloadavg()]}")
    rng = random.Random(0)
    with service(arguments.index) as (port, _), sync_playwright() as playwright:
        options = ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=options)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#targets input")
        page.evaluate(WATCH)
        for number in range(arguments.strokes):
            if number % 4 == 0:
                page.locator("#clear").evaluate("button => button.click()")
                page.wait_for_timeout(300)
            before = page.evaluate("window.took.length")
            draw(page, rng)
            for _ in range(300):
                if page.evaluate("window.took.length") > before:
                    break
                page.wait_for_timeout(50)
        print(json.dumps({"pen_up_to_thumbnails_ms": percentiles(page.evaluate("window.took"))}))
        browser.close()


if __name__ == "__main__":
    main()
