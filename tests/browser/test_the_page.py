"""What a person does on the page, in a real browser."""

import re

import numpy as np
import pytest
from browsing import opened
from gltf_files import Model

from opensearch.domains.opening.solid import read_solid
from opensearch.limits import Limits

CHAIR = [
    [(0.3, 0.1), (0.3, 0.9)],
    [(0.3, 0.5), (0.7, 0.5), (0.7, 0.9)],
    [(0.3, 0.1), (0.42, 0.1), (0.42, 0.5)],
]


ANSWERED = "/hits? in|Nothing|away/.test(document.querySelector('#status').textContent)"
LIKELY = """(() => {
    const hits = [...document.querySelectorAll("#found li")];
    const shares = hits.map((hit) => parseInt(hit.textContent.match(/[0-9]+ %/)));
    return hits.length && shares.every((share) => share >= 50);
})()"""
WORDS = "[...document.querySelectorAll('#found strong')].map(each => each.textContent)"


def until(page, expression, *given):
    """Wait until an expression holds; the page's own policy forbids Playwright to do so."""
    for _ in range(300):
        if page.evaluate(expression, *given):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"this never came: {expression}; the page says {page.inner_text('#status')}")


def draw(page, lines=CHAIR):
    page.locator("#paper").scroll_into_view_if_needed()
    box = page.locator("#paper").bounding_box()
    for line in lines:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()


def settled(page):
    """Wait for the answer to all that was asked so far."""
    until(page, ANSWERED)
    page.wait_for_timeout(150)
    until(page, ANSWERED)


def write(page, text):
    page.locator("#words").fill(text)
    page.keyboard.press("Enter")
    until(page, "text => document.querySelector('#tray').textContent.includes(text)", text)
    settled(page)


def titles(page):
    return page.locator("#found ol.hits li strong").all_inner_texts()


def test_a_chair_that_is_drawn_finds_shapes(page):
    page.locator("#targets input[value=photo]").uncheck()
    page.locator("#targets input[value=sketch]").uncheck()
    draw(page)
    page.wait_for_selector("#found ol.hits li")
    settled(page)
    assert all(title.startswith("shape") for title in titles(page))
    assert "shape · chair" in titles(page)[:3]
    assert page.locator("#tray li").count() == 1
    sides = "(image => Math.max(image.naturalWidth, image.naturalHeight))"
    until(page, sides + "(document.querySelector('#found img')) >= 192")


def test_a_drawing_becomes_a_model_to_turn_and_to_save(page, tmp_path):
    button = page.locator("#reconstruct")
    assert not button.is_visible()  # there is nothing yet to make one of
    draw(page)
    settled(page)
    button.click()
    shape = page.locator("#shape")
    shape.wait_for(timeout=120_000)
    until(page, "document.querySelector('#shape').dataset.turned")
    before = shape.screenshot()
    shape.focus()
    page.keyboard.press("ArrowRight")
    assert shape.screenshot() != before
    assert "shape/chair/" in page.inner_text("#opened-facts")
    with page.expect_download() as download:
        page.locator("#opened-actions a").click()
    download.value.save_as(tmp_path / "model.glb")
    assert len(read_solid(tmp_path / "model.glb", None, Limits()).faces) > 100
    page.locator("#close").click()
    page.locator("#clear").click()
    until(page, "document.querySelector('#reconstruct').hidden")


def test_undo_redo_eraser_and_clear(page):
    draw(page, CHAIR[:1])
    settled(page)
    page.locator("#undo").click()
    until(page, "!document.querySelector('#tray li')")
    assert page.locator("#redo").is_enabled()
    page.keyboard.press("Control+Shift+z")
    page.wait_for_selector("#tray li")
    page.locator("#eraser").click()
    assert page.locator("#eraser").get_attribute("aria-pressed") == "true"
    draw(page, [[(0.3, 0.1), (0.3, 0.9)]])
    gone = "!document.querySelector('#tray li')"
    until(page, gone)  # nothing is left on the paper, so nothing is asked
    page.keyboard.press("Control+z")
    page.wait_for_selector("#tray li")
    settled(page)
    page.locator("#clear").click()
    until(page, gone)
    assert page.locator("#found li").count() == 0
    page.keyboard.press("Control+z")
    page.wait_for_selector("#tray li")


