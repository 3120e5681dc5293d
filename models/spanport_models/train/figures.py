"""The figures of the model card, measured on held-out data through what users run."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import sacrebleu
from msgspec import structs
from seqeval.metrics import f1_score

from spanport_models.encoder import Encoder
from spanport_models.train.sources import ENGLISH, LANGUAGES, NTREX_FIRST_HALF, read_conll
from spanport_models.train.text import detokenize
from spanport_models.translator import Translator


@dataclass(frozen=True)
class Figure:
    """One row of the model card: what was measured, on what, and the value."""

    task: str
    test_set: str
    value: str


def entity_f1(encoder: Encoder, path: Path) -> float:
    """Entity F1 (seqeval) of the encoder's labels, read as the engine reads them, on a CoNLL file."""
    from spanport_kernels.tagging import best_tags

    sentences = [(words, labels) for words, labels in read_conll(path) if words[0] != "-DOCSTART-"]
    encoded = encoder.encode([words for words, _ in sentences], hidden=False)
    offsets = encoded.word_offsets
    best = best_tags(encoded.word_probabilities, offsets, encoder.labels)
    predicted = [[encoder.labels[k] for k in best[start:end]] for start, end in pairwise(offsets)]
    return float(f1_score([labels for _, labels in sentences], predicted))


def _scores(hypotheses: list[str], references: list[str]) -> str:
    bleu = sacrebleu.corpus_bleu(hypotheses, [references]).score
    chrf = sacrebleu.corpus_chrf(hypotheses, [references]).score
    return f"{bleu:.1f} / {chrf:.1f}"


def translation(
    translator: Translator, sources: list[str], references: list[str], language: str, beam_size: int
) -> tuple[str, str, float]:
    """BLEU / chrF of the translations into English and of copying the source; sentences a second."""
    start = time.perf_counter()
    results = translator.translate(sources, language, ENGLISH, beam_size=beam_size)
    speed = len(sources) / (time.perf_counter() - start)
    return _scores([result.text for result in results], references), _scores(sources, references), speed


def _second_half(data: Path, name: str) -> list[str]:
    lines = (data / "ntrex" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines[NTREX_FIRST_HALF:] if line.strip()]


def _deepl_test(data: Path, code: str, limit: int | None) -> tuple[list[str], list[str]]:
    root = data / "conll-parallel"
    english = read_conll(root / "original" / "en.test.tsv")
    other = read_conll(root / f"en2{code}" / "deepl.test.tsv")
    kept = [(a, b) for (a, _), (b, _) in zip(english, other, strict=True) if a[0] != "-DOCSTART-"][:limit]
    return [detokenize(b, LANGUAGES[code]) for _, b in kept], [detokenize(a, ENGLISH) for a, _ in kept]


def labelling(data: Path, bundle: Path) -> Iterator[Figure]:
    """Entity F1 of the encoder alone, on English and, by transfer, on the native sets."""
    encoder = Encoder(bundle / "encoder")
    for code in ("en", *LANGUAGES):
        name = "native test, model transfer" if code != "en" else "CoNLL-2003 test"
        score = entity_f1(encoder, data / "conll-parallel" / "original" / f"{code}.test.tsv")
        yield Figure("NER F1", f"{code}: {name}", f"{score:.3f}")


def translating(data: Path, bundle: Path, limit: int | None = None, beams: Sequence[int] = (1,)) -> Iterator[Figure]:
    """BLEU / chrF into English, on NTREX with every size of the beam; `limit` sentences a test set where given."""
    translator = Translator(bundle / "translator", inter_threads=1)
    speeds = []
    for beam in beams:
        for code, language in LANGUAGES.items():
            sources, references = _second_half(data, language[:3])[:limit], _second_half(data, "eng")[:limit]
            model, copy, speed = translation(translator, sources, references, language, beam)
            speeds.append(speed)
            yield Figure(_task(beam), f"{code}: NTREX-128, second half", f"{model} (copying: {copy})")
    for code in ("es", "de"):
        sources, references = _deepl_test(data, code, limit)
        model, copy, _ = translation(translator, sources, references, LANGUAGES[code], beams[0])
        yield Figure(_task(beams[0]), f"{code}: CoNLL test by DeepL", f"{model} (copying: {copy})")
    speed = float(np.mean(speeds[: len(LANGUAGES)]))
    yield Figure("sentences/s, one thread", "NTREX-128, translation alone", f"{speed:.0f}")


def _task(beam: int) -> str:
    return "BLEU / chrF into English" + (f", beam {beam}" if beam > 1 else "")


def running(data: Path, bundle: Path) -> Iterator[Figure]:
    """Entity F1 of `Engine.label` on native text, and of `Engine.project` from gold English onto Europarl."""
    from spanport import Engine
    from spanport.compare import load_set
    from spanport.evaluate import count_entities
    from spanport.options import StreamOptions

    # Batches by the input alone, so that figures do not depend on how busy the machine is.
    with Engine.from_bundle(str(bundle), stream=StreamOptions(linger=None)) as engine:
        for code in ("es", "de"):
            gold = load_set(code, str(data / "conll-parallel" / "original" / f"{code}.test.tsv")).gold
            found = engine.label([structs.replace(sentence, spans=()) for sentence in gold], lang=code)
            labelled = [projection.labelled() for projection in found]
            score = count_entities(gold, labelled).scores().micro.f1
            yield Figure("F1 of `spanport label`", f"{code}: native test", f"{score:.3f}")
        for code in ("de", "es"):
            root = data / "europarl-ner"
            files = (str(root / f"{side}.test.conll02") for side in (code, "en"))
            pairs = load_set(code, next(files), source=next(files))
            found = engine.project(pairs.pairs or ())
            score = count_entities(pairs.gold, [projection.labelled() for projection in found]).scores().micro.f1
            yield Figure("F1 of `spanport project`", f"{code}: Europarl, gold English entities", f"{score:.3f}")


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [f"| {figure.task} | {figure.test_set} | {figure.value} |" for figure in figures]
    return "\n".join(["| figure | test set | value |", "|---|---|---|", *rows])
