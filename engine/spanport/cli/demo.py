"""`spanport demo`: the main job on a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

import typer

from spanport.cli.console import heading, marked, say, show
from spanport.types import Projection, Sentence, Span

if TYPE_CHECKING:
    from spanport.api import Engine

MARK = re.compile(r"\[(PER|ORG|LOC|MISC) ([^\]]*)\]")
SHOWN = ("spa_Latn", "deu_Latn", "rus_Cyrl", "arb_Arab", "zho_Hans", "swh_Latn")
"""Languages of which a sentence is shown where nothing else is asked for."""


def sample() -> list[Sentence]:
    """The sample: sentences in many languages with their entities as a reader marks them."""
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


def labelled(engine: Engine, gold: Sequence[Sentence]) -> Iterator[tuple[Sentence, Projection]]:
    """The sentences with what the engine finds, language by language.

    Those of languages that the bundle's translator has not are labelled by the classifier alone.
    """
    for language in dict.fromkeys(sentence.language for sentence in gold):
        own = [sentence for sentence in gold if sentence.language == language]
        system = None if language in engine.models.languages else "model-transfer"
        texts = [sentence.text for sentence in own]
        yield from zip(own, engine.label(texts, lang=language, system=system), strict=True)


def marks(sentence: Sentence, result: Projection) -> tuple[int, int, int]:
    """How many entities are right, missing and wrong by a reader's marks."""
    expected = {(s.start, s.end, s.label) for s in sentence.spans}
    found = {(s.start, s.end, s.label) for s in result.spans}
    return len(expected & found), len(expected - found), len(found - expected)


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Examples: spanport demo; spanport demo --all; spanport demo --lang deu_Latn")
    def demo(
        bundle: Annotated[str, typer.Option(help="Bundle of models: a name or a folder.")] = "mini",
        lang: Annotated[str | None, typer.Option(help="Only the sentences of this language.")] = None,
        every: Annotated[bool, typer.Option("--all", help="Every sentence of the sample.")] = False,
    ) -> None:
        """Label a sample of sentences and show them, their translations and their entities."""
        from spanport.api import Engine
        from spanport.errors import UsageError
        from spanport.languages import language_name, resolve

        gold = [s for s in sample() if lang is None or s.language == resolve(lang)]
        if not gold:
            known = ", ".join(dict.fromkeys(s.language for s in sample()))
            raise UsageError(f"the sample has no sentences in {lang!r}; it has {known}")
        if lang is None and not every:
            gold = [next(s for s in gold if s.language == code) for code in SHOWN]
        counts = []
        last = ""
        with Engine.from_bundle(bundle) as engine:
            for sentence, result in labelled(engine, gold):
                if sentence.language != last:
                    heading(f"{language_name(sentence.language)} ({sentence.language})")
                last = sentence.language
                show(marked(sentence.text, result.spans))
                if result.source.text:
                    show(marked(result.source.text, result.source.spans), style="dim")
                counts.append(marks(sentence, result))
        right, missing, wrong = (sum(column) for column in zip(*counts, strict=True))
        say(f"Against a reader's marks: {right} entities right, {missing} missing, {wrong} wrong.")
        if lang is None and not every:
            say("Next: `spanport demo --all`, or your own text: `spanport label news.txt --lang es -o news.jsonl`.")
