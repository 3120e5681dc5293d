"""Headless Chromium through its own protocol, over two pipes: what a page does, not only what it holds."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --remote-debugging-pipe"


class Chromium:
    """One browser with one page."""

    def __init__(self, profile: Path) -> None:
        (read, theirs), (ours, write) = os.pipe(), os.pipe()
        command = f"exec {BROWSER} {FLAGS} --user-data-dir={profile} about:blank 3<&{ours} 4>&{theirs}"
        self._process = subprocess.Popen(
            ["bash", "-c", command], pass_fds=(ours, theirs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(ours), os.close(theirs)
        self._write, self._read = write, os.fdopen(read, "rb")
        self._numbers, self._session, self.events = itertools.count(1), {}, list[dict[str, Any]]()
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._read.close()
        os.close(self._write)

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command; events that come in between are kept in `events`."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters, **self._session}
        os.write(self._write, json.dumps(command).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self.events.append(message)

    def _message(self) -> dict[str, Any]:
        parts = bytearray()
        while (byte := self._read.read(1)) != b"\0":
            assert byte, "the browser ended"
            parts += byte
        return dict(json.loads(parts))

    def open(self, page: Path) -> None:
        """Open a page and wait until it is loaded."""
        self.events.clear()
        self("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._message())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        found = self("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def key(self, key: str) -> None:
        """Press a key."""
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key, **(text if kind == "keyDown" else {}))

    def hover(self, selector: str) -> None:
        """Move the pointer onto an element."""
        box = "(r => [r.left + r.width / 2, r.top + r.height / 2])"
        x, y = self.evaluate(f"{box}(document.querySelector({json.dumps(selector)}).getClientRects()[0])")
        self("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path: Path) -> None:
        """Write what is seen."""
        path.write_bytes(base64.b64decode(self("Page.captureScreenshot")["data"]))