@pytest.mark.parametrize("suffix", [".ply", ".glb"])
def test_a_shape_that_is_dropped_finds_photos(page, collection, tmp_path, suffix):
    page.locator("#targets input[value=shape]").uncheck()
    page.locator("#targets input[value=sketch]").uncheck()
    file = collection / "shape" / "windmill" / "00.ply"
    if suffix == ".glb":
        file = as_glb(file, tmp_path / "mill.glb")
    page.evaluate(
        """([name, content]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([Uint8Array.from(content)], name));
            const said = { dataTransfer: carried, bubbles: true, cancelable: true };
            document.dispatchEvent(new DragEvent("drop", said));
        }""",
        [file.name, list(file.read_bytes())],
    )
    page.wait_for_selector("#found ol.hits li")
    assert titles(page)[0] == "photo · windmill"


def as_glb(file, path):
    """A shape as glTF has it, where y is up."""
    solid = read_solid(file, None, Limits())
    x, y, z = solid.vertices.astype("<f4").T
    model = Model()
    places = model.accessor(np.stack([x, z, -y] if solid.up == "z" else [x, y, z], axis=1))
    faces = model.accessor(solid.faces.astype("<u4").ravel())
    model.mesh({"attributes": {"POSITION": places}, "indices": faces})
    path.write_bytes(model.glb())
    return path


def test_a_file_by_the_button(page, collection):
    page.locator("#file").set_input_files(collection / "photo" / "cup" / "00.jpg")
    page.wait_for_selector("#found ol.hits li")
    assert "cup" in titles(page)[0]
    page.locator("#tray button", has_text="×").click()
    until(page, "!document.querySelector('#found li')")


def test_words_are_completed_weighed_and_turned_away_from(page):
    page.locator("#words").type("airpl")
    page.wait_for_selector("#known-words option[value=airplane]", state="attached")
    write(page, "airplane")
    assert all("airplane" in title for title in titles(page)[:6])
    write(page, "cup")
    page.locator("[aria-label='Move away from Words airplane']").click()
    page.wait_for_selector("#tray li.against")
    settled(page)
    assert all("cup" in title for title in titles(page)[:6])
    assert "words=airplane%7E-1" in page.url
    page.locator("[aria-label='Move away from Words cup']").click()
    until(page, "/^Everything/.test(document.querySelector('#status').textContent)")


def test_more_and_less_like_this(page):
    write(page, "chair")
    page.locator("[aria-label^='More like']").first.click()
    until(page, "document.querySelectorAll('#tray li').length == 2")
    settled(page)
    page.locator("[aria-label^='Less like']").nth(1).click()
    page.wait_for_selector("#tray li.against")
    settled(page)
    assert page.url.count("item=") == 2


def test_filters_and_why_nothing_is_found(page):
    write(page, "chair")
    page.locator("#filters summary").click()
    page.locator("#field-category").select_option("cup")
    settled(page)
    until(page, WORDS + ".every(text => text.includes('cup'))")
    page.locator("#where").fill("categry = lamp")
    page.locator("#where").press("Enter")
    until(page, "/^Nothing found/.test(document.querySelector('#status').textContent)")
    assert "category" in page.inner_text("#remarks")
    page.locator("#where").fill("category =")
    page.locator("#where").press("Enter")
    page.wait_for_selector("#status.failed")


def test_a_first_look_says_what_to_do_and_finding_nothing_how_to_go_on(page):
    assert page.locator("#welcome").is_visible()
    assert page.locator("#draw-here").is_visible()
    page.locator("#welcome-words button", has_text="chair").click()
    page.wait_for_selector("#found li")
    settled(page)
    assert page.locator("#welcome").is_hidden()
    page.locator("#meaning summary").click()
    assert "% likely" in page.inner_text("#meaning-text")
    page.locator("#filters summary").click()
    page.locator("#where").fill("category = lamp")
    page.locator("#where").press("Enter")
    until(page, "/^Nothing found/.test(document.querySelector('#status').textContent)")
    page.get_by_role("button", name="Drop the filters").click()
    page.wait_for_selector("#found li")
    assert page.locator("#where").input_value() == ""
    draw(page)
    until(page, "document.querySelectorAll('#tray li').length == 2")
    assert page.locator("#draw-here").is_hidden()


def test_on_a_phone_the_way_to_the_hits_is_short(browser, address):
    for page in opened(browser, address, viewport={"width": 390, "height": 844}):
        assert page.locator("#targets input").first.is_hidden()
        write(page, "chair")
        page.locator("#jump").click()
        until(page, "document.querySelector('#results').getBoundingClientRect().top < 100")


