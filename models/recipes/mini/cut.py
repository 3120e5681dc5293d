"""What the tail of the vocabulary is worth: a copy of a bundle in which rare pieces are never used.

Pieces are in the order of their scores. A cut one gets a score so low that text is written with others; single
characters stay, so that all text can be. Embedding rows stay in the copy: its figures are what a cut would cost, its
size is not.
"""

import json
import shutil
from pathlib import Path

import msgspec

from spanport_models.bundle import sha256_of
from spanport_models.manifest import read_manifest, write_manifest

NEVER = -1000.0


def cut(bundle: Path, out: Path, kept: int) -> tuple[int, float]:
    """Copy `bundle` to `out` with the `kept` best pieces, and characters; return how many go and their megabytes."""
    shutil.copytree(bundle, out)
    path = out / "encoder" / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    gone = 0
    for piece in tokenizer["model"]["vocab"][kept:-1]:  # the last is the mask
        if len(piece[0].strip("▁")) > 1:
            piece[1] = NEVER
            gone += 1
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    manifest = read_manifest(out / "encoder")
    write_manifest(
        out / "encoder", msgspec.structs.replace(manifest, files={**manifest.files, path.name: sha256_of(path)})
    )
    rows = len(tokenizer["model"]["vocab"])
    return gone, gone * (out / "encoder" / "embeddings.onnx_data").stat().st_size / rows / 1e6
