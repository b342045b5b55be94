"""A headless Chromium for tests, spoken to over two pipes: real keys, pointer and pixels."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OFF = "gpu quic background-networking component-update sync dev-shm-usage extensions"
FLAGS = [
    *("--headless", "--no-sandbox", "--no-first-run", "--hide-scrollbars"),
    *(f"--disable-{name}" for name in OFF.split()),
    "--remote-debugging-pipe",
]
PATIENCE = 60.0  # seconds for one answer, on a busy machine
KEYS = {" ": ("Space", 32), "ArrowLeft": ("", 37), "ArrowRight": ("", 39), "Home": ("", 36)}
KEYS |= {"End": ("", 35), "d": ("KeyD", 68)}


def found() -> str | None:
    """Return the browser's path, or None."""
    named = os.environ.get("SKELFUSE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


class Browser:
    """A browser; `problems` are what the console of the page complained of."""

    def __init__(self, folder: Path) -> None:
        path = found()
        assert path is not None
        ours, theirs = os.pipe(), os.pipe()  # what it reads, what it writes
        # It wants exactly these two numbers, which a shell can give.
        script = f'exec "$0" "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, path, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self.to, self.back, self.rest, self.last = ours[1], theirs[0], b"", 0
        self.problems: list[str] = []
        self.asked: list[str] = []  # addresses that the page wanted
        self.session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.to)
        os.close(self.back)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.last += 1
        message: dict[str, Any] = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.last:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self._heard(answer)

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            part = os.read(self.back, 1 << 16)
            assert part, "the browser ended"
            self.rest += part
        one, self.rest = self.rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(one)
        return message

    def _heard(self, event: dict[str, Any]) -> None:
        method, told = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.problems.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.problems.append(json.dumps(told["args"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])

    def show(self, page: Path, *, width: int, height: int, dark: bool = False) -> None:
        self.asked.clear()
        self.problems.clear()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=page.as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def js(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.js(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        code, number = KEYS[key]
        fields = {"key": key, "code": code or key, "windowsVirtualKeyCode": number}
        if len(key) == 1:
            fields["text"] = key
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, **fields)

    def drag(self, path: list[tuple[float, float]]) -> None:
        for i, (x, y) in enumerate([*path, path[-1]]):
            kind = "mousePressed" if i == 0 else "mouseMoved"
            if i == len(path):
                kind = "mouseReleased"
            point = {"x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, **point)

    def click(self, css: str) -> None:
        self.drag([self.middle(css)])

    def middle(self, css: str) -> tuple[float, float]:
        self.js(f"document.querySelector({css!r}).scrollIntoView({{block: 'center'}})")
        box = self.js(
            f"(b => [b.x + b.width / 2, b.y + b.height / 2])"
            f"(document.querySelector({css!r}).getBoundingClientRect())"
        )
        return box[0], box[1]

    def text(self, css: str) -> str:
        return str(self.js(f"document.querySelector({css!r}).textContent"))

    def pixels(self, canvas: str = "#stage") -> str:
        return str(self.js(f"document.querySelector({canvas!r}).toDataURL()"))

    def is_readable(self, width: int) -> None:
        """Fail where a text is small, faint or cut off, or what can be used has no name."""
        assert self.js("document.documentElement.scrollWidth") == width
        texts = [one for one in self.js(TEXTS) if one[3] > 0]  # 0: of a part that is not shown
        assert len(texts) > 40
        for told, size, contrast, right in texts:
            assert size >= 12, told
            assert contrast >= 4.5, (told, contrast)  # WCAG AA
            assert right <= width + 0.5, told
        assert self.js(UNNAMED) == 0
        assert self.problems == []


# Every text with its size, its contrast to what is behind it, and how far right it goes (in a part
# that scrolls of itself: the part).
TEXTS = """(() => {
  const light = c => { const [r, g, b] = c.map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const over = colours => { pen.clearRect(0, 0, 1, 1);
    for (const c of colours) { pen.fillStyle = c; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), own = walk.currentNode.parentElement;
    if (!text || own.closest('option, script')) continue;
    const behind = [];
    for (let e = own; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
    const a = light(over(behind)), b = light(over([...behind, getComputedStyle(own).color]));
    const box = (own.closest('.scroll') || own).getBoundingClientRect();
    found.push([text, parseFloat(getComputedStyle(own).fontSize),
      (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), box.right]);
  }
  return found;
})()"""

UNNAMED = """
  [...document.querySelectorAll('button, input, select, svg, canvas:not([aria-hidden])')].filter(
    e => !(e.ariaLabel || e.textContent.trim() || e.closest('label'))).length"""
