"""Command line of the training recipe: `python -m spanport_models.train all --data DIR --work DIR --out DIR`."""

import argparse
from collections.abc import Callable
from itertools import chain
from pathlib import Path

STEPS = ("corpus", "vocabulary", "lexicon", "embeddings", "encoder", "translator", "export")
_SMOKE_MINUTES = 0.5
_CYCLES, _SMOKE_CYCLES = 4, 2
_SMOKE_PAIRS = 12_000


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spanport_models.train",
        description="Trains the bundled miniatures, one core per model. Steps resume and skip finished work.",
        epilog="example: python -m spanport_models.train all --data data --work work --out mini --minutes 90. "
        "To use two cores, run the steps `encoder` and `translator` at the same time.",
    )
    parser.add_argument("step", choices=("all", *STEPS, "figures"))
    parser.add_argument("--data", type=Path, required=True, help="folder of the research data")
    parser.add_argument("--work", type=Path, help="folder of intermediate files and checkpoints")
    parser.add_argument("--out", type=Path, help="folder of the bundle (steps all and export)")
    parser.add_argument("--bundle", type=Path, help="bundle to measure (step figures)")
    parser.add_argument("--minutes", type=float, help="training time of each model (default 90)")
    parser.add_argument("--until", help="train until this local time, HH:MM, instead")
    parser.add_argument(
        "--cycles",
        type=int,
        help=f"cycles of training, the first half of the time; their ends are averaged (default {_CYCLES})",
    )
    parser.add_argument("--limit", type=int, help="sentences of each translation test set (step figures)")
    parser.add_argument(
        "--only", choices=("ner", "translation", "running"), help="part of the figures (step figures)"
    )
    parser.add_argument(
        "--beams", type=int, nargs="+", default=[1, 4], help="sizes of the beam (step figures; default 1 4)"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="a three-minute run on part of the data, to test the recipe"
    )
    parser.add_argument("--restart", action="store_true", help="train anew instead of resuming from checkpoints")
    return parser


def _corpus(options: argparse.Namespace) -> None:
    from spanport_models.train.sources import read_all, thin, write_corpus

    pairs = read_all(options.data)
    count = write_corpus(thin(pairs, _SMOKE_PAIRS) if options.smoke else pairs, options.work / "corpus.jsonl")
    print(f"{count} sentence pairs")


def _vocabulary(options: argparse.Namespace) -> None:
    from spanport_models.train import vocabulary
    from spanport_models.train.sources import load_corpus

    vocabulary.train(load_corpus(options.work / "corpus.jsonl"), options.work)


def _lexicon(options: argparse.Namespace) -> None:
    from spanport_models.train import lexicon
    from spanport_models.train.sources import load_corpus

    scores = lexicon.build(load_corpus(options.work / "corpus.jsonl"))
    print(f"{lexicon.write(scores, options.work / 'lexicon.npz')} lexicon entries")


def _embeddings(options: argparse.Namespace) -> None:
    from spanport_models.train import embeddings
    from spanport_models.train.sources import load_corpus

    embeddings.write(load_corpus(options.work / "corpus.jsonl"), options.work)


def _train(options: argparse.Namespace, name: str, tokenizer_file: str) -> None:
    from importlib import import_module

    import numpy as np
    from tokenizers import Tokenizer

    from spanport_models.train.loop import cycle_ends, deadline
    from spanport_models.train.sources import load_corpus

    module = import_module(f"spanport_models.train.{name}")
    pairs = load_corpus(options.work / "corpus.jsonl")
    end = deadline(_SMOKE_MINUTES if options.smoke else options.minutes, options.until)
    cycles = options.cycles or (_SMOKE_CYCLES if options.smoke else _CYCLES)
    for cycle, stop in enumerate(cycle_ends(end, cycles)):
        module.train(
            pairs,
            Tokenizer.from_file(str(options.work / tokenizer_file)),
            options.work / f"{name}.pt",
            stop,
            np.load(options.work / "embeddings.npy"),
            resume=cycle > 0 or not options.restart,
        )


def _export(options: argparse.Namespace) -> None:
    from spanport_models.train.export import export

    print(export(options.work, options.out))


def _figures(options: argparse.Namespace) -> None:
    from spanport_models.train.figures import labelling, running, table, translating

    bundle = options.bundle or options.out
    parts = {
        "ner": lambda: labelling(options.data, bundle),
        "translation": lambda: translating(options.data, bundle, options.limit, options.beams),
        "running": lambda: running(options.data, bundle),
    }
    figures = []
    for figure in chain.from_iterable(parts[name]() for name in ([options.only] if options.only else parts)):
        print(f"{figure.task:28} {figure.test_set:36} {figure.value}", flush=True)
        figures.append(figure)
    print(table(figures))


_RUN: dict[str, Callable[[argparse.Namespace], None]] = {
    "corpus": _corpus,
    "vocabulary": _vocabulary,
    "lexicon": _lexicon,
    "embeddings": _embeddings,
    "encoder": lambda options: _train(options, "encoder", "xlmr.json"),
    "translator": lambda options: _train(options, "translator", "nllb.json"),
    "export": _export,
    "figures": _figures,
}
_MADE = {
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
