"""Command line of the training recipe: `python -m mini all --data DIR --work DIR --out DIR`."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mini.figures import Figure

PARTS = ("ner", "translation", "running", "calibrated", "cost", "demo", "choices", "agreement")
STEPS = ("base", "corpus", "vocabulary", "lexicon", "embeddings", "encoder", "translator", "export")
_SMOKE_MINUTES = 0.5
_CYCLES, _SMOKE_CYCLES = 4, 2
_SMOKE_PAIRS = 12_000
_STUDENT_MINUTES = 5.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mini",
        description="Trains the bundled miniatures, one core per model. Steps resume and skip finished work.",
        epilog="example: python -m mini all --data data --work work --out mini --minutes 90. "
        "To use two cores, run the steps `encoder` and `translator` at the same time.",
    )
    parser.add_argument("step", choices=("all", *STEPS, "figures", "layers", "cut"))
    parser.add_argument("--data", type=Path, required=True, help="folder of the research data")
    parser.add_argument("--work", type=Path, help="folder of intermediate files and checkpoints")
    parser.add_argument("--out", type=Path, help="folder of the bundle (steps all and export)")
    parser.add_argument("--bundle", type=Path, help="bundle to measure, or to cut (steps figures and cut)")
    parser.add_argument("--pieces", type=int, default=200_000, help="pieces that stay (step cut; default 200000)")
    parser.add_argument("--minutes", type=float, help="training time of each model (default 90)")
    parser.add_argument("--until", help="train until this local time, HH:MM, instead")
    parser.add_argument(
        "--cycles",
        type=int,
        help=f"cycles of training, the first half of the time; the last three ends are averaged (default {_CYCLES})",
    )
    parser.add_argument("--translator", type=Path, help="exported translator to take as it is (step export)")
    parser.add_argument("--only", choices=PARTS, help="part of the figures (step figures)")
    parser.add_argument(
        "--smoke", action="store_true", help="a three-minute run on part of the data, to test the recipe"
    )
    parser.add_argument("--restart", action="store_true", help="train anew instead of resuming from checkpoints")
    return parser


def _base(options: argparse.Namespace) -> None:
    from mini.base import convert, prove
    from spanport.cli.demo import sample

    print(convert(options.work))
    print(f"worst cosine with the package's own engine: {prove(options.work, [one.text for one in sample()]):.5f}")


def _corpus(options: argparse.Namespace) -> None:
    from mini.sources import read_all, thin, write_corpus

    pairs = read_all(options.data)
    count = write_corpus(thin(pairs, _SMOKE_PAIRS) if options.smoke else pairs, options.work / "corpus.jsonl")
    print(f"{count} sentence pairs")


def _vocabulary(options: argparse.Namespace) -> None:
    from mini import vocabulary
    from mini.sources import for_translation, load_corpus

    vocabulary.train(for_translation(load_corpus(options.work / "corpus.jsonl")), options.work)


def _lexicon(options: argparse.Namespace) -> None:
    from mini import lexicon
    from mini.sources import load_corpus

    scores = lexicon.build(load_corpus(options.work / "corpus.jsonl"))
    print(f"{lexicon.write(scores, options.work / 'lexicon.npz')} lexicon entries")


def _embeddings(options: argparse.Namespace) -> None:
    from mini import embeddings
    from mini.sources import for_translation, load_corpus

    embeddings.write(for_translation(load_corpus(options.work / "corpus.jsonl")), options.work)


def _cycles(options: argparse.Namespace, run: Callable[[float, bool], object]) -> None:
    """Run `run(end, resume)` once a cycle."""
    from mini.loop import cycle_ends, deadline

    end = deadline(_SMOKE_MINUTES if options.smoke else options.minutes, options.until)
    cycles = options.cycles or (_SMOKE_CYCLES if options.smoke else _CYCLES)
    for cycle, stop in enumerate(cycle_ends(end, cycles)):
        run(stop, cycle > 0 or not options.restart)


def _encoder(options: argparse.Namespace) -> None:
    from mini import encoder
    from mini.sources import load_corpus

    pairs = load_corpus(options.work / "corpus.jsonl")
    path = options.work / "encoder.pt"
    _cycles(options, lambda end, resume: encoder.train(pairs, options.work / "base", path, end, resume))


def _translator(options: argparse.Namespace) -> None:
    import numpy as np
    from tokenizers import Tokenizer

    from mini import translator
    from mini.sources import for_translation, load_corpus

    pairs = for_translation(load_corpus(options.work / "corpus.jsonl"))
    path, start = options.work / "translator.pt", np.load(options.work / "embeddings.npy")
    tokenizer = Tokenizer.from_file(str(options.work / "nllb.json"))
    _cycles(options, lambda end, resume: translator.train(pairs, tokenizer, path, end, start, resume=resume))


def _export(options: argparse.Namespace) -> None:
    from mini.export import export

    print(export(options.work, options.out, options.translator))


def _figures(options: argparse.Namespace) -> None:
    from mini.choices import agreeing, choosing
    from mini.figures import MEASURED

    parts = {**MEASURED, "choices": choosing, "agreement": agreeing}
    for name in [options.only] if options.only else MEASURED:
        _show(parts[name](options.data, options.bundle or options.out))


def _layers(options: argparse.Namespace) -> None:
    from mini.layers import comparing

    _show(comparing(options.data, options.work, options.minutes or _STUDENT_MINUTES))


def _cut(options: argparse.Namespace) -> None:
    from mini.cut import cut

    gone, size = cut(options.bundle, options.out, options.pieces)
    print(f"{options.out}: {gone} pieces less, {size:.1f} MB")


def _show(figures: "Iterator[Figure]") -> None:
    from mini.figures import table

    found = []
    for figure in figures:
        print(f"{figure.task:28} {figure.test_set:36} {figure.value}", flush=True)
        found.append(figure)
    print(table(found))


_RUN: dict[str, Callable[[argparse.Namespace], None]] = {
    "base": _base,
    "corpus": _corpus,
    "vocabulary": _vocabulary,
    "lexicon": _lexicon,
    "embeddings": _embeddings,
    "encoder": _encoder,
    "translator": _translator,
    "export": _export,
    "figures": _figures,
    "layers": _layers,
    "cut": _cut,
}
_MADE = {
    "base": "base/model.safetensors",
    "corpus": "corpus.jsonl",
    "vocabulary": "nllb.json",
    "lexicon": "lexicon.npz",
    "embeddings": "embeddings.npy",
}


def main(arguments: list[str] | None = None) -> None:
    """Run the recipe, or one step of it."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.step == "figures":
        if not (options.bundle or options.out):
            parser.error("figures needs --bundle DIR")
    elif options.step == "cut":
        if not (options.bundle and options.out):
            parser.error("cut needs --bundle DIR and --out DIR")
    elif options.work is None or (options.step in ("all", "export") and options.out is None):
        parser.error(
            f"{options.step} needs --work DIR" + (" and --out DIR" if options.step in ("all", "export") else "")
        )
    else:
        options.work.mkdir(parents=True, exist_ok=True)
    if not options.data.is_dir():
        parser.error(f"--data: {options.data} is not a folder")
    for step in STEPS if options.step == "all" else (options.step,):
        if options.step == "all" and step in _MADE and (options.work / _MADE[step]).exists() and not options.restart:
            continue
        print(f"== {step}", flush=True)
        _RUN[step](options)


if __name__ == "__main__":
    main()
