#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Opens report.html in headless Chromium and uses it: KTAP on standard output.

Usage: page.py PAGES SCREENSHOTS

PAGES has different/report.html and equal/report.html with their report.json, as `cargo test -p nvkm-ab --test page` leaves them
(NVKM_PAGES). Exit codes: 0 all well, 1 a check failed, 4 skipped: no Chromium or no Selenium here.
"""

import json
import pathlib
import shutil
import sys
import tempfile

SKIP = 4
PHONE = (390, 844)
DESK = (1280, 900)
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


def skip(why):
    print(f"TAP version 13\n1..0 # SKIP {why}")
    sys.exit(SKIP)


try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    skip("python3-selenium is not there")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    skip("chromium or chromedriver is not there")


class Failed(Exception):
    """A check that did not hold."""


def hold(true, why):
    if not true:
        raise Failed(why)


class Browser:
    """A browser with an empty profile."""

    def __init__(self, profile, shots):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in FLAGS + [f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
        self.shots = shots
        self.size(*DESK)

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def size(self, width, height, phone=False):
        scale = 2 if phone else 1
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)

    def open(self, page):
        self.driver.get("about:blank")
        self.logs()
        self.driver.get(page.resolve().as_uri())

    def logs(self):
        """What was said on the console, and what was asked of the network, since the last time."""
        console = self.driver.get_log("browser")
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return console, asked

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def click(self, element):
        """A click by mouse, not under what sticks to the window's top."""
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def wait(self, what, why):
        try:
            WebDriverWait(self.driver, 5).until(lambda _: what())
        except WebDriverException as error:
            raise Failed(why) from error

    def shot(self, name):
        self.driver.save_screenshot(str(self.shots / f"page-{name}.png"))

    def in_sight(self, element):
        """Whether an element is inside of the timeline's box, and that box's part on the screen."""
        return self.run("""
            const row = arguments[0].getBoundingClientRect();
            const box = document.getElementById('timeline').getBoundingClientRect();
            return row.height > 0 && row.top >= box.top && row.bottom <= box.bottom + 1;""", element)


def payload(report):
    """The first difference in a payload."""
    return next(d for d in report["differences"] if d["kind"] == "payload")


def title_and_verdict(browser, pages):
    for word in ("different", "equal"):
        browser.open(pages / word / "report.html")
        hold(browser.driver.title.startswith(f"{word}: tu104"), f"the title is '{browser.driver.title}'")
        banner = browser.find("header .verdict").text
        hold(banner == word, f"the banner says '{banner}', the report '{word}'")
        hold(len(browser.find("header .sentence").text) > 40, "there is no sentence")


def quiet(browser, pages):
    browser.open(pages / "different/report.html")
    browser.find("details.diff summary").click()
    browser.find("#only").click()
    console, asked = browser.logs()
    hold(asked, "the browser's log of requests is empty: nothing was looked at")
    other = [url for url in asked if not url.startswith(("file:", "data:"))]
    hold(not other, f"the page asked for {other}")
    hold(not console, f"the console says {console}")


def first_difference(browser, pages):
    report = json.loads((pages / "different/report.json").read_text())
    browser.open(pages / "different/report.html")
    # What the device complains of comes before any message, and has no row.
    first = browser.find("details.diff[data-row]")
    hold(first.get_attribute("open") is None, "it is open before anybody clicked")
    first.find_element(By.CSS_SELECTOR, "summary").click()
    browser.wait(lambda: first.get_attribute("open"), "a click does not open it")
    row = browser.find(f"#r{first.get_attribute('data-row')}")
    browser.wait(lambda: browser.in_sight(row), "its row of the timeline is not in sight of its box")
    hold("here" in row.get_attribute("class").split(), "its row is not marked")
    message = next(d for d in report["differences"] if "message" in d)
    values = [message[side] for side in ("c", "other")]
    hold(all(value in first.text for value in values), f"its values, {values}, are not there")
    first.find_element(By.CSS_SELECTOR, "a[href^='#r']").click()
    browser.wait(lambda: browser.run("return document.activeElement === arguments[0]", row), "its link does not lead to the row")
    browser.shot("timeline")
    # With everything unfolded the last one's row is far away from there.
    browser.click(browser.find("#unfold"))
    last = browser.all("details.diff[data-row]")[-1]
    row = browser.find(f"#r{last.get_attribute('data-row')}")
    hold(not browser.in_sight(row), "the last difference's row is in sight already: this shows nothing")
    browser.click(last.find_element(By.CSS_SELECTOR, "summary"))
    browser.wait(lambda: browser.in_sight(row), "the last difference's row does not come into sight")


