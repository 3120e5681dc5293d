"""`spanport demo`: the main job on a sample."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Annotated

import typer

from spanport.cli.console import heading, marked, say, show
from spanport.types import Sentence, Span

MARK = re.compile(r"\[(PER|ORG|LOC|MISC) ([^\]]*)\]")


def sample() -> list[Sentence]:
    """The sample: sentences in three languages with their entities as a reader marks them."""
    lines = files("spanport").joinpath("demo/sentences.tsv").read_text("utf8").splitlines()
    return [_parse(*line.split("\t")) for line in lines]


def _parse(language: str, marked_up: str) -> Sentence:
    text, spans, at = "", [], 0
    for match in MARK.finditer(marked_up):
        text += marked_up[at : match.start()]
        spans.append(Span(len(text), len(text) + len(match[2]), match[1]))
        text += match[2]
        at = match.end()
    return Sentence(text + marked_up[at:], language, spans=tuple(spans))


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport demo --lang deu_Latn")
    def demo(
        bundle: Annotated[str, typer.Option(help="Bundle of models: a name or a folder.")] = "mini",
        lang: Annotated[str | None, typer.Option(help="Only the sentences of this language.")] = None,
    ) -> None:
        """Label a sample of sentences and show source, translation and projected entities."""
        from spanport.api import Engine
        from spanport.errors import UsageError
        from spanport.languages import resolve

        chosen = [s for s in sample() if lang is None or s.language == resolve(lang)]
        if not chosen:
            known = ", ".join(dict.fromkeys(s.language for s in sample()))
            raise UsageError(f"the sample has no sentences in {lang!r}; it has {known}")
        right = missing = wrong = 0
        with Engine.from_bundle(bundle) as engine:
            for language in dict.fromkeys(s.language for s in chosen):
                gold = [s for s in chosen if s.language == language]
                heading(language)
                for sentence, result in zip(gold, engine.label([s.text for s in gold], lang=language), strict=True):
                    show(marked(sentence.text, result.spans))
                    show(marked(result.source.text, result.source.spans), style="dim")
                    show()
                    expected = {(s.start, s.end, s.label) for s in sentence.spans}
                    found = {(s.start, s.end, s.label) for s in result.spans}
                    right += len(expected & found)
                    missing += len(expected - found)
                    wrong += len(found - expected)
        say(f"Against a reader's marks: {right} entities right, {missing} missing, {wrong} wrong.")
