"""`spanport models`: what bundles there are, what one holds, whether it is intact."""

from __future__ import annotations

from typing import Annotated

import typer

from spanport.cli.console import print_json, say, table

app = typer.Typer(
    help="List, show and verify bundles of models.",
    no_args_is_help=True,
    epilog="Example: spanport models show mini",
)
Name = Annotated[str, typer.Argument(help="A name of `spanport models list`, or a folder.")]


@app.command("list", epilog="Example: spanport models list --commercial")
def list_(
    commercial: Annotated[
        bool, typer.Option("--commercial", help="Only those whose licence allows commercial use.")
    ] = False,
) -> None:
    """List every model by name: where it lies, or how large the download is, its licence and its languages."""
    from spanport_models import list_models

    rows = []
    for entry in list_models():
        card = entry.card
        if commercial and not (card and card.commercial):
            continue
        size = f"to fetch, {card.download_bytes / 1e9:.1f} GB" if card else ""
        place = "bundled" if entry.shipped else str(entry.path or size)
        kind = card.kind if card else "bundle"
        languages = len(card.languages) if card else 0
        licence = card.licence if card else _licence(entry.name)
        rows.append((entry.name, kind, place, licence, str(languages or "")))
    table(("name", "kind", "where", "licence", "languages"), rows, left=True)


def _licence(name: str) -> str:
    """What the manifest of a bundle says of its licence; a bundle that cannot be read is listed all the same."""
    from spanport.errors import ModelError
    from spanport_models import find_model
    from spanport_models.manifest import read_manifest

    try:
        return read_manifest(find_model(name)).licence
    except ModelError:
        return "manifest cannot be read"


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
