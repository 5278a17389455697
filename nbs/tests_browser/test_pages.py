"""The pages and JupyterLab as a reader meets them, in Chromium: `make test-browser`.

Playwright drives the browser of the system; FLOWDIFF_BROWSER names another one than Chromium.
"""
import os
import shutil
import socket
import subprocess
import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_docs" / "html"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
NAMES = os.environ.get("FLOWDIFF_BROWSER"), "chromium", "chromium-browser", "google-chrome"
BROWSER = next(filter(None, map(shutil.which, filter(None, NAMES))), None)
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome here")


@pytest.fixture(scope="session")
def browser():
    "The browser of the system."
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    "An empty page."
    page = browser.new_page(viewport=dict(width=1400, height=1000))
    yield page
    page.close()


class Quiet(SimpleHTTPRequestHandler):
    "Files of a folder, without a line in the terminal for each."

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site():
    "Address of the built pages."
    assert PAGES, f"{SITE}: no pages there, build them with: make docs"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.parametrize("path", PAGES)
def test_page_loads_in_silence(page, site, path):
    "No error in the console, no request to the outside, no code cut off, no table left as text."
    faults = []
    here = urlsplit(site).netloc

    def note_request(request):
        url = urlsplit(request.url)
        if url.scheme in ("http", "https") and url.netloc != here:
            faults.append(f"asks for {request.url}")

    def note_message(message):
        if message.type == "error":
            faults.append(message.text)

    page.on("console", note_message)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", note_request)
    page.goto(site + path, wait_until="load")
    page.wait_for_timeout(150)  # scripts that begin after it
    wide = "all => all.filter(p => p.scrollWidth > p.clientWidth + 2).map(p => p.innerText)"
    code = ".cell_input pre"
    faults += [f"cut off: {text}" for text in page.eval_on_selector_all(code, wide)]
    paragraphs = "all => all.map(p => p.innerText).filter(text => /\\| *:?(-{3}|—)/.test(text))"
    faults += [f"a table as text: {text}" for text in page.eval_on_selector_all("p", paragraphs)]
    assert not faults


@pytest.mark.parametrize("path, selector", [
    ("search.html?q=Predictor", "ul.search li a[href*=predictor]"),
    ("02_lubrication.html", "mjx-container"),
    ("experiments/08_prediction.html", ".js-plotly-plot .main-svg, .js-plotly-plot canvas"),
])
def test_search_mathematics_and_figures(page, site, path, selector):
    "What scripts must draw appears."
    page.goto(site + path)
    page.wait_for_selector(selector, timeout=20_000, state="attached")


@pytest.fixture
def lab(tmp_path):
    "Address of JupyterLab on an empty folder, and the folder."
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               "--IdentityProvider.token=", "--LabApp.news_url=",
               f"--ServerApp.root_dir={tmp_path}"]
    log = (tmp_path / "lab.log").open("w")
    command = [sys.executable, "-m", "jupyter", "lab", *options]
    server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/"
    for _ in range(120):
        try:
            urlopen(f"{address}api").read()
            break
        except OSError:
            time.sleep(0.5)
    yield address, tmp_path
    server.terminate()
    server.wait()


def test_explorer_runs_in_jupyterlab(page, lab):
    "All cells of the explorer run, and a slider that is moved by the keyboard changes its picture."
    address, folder = lab
    source = (ROOT / "nbs" / "guide" / "explorer.ipynb").read_text()
    (folder / "explorer.ipynb").write_text(source)
    page.goto(f"{address}lab/tree/explorer.ipynb?reset")
    idle = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
    page.wait_for_selector(idle, timeout=120_000)
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    page.wait_for_selector("img.widget-image", timeout=240_000, state="attached")
    page.wait_for_selector(idle, timeout=240_000)
    outputs = [cell.inner_text() for cell in page.query_selector_all(".jp-OutputArea-output")]
    assert not [text for text in outputs if "Traceback" in text]
    before = page.query_selector("img.widget-image").get_attribute("src")
    page.query_selector(".widget-slider .noUi-handle").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"img.widget-image:not([src='{before}'])", timeout=10_000)
