"""What the page says where the service, a filter or a least score fails, in a real browser."""

import json
import os
import shutil
from pathlib import Path

import pytest
from test_the_page import settled, until, write

STATUS = "document.querySelector('#status').textContent"


@pytest.fixture
def failing(browser, address):
    """A page that may report faults: that nobody answered is one to a browser."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(address)
    page.wait_for_selector("#targets input", state="attached")
    yield page
    context.close()


def test_a_service_that_is_gone_is_told_and_can_be_asked_again(failing):
    write(failing, "chair")
    assert failing.locator("#found li").count()
    failing.route("**/v1/**", lambda route: route.abort())
    failing.locator("#words").fill("cup")
    failing.keyboard.press("Enter")
    until(failing, f"{STATUS}.startsWith('the service does not answer; is `opensearch serve`')")
    assert failing.locator("#found li").count() == 0
    failing.unroute("**/v1/**")
    failing.get_by_role("button", name="Try again").click()
    failing.wait_for_selector("#found li")
    settled(failing)
    assert failing.locator("#ways-out button").count() == 0


def test_a_service_that_is_gone_while_the_page_opens(failing):
    failing.route("**/v1/**", lambda route: route.abort())
    failing.reload()
    failing.get_by_role("button", name="Try again").wait_for()
    failing.unroute("**/v1/**")
    failing.get_by_role("button", name="Try again").click()
    failing.wait_for_selector("#targets input", state="attached")
    until(failing, f"{STATUS} === ''")


def ask(page, field, value):
    """Write a value into a field of the filters, which are opened for it."""
    if not page.locator(field).is_visible():
        page.locator("#filters summary").click()
    page.locator(field).fill(value)
    page.locator(field).press("Enter")


def test_a_filter_that_cannot_be_read_leaves_no_hits_and_can_be_dropped(page):
    write(page, "chair")
    ask(page, "#where", "category =")
    page.wait_for_selector("#status.failed")
    assert "`" not in page.inner_text("#status")
    assert page.locator("#found li").count() == 0
    page.get_by_role("button", name="Drop the filters").click()
    page.wait_for_selector("#found li")


def test_a_least_score_that_no_hit_can_have_is_told(page):
    write(page, "chair")
    page.locator("#filters summary").click()
    usual = page.inner_text("#least-hint")
    ask(page, "#least", "2")
    until(page, "document.querySelector('#least-hint').textContent.startsWith('Passed over')")
    ask(page, "#least", "1")
    until(page, f"{STATUS}.startsWith('Nothing')")
    assert "as the least score asks" in page.inner_text("#remarks")
    assert page.inner_text("#least-hint") == usual


def test_the_hint_at_a_least_score_goes_with_the_filters(page):
    write(page, "chair")
    page.locator("#filters summary").click()
    usual = page.inner_text("#least-hint")
    ask(page, "#least", "2")
    until(page, "document.querySelector('#least-hint').textContent.startsWith('Passed over')")
    ask(page, "#where", "category =")
    page.get_by_role("button", name="Drop the filters").click()
    page.wait_for_selector("#found li")
    assert page.input_value("#least") == ""
    assert page.inner_text("#least-hint") == usual


@pytest.mark.parametrize("wrote", ["category = `text`", "category = `where` and", "`min_score` ="])
def test_what_somebody_wrote_is_quoted_as_it_is(page, wrote):
    write(page, "chair")
    ask(page, "#where", wrote)
    quoted = wrote[wrote.index("`") : wrote.rindex("`") + 1]
    remarks = "document.querySelector('#remarks').textContent"
    until(page, f"quoted => ({STATUS} + {remarks}).includes(quoted)", quoted)


def test_another_index_at_the_same_address_gets_its_title_and_places(failing):
    write(failing, "chair")
    said = failing.evaluate("fetch('/v1/info').then((answer) => answer.json())")
    other = json.dumps({**said, "name": "others", "items": {"photo": 3}})
    failing.route("**/v1/info", lambda route: route.fulfill(body=other))
    failing.evaluate("window.dispatchEvent(new Event('focus'))")
    until(failing, "document.title.startsWith('others')")
    assert failing.inner_text("#index-name") == "others"
    assert failing.locator("#targets input").count() == 1


@pytest.mark.parametrize("change", [lambda file: file.write_bytes(b"another"), Path.unlink])
def test_a_file_that_changed_after_it_was_chosen_is_named(failing, collection, tmp_path, change):
    chosen = tmp_path / "my chair.jpg"
    shutil.copy(next(collection.glob("photo/chair/*")), chosen)
    os.utime(chosen, (1e9, 1e9))  # the browser tells a change by its time
    failing.locator("#file").set_input_files(chosen)
    failing.wait_for_selector("#found li")
    settled(failing)
    change(chosen)
    failing.locator("#words").fill("cup")
    failing.keyboard.press("Enter")
    until(failing, f"{STATUS} === 'my chair.jpg was changed or removed; choose it again'")
    failing.get_by_role("button", name="Remove File my chair.jpg").click()
    failing.wait_for_selector("#found li")


def test_an_opened_item_that_cannot_be_asked_for_leaves_the_way_out(failing):
    write(failing, "chair")
    failing.locator("#found li button").first.click()
    until(failing, "location.search.includes('open=')")
    failing.keyboard.press("Escape")
    until(failing, "!location.search.includes('open=')")
    late = []
    failing.route("**/v1/**", lambda route: route.abort())
    failing.route("**/v1/items?key=*", lambda route: late.append(route))
    failing.go_back()
    failing.get_by_role("button", name="Try again").wait_for()
    failing.evaluate("document.querySelector('#status').textContent = ''")
    for route in late:
        route.abort()
    until(failing, f"{STATUS}.startsWith('the service does not answer')")
    assert failing.get_by_role("button", name="Try again").count() == 1


def test_a_late_failure_leaves_a_later_answer(failing):
    failing.route("**/v1/**", lambda route: route.abort())
    failing.locator("#words").fill("chair")
    failing.keyboard.press("Enter")
    failing.get_by_role("button", name="Try again").wait_for()
    failing.unroute("**/v1/**")
    late = []
    failing.route("**/v1/info", lambda route: late.append(route))
    failing.get_by_role("button", name="Try again").click()
    write(failing, "cup")
    assert late
    for route in late:
        route.abort()
    failing.wait_for_timeout(500)
    assert "hits in" in failing.inner_text("#status")
    assert failing.locator("#found li").count()


def test_fields_that_fail_at_first_come_with_the_next_look(failing):
    said = failing.evaluate("fetch('/v1/info').then((answer) => answer.json())")
    other = json.dumps({**said, "name": "others", "items": {"photo": 3}})
    failing.route("**/v1/info", lambda route: route.fulfill(body=other))
    failing.route("**/v1/fields", lambda route: route.abort())
    with failing.expect_event("requestfailed"):
        failing.evaluate("window.dispatchEvent(new Event('focus'))")
    failing.unroute("**/v1/fields")
    failing.evaluate("window.dispatchEvent(new Event('focus'))")
    until(failing, "document.title.startsWith('others')")
    until(failing, "document.querySelectorAll('#targets input').length === 1")


def test_a_service_that_is_busy_while_the_page_opens(failing):
    body = json.dumps({"error": {"kind": "Busy", "message": "busy", "status": 503}})
    failing.route("**/v1/info", lambda route: route.fulfill(status=503, body=body))
    failing.reload()
    failing.get_by_role("button", name="Try again").wait_for()
    assert failing.inner_text("#status") == "busy"
    failing.unroute("**/v1/info")
    failing.evaluate("window.dispatchEvent(new Event('focus'))")
    failing.wait_for_selector("#targets input", state="attached")
    until(failing, f"{STATUS} === ''")
    assert failing.locator("#ways-out button").count() == 0
