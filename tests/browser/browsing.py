"""A page opened in the browser, which must ask nobody but its service and report no fault."""


def is_fault(line):
    """Whether a line of the console is one; that a query was refused is none of the page's."""
    return line.type == "error" and "status of 422" not in line.text


def opened(browser, address, **settings):
    """Yield a new page, to be closed by going on; `settings` are those of its context."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings})
    page = context.new_page()
    page.set_default_timeout(30_000)
    said, asked = [], []
    page.on("console", lambda line: said.append(line.text) if is_fault(line) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("#targets input", state="attached")
    yield page
    assert said == []
    own = (address.partition("?")[0], "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    context.close()