def decoded(browser, pages):
    report = json.loads((pages / "different/report.json").read_text())
    wanted = payload(report)
    hold(wanted.get("decoded"), "the report has no decoded name")
    browser.open(pages / "different/report.html")
    box = next(d for d in browser.all("details.diff") if wanted["decoded"] in d.find_element(By.CSS_SELECTOR, "summary").text)
    box.find_element(By.CSS_SELECTOR, "summary").click()
    browser.wait(lambda: box.get_attribute("open"), "a click does not open it")
    marked = [row.find_elements(By.CSS_SELECTOR, "td") for row in box.find_elements(By.CSS_SELECTOR, ".fields tr.ne")]
    field = [[cell.text for cell in row] for row in marked if row[0].text == wanted["decoded"]]
    hold(len(field) == 1, f"{len(field)} marked lines for {wanted['decoded']}, not one")
    hold(field[0][2:] == ["4", "5"], f"the values are {field[0][2:]}, not 4 and 5")
    bytes_ = [mark.text for mark in box.find_elements(By.CSS_SELECTOR, ".hex mark")]
    hold(bytes_ == [wanted["c"], wanted["other"]], f"the marked bytes are {bytes_}")
    browser.run("arguments[0].scrollIntoView()", box)
    browser.shot("difference")


def registers(browser, pages):
    browser.open(pages / "different/report.html")
    box = next(d for d in browser.all("details.diff") if d.find_element(By.CSS_SELECTOR, ".kind").text == "mmio")
    hunk = browser.find(f"#h{box.get_attribute('data-hunk')}")
    hold(hunk.find_elements(By.CSS_SELECTOR, "tr.ne") and hunk.find_elements(By.CSS_SELECTOR, "tr.eq"),
         "the stretch has not both what differs and what is around it")
    folded = sum(int(p.text.split()[0]) for p in browser.all("#registers ~ p.rest"))
    hold(folded > 20000, f"only {folded} accesses are folded")


def lanes(browser, pages):
    browser.open(pages / "different/report.html")
    rows = browser.run("""return [...document.querySelectorAll('.row')].map(
        (row) => [...row.querySelectorAll('i')].map((i) => i.className))""")
    hold(rows and all(len(row) == 3 for row in rows), "not three lanes in each row")
    gaps = [[kind == "gap" for kind in row] for row in rows]
    hold([False, False, True] in gaps, "no row without a message of Rust's")
    hold([True, True, False] in gaps, "no row with a message of Rust's only")
    kinds = {kind for row in rows for kind in row}
    hold({"sent", "got", "event"} <= kinds, f"the arrows are only {kinds}")


def only_differences(browser, pages):
    browser.open(pages / "different/report.html")
    shown = "return [...document.querySelectorAll('.row')].filter((r) => r.offsetParent).length"
    for fold in browser.all("details.fold"):
        browser.run("arguments[0].open = true", fold)
    before = browser.run(shown)
    differing = len(browser.all(".row:not(.same)"))
    hold(0 < differing < before, f"{differing} of {before} rows differ")
    browser.find("#only").click()
    hold(browser.run(shown) == differing, f"{browser.run(shown)} rows are shown, {differing} differ")
    hold(str(differing) in browser.find("#count").text, "the count says something else")
    browser.find("#only").click()
    browser.find("#filter").send_keys("GET_GSP_STATIC")
    hold(browser.run(shown) == 1, f"the filter leaves {browser.run(shown)} rows, not 1")
    browser.find("#filter").clear()
    browser.find("#filter").send_keys("x", Keys.BACKSPACE)
    hold(browser.run(shown) > differing, "without the filter there are no more rows")


def row_opens(browser, pages):
    browser.open(pages / "equal/report.html")
    row = browser.find(".row")
    row.send_keys(Keys.ENTER)
    box = browser.find(".row + .open")
    hold(row.get_attribute("aria-expanded") == "true", "it does not say that it is open")
    hold("bytes behind the RPC header" in box.text and box.find_elements(By.CSS_SELECTOR, "pre, table"), "nothing is in it")
    row.send_keys(Keys.ENTER)
    hold(not browser.all(".row + .open"), "it does not close")


