"""`spanport models`: what bundles there are, what one holds, whether it is intact."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from spanport.cli.console import print_json, say, table

app = typer.Typer(
    help="List, show and verify bundles of models.",
    no_args_is_help=True,
    epilog="Example: spanport models show mini",
)
COLUMNS = ("name", "kind", "where", "bytes", "licence", "languages")
FETCH, BUNDLED = "to fetch", "bundled"
HERE = {FETCH: "", BUNDLED: BUNDLED}
Name = Annotated[str, typer.Argument(help="A name of `spanport models list`, or a folder.")]


@app.command("list", epilog="Example: spanport models list --commercial")
def list_(
    commercial: Annotated[
        bool, typer.Option("--commercial", help="Only those whose licence allows commercial use.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every model by name: where it lies, how large it or its download is, its licence and its languages."""
    from spanport_models import list_models

    rows = []
    for entry in list_models():
        card = entry.card
        if commercial and not (card and card.commercial):
            continue
        size = _size(entry.path) if entry.path else card.download_bytes if card else 0
        place = BUNDLED if entry.shipped else str(entry.path or FETCH)
        licence, languages = (card.licence, len(card.languages)) if card else _manifest(entry.name)
        rows.append((entry.name, card.kind if card else "bundle", place, size, licence, languages))
    if json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
        return
    shown = [
        (name, kind, f"{size / 1e9:.1f}", HERE.get(where, "yes"), licence, str(languages or ""))
        for name, kind, where, size, licence, languages in rows
    ]
    table(("name", "kind", "GB", "here", "licence", "langs"), shown, left=True)


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def _manifest(name: str) -> tuple[str, int]:
    """The licences of a bundle without remarks, and how many languages; one that cannot be read is listed too."""
    from spanport.errors import ModelError
    from spanport_models import find_model
    from spanport_models.manifest import read_manifest

    try:
        manifest = read_manifest(find_model(name))
    except ModelError:
        return "manifest cannot be read", 0
    licences = re.sub(r"\s*\([^()]*\)", "", manifest.licence).split(" AND ")
    return " AND ".join(dict.fromkeys(licences)), len(getattr(manifest, "languages", ()))


@app.command(epilog="Example: spanport models show mini")
def show(name: Name) -> None:
    """Print the manifests of a bundle and of its components as JSON."""
    from spanport_models import find_model
    from spanport_models.manifest import PipelineManifest, read_manifest

    folder = find_model(name)
    manifest = read_manifest(folder)
    parts = {}
    if isinstance(manifest, PipelineManifest):
        parts = {role: read_manifest(folder / path) for role, path in manifest.models.items()}
    print_json({"folder": str(folder), "manifest": manifest, "components": parts})


@app.command(epilog="Example: spanport models verify mini")
def verify(name: Name) -> None:
    """Hash every file of a bundle and compare with its manifest."""
    from spanport_models import find_model, verify_bundle

    checked = verify_bundle(find_model(name))
    for folder in checked:
        say(f"intact: {folder}")


@app.command(epilog="Example: spanport models fetch nllb-200-distilled-600M")
def fetch(
    name: Annotated[str, typer.Argument(help="A name of `spanport models list`, or owner/model on the hub.")],
    source: Annotated[str | None, typer.Option(help="Take it from this local folder instead.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Address of a mirror of the hub.")] = None,
    revision: Annotated[str | None, typer.Option(help="Commit, tag or branch.")] = None,
) -> None:
    """Download a model, or go on with a download that was cut off (needs the extra: hub)."""
    from spanport_models.cards import licence_notice
    from spanport_models.fetch import fetch as fetch_model

    fetched = fetch_model(name, source=source, endpoint=endpoint, revision=revision, progress=say)
    say(f"{fetched.path} (licence: {fetched.licence}{f', commit {fetched.commit}' if fetched.commit else ''})")
    if notice := licence_notice(fetched.licence):
        say(notice)
    if not fetched.ready:
        say("next: `spanport export encoder|translator` makes a bundle of it")
