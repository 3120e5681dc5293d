"""The ratios by which the engine is judged, on this machine, of bundled models and made-up text: one table.

    OMP_NUM_THREADS=1 python benchmarks/ratios.py [--bundle mini] [--sentences 300] [--rounds 3] [--records 50000]

*engine / bare* and *outside the models* are those of ``spanport bench``, with one thread; *of the int8 ceiling* is
what the encoder multiplies in a second of CPU time, of sentences of equal length, over what ``ceilings.py`` measures;
*moving records* is ``stream.py``. All are of CPU time. Left out: loading, and first runs.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import stream
from ceilings import ceilings, layer_macs

from spanport import Engine
from spanport.bench import generate, measure
from spanport.bench.measure import Bench
from spanport.cli.demo import sample
from spanport.stream import Stage
from spanport_models import Encoder, load_bundle

LANGUAGE = "spa_Latn"
TOKENS, ROWS = 32, 32


def encoder_rate(encoder: Encoder, layers: int, feed_forward: int) -> float:
    """Multiply-adds a CPU second of an encoder with labels."""
    item = encoder.tokenize([["a"] * TOKENS])[0]
    batch = [item] * ROWS
    encoder.run(batch)
    seconds = []
    for _ in range(7):
        start = time.process_time()
        encoder.run(batch)
        seconds.append(time.process_time() - start)
    length = len(item.ids)
    return float(ROWS * length * layers * layer_macs(encoder.hidden_size, feed_forward, length) / min(seconds))


def shape(folder: Path) -> tuple[int, int]:
    """Layers and feed-forward width of a bundle's BERT-like encoder, from the shapes of its int8 matrices."""
    import onnx

    depth, widths = 0, set()
    for path in [*folder.rglob("model.onnx"), *folder.rglob("head.onnx")]:
        graph = onnx.load(path, load_external_data=False).graph
        depth += sum(node.op_type == "Softmax" for node in graph.node)
        int8 = [tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
        widths |= {max(tensor.dims) for tensor in int8}
    return depth, max(widths)


def moving(records: int) -> float:
    """The streaming engine over a loop that calls the same four empty stages."""
    stages = [Stage(f"stage {i}", lambda items: items, lambda item: item % 50 + 1) for i in range(4)]
    rounds = [stream.cpu(stream.engine, records, stages) / stream.cpu(stream.bare, records, stages) for _ in range(3)]
    return float(np.median(rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=50_000)
    arguments = parser.parse_args()
    texts = generate([one.text for one in sample() if one.language == LANGUAGE], arguments.sentences)
    with Engine.from_bundle(arguments.bundle, threads=1) as engine:
        figures: Bench = measure(engine, texts, LANGUAGE, rounds=arguments.rounds)
    bundle = load_bundle(arguments.bundle, device="cpu")
    share = encoder_rate(bundle.encoder(), *shape(bundle.path)) / ceilings()["int8"]
    rows = {
        "engine / bare": f"{figures.cpu_ratio:.2f}",
        "outside the models": f"{figures.outside_share:.1%}",
        "label, sentences a CPU second": f"{figures.sentences_per_cpu_s:.1f}",
        "one sentence by itself, ms (bare)": f"{figures.latency.engine_ms:.1f} ({figures.latency.bare_ms:.1f})",
        "encoder, of the int8 ceiling": f"{share:.0%}",
        "moving records, engine / loop": f"{moving(arguments.records):.2f}",
    }
    print("| ratio | value |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