def sections(browser, pages):
    browser.open(pages / "equal/report.html")
    text = browser.find("main").text
    for command in ("make bench", "make hostile"):
        hold(f"not run: {command}" in text, f"it does not say that '{command}' was not run")
    browser.open(pages / "different/report.html")
    hold("not run" not in browser.find("main").text, "it says that something was not run, which was")
    hold(browser.all("#bench ~ .wrap svg circle"), "there is no plot of the bench")
    hold("refused" in browser.find("main").text, "there is no table of hostile devices")
    for link in browser.all("nav a"):
        hold(browser.all(link.get_attribute("hash")), f"'{link.text}' leads nowhere")
    browser.run("document.getElementById('bench').scrollIntoView()")
    browser.shot("bench")


def phone(browser, pages):
    browser.size(*PHONE, phone=True)
    try:
        for word in ("equal", "different"):
            browser.open(pages / word / "report.html")
            for box in browser.all("details.diff"):
                browser.run("arguments[0].open = true", box)
            width, inner = browser.run("return [document.documentElement.scrollWidth, innerWidth]")
            hold(inner == PHONE[0], f"the window is {inner} wide")
            hold(width <= inner, f"{word}: the page is {width} wide, the window {inner}")
            timeline = browser.run("const t = document.getElementById('timeline'); return [t.scrollWidth, t.clientWidth]")
            hold(timeline[0] <= timeline[1], f"{word}: the timeline is {timeline[0]} wide, its box {timeline[1]}")
            small = browser.run("""return [...document.querySelectorAll('main p, .row .what, td')].filter(
                (e) => e.offsetParent && parseFloat(getComputedStyle(e).fontSize) < 11).length""")
            hold(small == 0, f"{small} texts are smaller than 11 pixels")
        browser.open(pages / "different/report.html")
        browser.shot("phone")
        browser.find("details.diff summary").click()
        browser.shot("phone-difference")
        browser.run("document.getElementById('wire').scrollIntoView()")
        browser.shot("phone-timeline")
    finally:
        browser.size(*DESK)


def dark(browser, pages):
    browser.open(pages / "different/report.html")
    look = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    light = browser.run(look)
    browser.shot("desktop")
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    try:
        dark_look = browser.run(look)
        browser.shot("dark")
        browser.run("document.getElementById('wire').scrollIntoView()")
        browser.shot("dark-timeline")
    finally:
        browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    hold(light[0] != dark_look[0] and light[1] != dark_look[1], f"in the dark it looks the same: {light}")


def without_scripts(browser, pages):
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages / "different/report.html")
        hold(browser.find("header .verdict").text == "different", "there is no verdict")
        hold(len(browser.all("#sides + .wrap tr")) > 8, "there is no table of sides")
        first = browser.find("details.diff[data-row]")
        first.find_element(By.CSS_SELECTOR, "summary").click()
        hold(first.find_element(By.CSS_SELECTOR, "table.fields").is_displayed(), "a difference does not open")
        hold(not browser.find(".tools").is_displayed(), "there are tools that do nothing")
    finally:
        browser.cdp("Emulation.setScriptExecutionDisabled", value=False)


CHECKS = [
    ("title and banner have the report's verdict", title_and_verdict),
    ("nothing on the console, nothing from the network", quiet),
    ("the first difference opens and leads to its row", first_difference),
    ("a wrong field has its name and both values", decoded),
    ("the register trace shows what differs, and folds the rest", registers),
    ("three lanes, with gaps and arrows of all kinds", lanes),
    ("only differences, and the filter", only_differences),
    ("a row opens and closes by keyboard", row_opens),
    ("each section is there, or says that it was not run", sections),
    ("readable on a phone, without scrolling sideways", phone),
    ("light and dark", dark),
    ("verdict, tables and differences without scripts", without_scripts),
]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 64
    pages, shots = (pathlib.Path(argument) for argument in sys.argv[1:])
    shots.mkdir(parents=True, exist_ok=True)
    bad = 0
    print(f"TAP version 13\n1..{len(CHECKS)}")
    with tempfile.TemporaryDirectory(dir=shots) as profile:
        browser = Browser(profile, shots)
        try:
            for number, (name, check) in enumerate(CHECKS, 1):
                try:
                    check(browser, pages)
                    print(f"ok {number} - page: {name}", flush=True)
                except (Failed, WebDriverException, StopIteration) as error:
                    bad += 1
                    print(f"# {str(error).splitlines()[0] if str(error) else 'it is not on the page'}")
                    print(f"not ok {number} - page: {name}", flush=True)
        finally:
            browser.driver.quit()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