def test_hits_by_kind_and_going_on(page):
    write(page, "chair")
    page.locator("input[value=apart]").check()
    page.wait_for_selector("#found h3")
    assert page.locator("#found h3").all_inner_texts() == ["photo", "shape", "sketch"]
    page.locator("input[value=mixed]").check()
    until(page, "document.querySelectorAll('#found ol').length == 1")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    until(page, "document.querySelectorAll('#found li').length > 24")
    ranks = page.locator("#found .look").evaluate_all(
        "all => all.map(each => each.getAttribute('aria-label'))"
    )
    assert len(set(ranks)) == len(ranks)


def test_a_shape_is_opened_and_turned_and_back_goes_back(page):
    page.locator("#targets input[value=photo]").uncheck()
    page.locator("#targets input[value=sketch]").uncheck()
    write(page, "chair")
    page.locator("#found .look").first.click()
    shape = page.locator("#shape")
    shape.wait_for()
    assert "open=" in page.url
    assert "/shape/chair/" in page.inner_text("#opened-facts")
    until(page, "document.querySelector('#shape').dataset.turned")
    before = shape.screenshot()
    box = shape.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 180, steps=5)
    page.mouse.up()
    turned = shape.screenshot()
    assert turned != before
    shape.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    assert shape.screenshot() != turned
    page.go_back()
    until(page, "!document.querySelector('#opened').open")
    assert "words=chair" in page.url
    page.go_back()
    until(page, "!document.querySelector('#tray li')")
    page.go_forward()
    until(page, "document.querySelector('#found li')")


def test_a_picture_is_opened_and_escape_closes(page):
    write(page, "cup")
    page.locator("#targets input[value=shape]").uncheck()
    until(page, WORDS + ".every(text => !text.startsWith('shape'))")
    page.locator("#found .look").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#opened-picture img[src^=blob]")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('#opened').open")
    until(page, "!location.search.includes('open=')")  # told by an event, some time after


def test_copies_of_what_is_opened_are_looked_for_when_asked(page):
    write(page, "cup")
    page.locator("#found .look").first.click()
    assert page.locator("#copies-title").is_hidden()
    page.get_by_role("button", name="Find its copies").click()
    until(page, "/No copy of it|distance/.test(document.querySelector('#copies').textContent)")
    page.keyboard.press("Escape")


def test_a_least_score_leaves_out_what_is_below_it(page):
    write(page, "chair")
    page.locator("#filters summary").click()
    until(page, f"!{LIKELY}")
    page.locator("#least").fill("0.5")
    page.locator("#least").press("Enter")
    until(page, "location.search.includes('least=0.5')")
    settled(page)
    until(page, LIKELY)
    page.locator("#least").fill("")
    page.locator("#least").press("Enter")
    until(page, "!location.search.includes('least')")


def test_an_address_can_be_sent_to_somebody(browser, address, page):
    write(page, "chair")
    page.locator("#targets input[value=photo]").uncheck()
    settled(page)
    seen = titles(page)
    for other in opened(browser, page.url):
        other.wait_for_selector("#found li")
        settled(other)
        assert titles(other)[: len(seen)] == seen[:24]
        assert not other.locator("#targets input[value=photo]").is_checked()


SIZES = [(1440, 900), (390, 844), (360, 640)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_is_found_by_axe_and_nothing_is_cut_off(browser, address, size, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs the extra `browser`"
    )
    width, height = size
    settings = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    for page in opened(browser, address, **settings):
        write(page, "chair")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        looks = [page.evaluate("getComputedStyle(document.body).backgroundColor")]
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) <= width
        serious = found_by(axe, page)
        page.locator("#found .look").first.click()
        page.wait_for_selector("#opened-facts div")
        page.wait_for_timeout(300)
        assert page.evaluate(wide) <= width
        serious += found_by(axe, page)
        assert serious == []
        shade = int(re.search(r"\d+", looks[0])[0])
        assert (shade < 128) == (scheme == "dark")


def found_by(axe, page):
    results = axe.Axe().run(page).response
    return [
        (each["id"], each["nodes"][0]["html"])
        for each in results["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def test_all_by_keyboard(page):
    page.locator("#words").focus()
    page.keyboard.type("chair")
    page.keyboard.press("Enter")
    page.wait_for_selector("#found li")
    settled(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "look":
            break
    else:
        pytest.fail("hits cannot be reached by the Tab key")
    page.keyboard.press("Enter")
    page.wait_for_selector("#opened-facts div")
