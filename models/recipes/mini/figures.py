"""The figures of the model card, measured on held-out data through what users run."""

import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import numpy as np
import sacrebleu
from msgspec import structs
from seqeval.metrics import f1_score

from mini.sources import ENGLISH, LANGUAGES, NTREX_FIRST_HALF, UNER, read_conll, read_uner
from mini.text import detokenize
from spanport import Engine
from spanport.cli.demo import labelled, marks, sample
from spanport.compare import compare_systems, load_set, parse_systems, run_systems
from spanport.evaluate import count_entities
from spanport.options import StreamOptions
from spanport.types import Sentence
from spanport_kernels.tagging import best_tags
from spanport_models.encoder import Encoder
from spanport_models.translator import Translator

Labelled = list[tuple[list[str], list[str]]]
MASAKHANER = {
    "hau": "hau_Latn",
    "lug": "lug_Latn",
    "tsn": "tsn_Latn",
    "twi": "twi_Latn",
    "yor": "yor_Latn",
    "swa": "swh_Latn",
}
BEAMS = (1, 4)
STREAM = StreamOptions(linger=None)
"""Batches by the input alone, so that figures do not depend on how busy the machine is."""


@dataclass(frozen=True)
class Figure:
    """One row of the model card: what was measured, on what, and the value."""

    task: str
    test_set: str
    value: str


def entity_f1(encoder: Encoder, sentences: Labelled, language: str, ignored: Sequence[str] = ()) -> float:
    """Entity F1 (seqeval) of the encoder's labels, read as the engine reads them; ignored types count as O."""

    def kept(labels: Sequence[str]) -> list[str]:
        return [label if label[:2] in ("B-", "I-") and label[2:] not in ignored else "O" for label in labels]

    words = [row for row, _ in sentences]
    encoded = encoder.encode(words, hidden=False, language=language)
    offsets = encoded.word_offsets
    best = best_tags(encoded.word_probabilities, offsets, encoder.labels)
    predicted = [kept([encoder.labels[k] for k in best[start:end]]) for start, end in pairwise(offsets)]
    return float(f1_score([kept(labels) for _, labels in sentences], predicted))


def labelling(data: Path, bundle: Path) -> Iterator[Figure]:
    """Entity F1 of the encoder alone: English, native sets whose labels it never saw, UNER and MasakhaNER 2."""
    encoder = Encoder(bundle / "encoder")
    for code in ("en", *LANGUAGES):
        path = data / "conll-parallel" / "original" / f"{code}.test.tsv"
        sentences = [(words, labels) for words, labels in read_conll(path) if words[0] != "-DOCSTART-"]
        name = "native test, model transfer" if code != "en" else "CoNLL-2003 test"
        value = entity_f1(encoder, sentences, LANGUAGES.get(code, ENGLISH))
        yield Figure("NER F1", f"{code}: {name}", f"{value:.3f}")
        if code == "it":  # Evalita's standard has no MISC
            value = entity_f1(encoder, sentences, LANGUAGES[code], ("MISC",))
            yield Figure("NER F1", f"{code}: {name}, MISC left out", f"{value:.3f}")
    sets: dict[str, dict[str, tuple[Path, Callable[[Path], Labelled], str, tuple[str, ...]]]] = {
        "UNER": {
            code: (next((data / "uner").glob(f"{code}_*-test.iob2")), read_uner, language, ("MISC",))
            for code, language in UNER.items()
        },
        "MasakhaNER 2": {
            code: (data / "masakhaner2" / code / "test.txt", read_conll, language, ("MISC", "DATE"))
            for code, language in MASAKHANER.items()
        },
    }
    for title, parts in sets.items():
        values = {
            code: entity_f1(encoder, read(path), language, ignored)
            for code, (path, read, language, ignored) in parts.items()
        }
        for code, value in values.items():
            yield Figure("NER F1", f"{code}: {title} test", f"{value:.3f}")
        yield Figure("NER F1", f"mean of {' '.join(values)}: {title} test", f"{np.mean(list(values.values())):.3f}")


def _scores(hypotheses: list[str], references: list[str]) -> str:
    bleu = sacrebleu.corpus_bleu(hypotheses, [references]).score
    chrf = sacrebleu.corpus_chrf(hypotheses, [references]).score
    return f"{bleu:.1f} / {chrf:.1f}"


def second_half(data: Path, name: str) -> list[str]:
    """The lines of NTREX-128 that no training has seen."""
    lines = (data / "ntrex" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines[NTREX_FIRST_HALF:] if line.strip()]


def _deepl_test(data: Path, code: str) -> tuple[list[str], list[str]]:
    root = data / "conll-parallel"
    english = read_conll(root / "original" / "en.test.tsv")
    other = read_conll(root / f"en2{code}" / "deepl.test.tsv")
    kept = [(a, b) for (a, _), (b, _) in zip(english, other, strict=True) if a[0] != "-DOCSTART-"]
    return [detokenize(b, LANGUAGES[code]) for _, b in kept], [detokenize(a, ENGLISH) for a, _ in kept]


