"""A small local server that speaks the endpoints of the Hugging Face hub, and models with weights as there are."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

COMMIT = "c" * 40


class Hub:
    """Repositories and the ways in which serving them goes wrong.

    Attributes:
        repositories: Name -> file name -> content.
        break_after: Bytes after which the next download of a file is cut off (once).
        lie_about: Files whose digest is announced wrongly.
        vanished: Files that are listed but not there.
        nameless: Whether the listings have a file whose name is null.
        commit: Commit that is served, whichever was asked for.
        silent: Seconds that every answer takes.
        ranges: "Range" headers received.
        requests: Paths asked for.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.break_after: int | None = None
        self.lie_about: set[str] = set()
        self.vanished: set[str] = set()
        self.nameless = False
        self.commit = COMMIT
        self.silent = 0.0
        self.ranges: list[str] = []
        self.requests: list[str] = []
        self.endpoint = ""

    def listing(self, repository: str) -> dict[str, object]:
        siblings = []
        for name, content in self.repositories[repository].items():
            shown = b"something else" if name in self.lie_about else content
            item: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": git_digest(shown)}
            if name.endswith((".safetensors", ".bin", ".onnx")):
                digest = hashlib.sha256(shown).hexdigest()
                item["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 100}
            siblings.append(item)
        if self.nameless:
            siblings.append({"rfilename": None})
        return {"id": repository, "modelId": repository, "sha": self.commit, "siblings": siblings, "tags": []}

    def tree(self, repository: str) -> list[dict[str, object]]:
        """The listing as huggingface_hub 1 and later ask for it."""
        rows = []
        for name, content in self.repositories[repository].items():
            shown = b"something else" if name in self.lie_about else content
            row: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": git_digest(shown)}
            if name.endswith((".safetensors", ".bin", ".onnx")):
                row["lfs"] = {"oid": hashlib.sha256(shown).hexdigest(), "size": len(content), "pointerSize": 100}
            rows.append(row)
        if self.nameless:
            rows.append({"type": "file", "path": None, "size": 0, "oid": ""})
        return rows


def git_digest(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Answers for the hub that it is made for."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        return

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.requests.append(self.path)
        time.sleep(self.hub.silent)
        path = unquote(self.path.partition("?")[0]).strip("/").split("/")
        if path[:2] == ["api", "models"]:
            self.model(f"{path[2]}/{path[3]}", path[5] if len(path) > 4 else "main", path[4:5] == ["tree"])
        elif len(path) > 4 and path[2] == "resolve":
            self.file(f"{path[0]}/{path[1]}", "/".join(path[4:]))
        else:
            self.fail("EntryNotFound")

    def model(self, repository: str, revision: str, tree: bool) -> None:
        if repository not in self.hub.repositories:
            self.fail("RepoNotFound")
        elif revision not in ("main", COMMIT, self.hub.commit):
            self.fail("RevisionNotFound")
        else:
            answer = self.hub.tree(repository) if tree else self.hub.listing(repository)
            self.reply(200, json.dumps(answer).encode(), {})

    def file(self, repository: str, name: str) -> None:
        content = self.hub.repositories[repository].get(name)
        if content is None or name in self.hub.vanished:
            self.fail("EntryNotFound")
            return
        shown = git_digest(b"something else" if name in self.hub.lie_about else content)
        headers = {"X-Repo-Commit": self.hub.commit, "ETag": f'"{shown}"', "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range")
        if asked is None or self.command == "HEAD":
            self.reply(200, content, headers)
            return
        self.hub.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").partition("-")[0])
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.reply(206, content[start:], headers)

    def fail(self, code: str) -> None:
        self.reply(404, b"", {"X-Error-Code": code, "X-Error-Message": f"{code}: {self.path}"})

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.break_after is not None and len(body) > self.hub.break_after:
            body, self.hub.break_after = body[: self.hub.break_after], None
            self.wfile.write(body)
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Run the server in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Of", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def pickled(folder: Path, source: Path, *extra: Any) -> Path:
    """A copy of a model whose weights are a pickle, as NLLB's are on the hub; ``extra`` is pickled with them."""
    import shutil

    import torch
    from safetensors.torch import load_file

    shutil.copytree(source, folder)
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state | {f"extra{i}": item for i, item in enumerate(extra)}, folder / "pytorch_model.bin")
    return folder
