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


@app.command("list", epilog="Example: spanport models list")
def list_() -> None:
    """List every model by name, and where it lies."""
    from spanport_models import list_models

    rows = []
    for entry in list_models():
        place = "bundled" if entry.shipped else str(entry.path or "not on this machine")
        licence = entry.card.licence if entry.card else ""
        rows.append((entry.name, place, licence))
    table(("name", "where", "licence"), rows)


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
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Take pickled weights, which can run code.")
    ] = False,
) -> None:
    """Download a model, or go on with a download that was cut off (needs the extra: hub)."""
    from spanport_models.fetch import fetch as fetch_model
    from spanport_models.registry import licence_notice

    fetched = fetch_model(
        name, source=source, endpoint=endpoint, revision=revision, allow_pickle=allow_pickle, progress=say
    )
    say(f"{fetched.path} (licence: {fetched.licence}{f', commit {fetched.commit}' if fetched.commit else ''})")
    if notice := licence_notice(fetched.licence):
        say(notice)
    if not fetched.ready:
        say("next: `spanport export encoder|translator` makes a bundle of it")