def translating(data: Path, bundle: Path) -> Iterator[Figure]:
    """BLEU / chrF into English, on NTREX with every size of the beam."""
    translator = Translator(bundle / "translator", inter_threads=1)

    def scored(sources: list[str], references: list[str], code: str, beam: int) -> str:
        results = translator.translate(sources, LANGUAGES[code], ENGLISH, beam_size=beam)
        found = _scores([result.text for result in results], references)
        return f"{found} (copying: {_scores(sources, references)})"

    for beam in BEAMS:
        task = "BLEU / chrF into English" + (f", beam {beam}" if beam > 1 else "")
        for code, language in LANGUAGES.items():
            sources, references = second_half(data, language[:3]), second_half(data, "eng")
            yield Figure(task, f"{code}: NTREX-128, second half", scored(sources, references, code, beam))
    for code in ("es", "de"):
        value = scored(*_deepl_test(data, code), code, BEAMS[0])
        yield Figure("BLEU / chrF into English", f"{code}: CoNLL test by DeepL", value)


def running(data: Path, bundle: Path) -> Iterator[Figure]:
    """Entity F1 of `Engine.label` on native text, and of `Engine.project` from gold English onto Europarl."""
    with Engine.from_bundle(str(bundle), stream=STREAM) as engine:
        for code in ("es", "de"):
            gold = load_set(code, str(data / "conll-parallel" / "original" / f"{code}.test.tsv")).gold
            found = engine.label([structs.replace(sentence, spans=()) for sentence in gold], lang=code)
            score = _micro_f1(gold, [projection.labelled() for projection in found])
            yield Figure("F1 of `spanport label`", f"{code}: native test", f"{score:.3f}")
        for code in ("de", "es"):
            root = data / "europarl-ner"
            files = (str(root / f"{side}.test.conll02") for side in (code, "en"))
            pairs = load_set(code, next(files), source=next(files))
            found = engine.project(pairs.pairs or ())
            score = _micro_f1(pairs.gold, [projection.labelled() for projection in found])
            yield Figure("F1 of `spanport project`", f"{code}: Europarl, gold English entities", f"{score:.3f}")


def _micro_f1(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> float:
    return float(count_entities(gold, predicted).scores().micro.f1)


def calibrating(data: Path, bundle: Path) -> Iterator[Figure]:
    """F1 and calibration error of `calibrated` on the native sets, over given links to their English translations."""
    root = data / "conll-parallel"
    with Engine.from_bundle(str(bundle), stream=STREAM) as engine:
        for code in LANGUAGES:
            pairs = load_set(
                code,
                str(root / "original" / f"{code}.test.tsv"),
                input_format="conll",
                source=str(root / f"{code}2en" / "deepl.test.tsv"),
                alignments=str(root / f"{code}2en" / "awesome.test.pharaoh"),
                swap=True,
            )
            outcomes = run_systems(engine, pairs, parse_systems("calibrated"), label_source=True)
            found = compare_systems(pairs, outcomes, ignore=("MISC",) if code == "it" else ()).systems[0]
            place = f"{code}: native test, given links"
            yield Figure("F1 of `calibrated`", place, f"{found.f1.value:.3f}")
            yield Figure("calibration error of `calibrated`", place, f"{found.reliability.ece:.3f}")


_PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def costing(data: Path, bundle: Path, size: int = 300) -> Iterator[Figure]:
    """Sentences a second of one core (CPU time), memory, and megabytes of the bundle as a wheel holds them."""
    with Engine.from_bundle(str(bundle), threads=1, stream=STREAM) as engine:
        for code in ("es", "de"):
            texts = second_half(data, LANGUAGES[code][:3])
            list(engine.label(texts[size : size + 50], lang=code))
            start = time.process_time()
            list(engine.label(texts[:size], lang=code))
            speed = size / (time.process_time() - start)
            yield Figure("`spanport label`, sentences/s a core", f"{code}: NTREX-128, second half", f"{speed:.1f}")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "es.txt"
        file.write_text("\n".join(second_half(data, "spa")[:size]), encoding="utf-8")
        command = ["spanport", "label", str(file), "--lang", "es", "--bundle", str(bundle), "-o", f"{file}.jsonl"]
        # From a small process: what a process is started from counts as its own until it is another program.
        measured = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, capture_output=True, text=True)
        peak = int(measured.stdout) / 1024
    yield Figure("memory of `spanport label`, MB", "es: NTREX-128, second half", f"{peak:.0f}")
    with TemporaryFile() as wheel:
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
                archive.write(path)
        yield Figure("bundle, MB", "deflated, as in the wheel", f"{wheel.tell() / 1e6:.1f}")


def showing(data: Path, bundle: Path) -> Iterator[Figure]:
    """What `spanport demo --all` prints of its own marks."""
    with Engine.from_bundle(str(bundle), stream=STREAM) as engine:
        counts = [marks(*one) for one in labelled(engine, sample())]
    right, missing, wrong = (sum(column) for column in zip(*counts, strict=True))
    yield Figure("demo, right / missing / wrong", "by a reader's marks", f"{right} / {missing} / {wrong}")


MEASURED: dict[str, Callable[[Path, Path], Iterator[Figure]]] = {
    "ner": labelling,
    "translation": translating,
    "running": running,
    "calibrated": calibrating,
    "cost": costing,
    "demo": showing,
}


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [f"| {figure.task} | {figure.test_set} | {figure.value} |" for figure in figures]
    return "\n".join(["| figure | test set | value |", "|---|---|---|", *rows])
