"""Full-size models with random weights: XLM-R large and NLLB-200, exported, made a bundle, and labelling text.

    python benchmarks/full_size.py OUT --texts TEXT... [--translator 600M|1.3B|3.3B] [--precision int8|16]
                                   [--scale full|quarter|tiny] [--tokenizer XLM-R/tokenizer.json]

Architecture, sizes, tokenizer form and therefore speed and memory are the real ones; what the models say is noise.
Prints seconds, CPU seconds, peak memory and file sizes of every step, each a process of its own; what OUT has is not
made again. The vocabularies are trained on the given texts (one sentence a line) and filled up to the real size;
``--tokenizer`` gives the encoder a real one. int8 models then label the first 20 and the first 200 sentences of the
first text (Spanish) with one thread, all models in memory and one at a time. Random weights never stop: translations
are cut off at 40 tokens. The rate is that of the sentences after the 20th, so that start and loading cancel out.

``--scale quarter`` takes the real widths, but a quarter of the layers and of the vocabulary: a quarter of the work in
about the same proportions, for ratios on a machine that has no hours.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partialmethod
from pathlib import Path

from random_models import NLLB, XLM_R_LARGE, build_encoder, build_translator, scaled

SENTENCES = (20, 200)
RESIDENT = ("all", "one")
LIMIT = 40


def label(out: Path, text: Path, resident: str, count: int) -> None:
    """The first ``count`` sentences by the command line, their translations cut off."""
    from spanport.cli.app import run
    from spanport_models import Translator

    Translator.generate = partialmethod(Translator.generate, max_decoding_length=LIMIT)  # type: ignore[method-assign,assignment]
    chosen = out / f"sentences-{count}.txt"
    lines = [line for line in text.read_text("utf8").splitlines() if line.strip()][:count]
    chosen.write_text("".join(f"{line}\n" for line in lines), "utf8")
    command = ["label", str(chosen), "--lang", "spa_Latn", "-o", str(out / f"labelled-{resident}-{count}.jsonl")]
    sys.argv[1:] = [*command, "--bundle", str(out / "bundle"), "--threads", "1", "--resident", resident, "--fresh"]
    sys.exit(run())


def step(name: str, arguments: argparse.Namespace) -> None:
    """Run one step in this process."""
    from spanport_models import assemble_pipeline
    from spanport_models.export import EncoderOptions, TranslatorOptions, export_encoder, export_translator

    out, texts, half = arguments.out, arguments.texts, arguments.precision == "16"
    encoder, translator = (scaled(size, arguments.scale) for size in (XLM_R_LARGE, NLLB[arguments.translator]))
    if name == "build encoder":
        build_encoder(out / "hf-encoder", texts, encoder, arguments.tokenizer)
    elif name == "build translator":
        build_translator(out / "hf-translator", texts, translator)
    elif name == "export encoder":
        options = EncoderOptions(layer=encoder["layers"] // 3, precision="fp16" if half else "int8")
        report = export_encoder(out / "hf-encoder", out / "encoder", options)
        print(
            f"    {options.precision} against fp32: worst cosine {report.worst_cosine:.5f}, "
            f"labels {report.label_agreement:.1%}"
        )
    elif name == "export translator":
        settings = TranslatorOptions(precision="float16" if half else "int8")
        export_translator(out / "hf-translator", out / "translator", settings)
    elif name == "assemble":
        assemble_pipeline(out / "bundle", name="full-size", encoder=out / "encoder", translator=out / "translator")
    else:
        _, resident, count = name.split()
        label(out, texts[0], resident, int(count))


def measured(name: str, product: Path) -> dict[str, float]:
    """Run one step in a process: seconds, CPU seconds, peak memory and size of the product in bytes."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, *sys.argv[1:], "--step", name])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the step {name!r} failed")
    size = sum(path.stat().st_size for path in (product, *product.rglob("*")) if path.is_file())
    cpu = usage.ru_utime + usage.ru_stime
    return {"seconds": time.perf_counter() - start, "cpu": cpu, "peak": usage.ru_maxrss * 1024, "size": size}


LABELLINGS = [(f"label {resident} {n}", f"labelled-{resident}-{n}.jsonl") for resident in RESIDENT for n in SENTENCES]
STEPS = {
    "build encoder": "hf-encoder", "export encoder": "encoder", "build translator": "hf-translator",
    "export translator": "translator", "assemble": "bundle", **dict(LABELLINGS),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--translator", choices=NLLB, default="600M")
    parser.add_argument("--precision", choices=("int8", "16"), default="int8", help="16: for GPUs")
    parser.add_argument("--scale", choices=("tiny", "quarter", "full"), default="full")
    parser.add_argument("--tokenizer", help="tokenizer.json of XLM-R, for the full scale")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        step(arguments.step, arguments)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    kept = arguments.out / "figures.json"
    figures: dict[str, dict[str, float]] = json.loads(kept.read_bytes()) if kept.exists() else {}
    print(f"| step | seconds | CPU s | peak GB | disk MB |\n{'|---' * 5}|")
    for name, product in STEPS.items():
        if name.startswith("label") and arguments.precision == "16":
            continue
        if name not in figures:
            figures[name] = measured(name, arguments.out / product)
            kept.write_text(json.dumps(figures, indent=1))
        row = figures[name]
        sizes = f"{row['peak'] / 1e9:.2f} | {row['size'] / 1e6:.0f}"
        print(f"| {name} | {row['seconds']:.1f} | {row['cpu']:.1f} | {sizes} |", flush=True)
    few, many = SENTENCES
    for resident in RESIDENT if arguments.precision == "int8" else ():
        seconds = figures[f"label {resident} {many}"]["cpu"] - figures[f"label {resident} {few}"]["cpu"]
        print(f"resident {resident}: {(many - few) / seconds:.2f} sentences a CPU second")


if __name__ == "__main__":
    main()
