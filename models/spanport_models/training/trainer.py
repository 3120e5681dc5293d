"""A training from its plan to the published folders."""

import ctypes
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import msgspec
import torch

from spanport_models.devices import require_memory
from spanport_models.errors import ExportError
from spanport_models.export.graph import two_output_config
from spanport_models.training.examples import Example
from spanport_models.training.loop import in_words
from spanport_models.training.methods.base import Method
from spanport_models.training.network import Network
from spanport_models.training.objectives import Tagging
from spanport_models.training.options import Material, Progress, TrainOptions
from spanport_models.training.run import Plan, Run, default_rate

_STATES = 60
"""Arrays of `tokens x width` that a layer keeps for its gradients, measured on 12 layers of 384."""


@contextmanager
def training_process() -> Iterator[None]:
    """One thread, no denormals, and an allocator that keeps its memory between steps.

    Threads and denormals are for others again afterwards: without denormals floats are not those of IEEE 754.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD: no page faults for every large tensor
        libc.mallopt(-1, 2_000_000_000)  # M_TRIM_THRESHOLD
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


class Trainer:
    """A method, its material and its base, ready to train.

    Args:
        base: A Hugging Face folder; see `spanport_models.training.network.find_base`.
        method: How it is trained.
        material: What the tagger is made from.
        options: See `TrainOptions`.
        work: Folder of checkpoints, of this run alone: one that was stopped goes on from what is there.
        say: Told what is going on.
    """

    def __init__(
        self, base: Path, method: Method, material: Material, options: TrainOptions, work: Path, say: Progress
    ) -> None:
        self.base, self.method, self.material, self.options, self.say = base, method, material, options, say
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self.plan = self._plan()

    def run(self, seed: int) -> Run:
        """What the method trains with, for one seed."""
        folder = self.work / f"seed-{seed}"
        return Run(self.base, self.material.labels, self.options, self.plan, seed, folder, self.say)

    @training_process()
    def train(self, seed: int, make: Callable[[Run], Network] | None = None) -> tuple[Network, Run]:
        """The tagger of a seed, made by the method or by what is given, and the run with its curves."""
        run = self.run(seed)
        return make(run) if make else self.method.train(self.material, run), run

    @training_process()
    def _plan(self) -> Plan:
        path = self.work / "plan.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=Plan)
        autocast = computes_bfloat16() if self.options.autocast is None else self.options.autocast
        network = Network(self.base, self.material.labels, self.work, 0, self.options.longest)
        network.freeze(self.options.freeze)
        weights, trained = network.sizes
        rate = self.options.rate or default_rate(self.base, self.material.labels)
        fits = self.method.fits(self.material)
        words = sum(fits.values())
        speed = self._speed(network, autocast)
        epochs, minutes = self.options.epochs, words / speed / 60
        if self.options.budget:
            epochs = min(epochs, self.options.budget / minutes / len(self.options.seeds))
        self.say(
            f"{len(fits)} {'fit' if len(fits) == 1 else 'fits'} of {trained / 1e6:.1f}M of {weights / 1e6:.1f}M "
            f"weights, {words:,} words an epoch, {epochs:.2f} epochs, seeds {', '.join(map(str, self.options.seeds))}"
        )
        needed = in_words(60 * epochs * minutes * len(self.options.seeds))
        self.say(
            f"about {needed} at {speed:,.0f} words/s on one thread, "
            f"{memory_need(network, self.options) / 1e9:.1f} GB of memory"
        )
        plan = Plan(epochs, rate, autocast)
        partial = path.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(plan))
        partial.replace(path)
        return plan

    def _speed(self, network: Network, autocast: bool) -> float:
        """Words trained on in a second of processor time, from two batches that change nothing."""
        examples = self._some()
        stream = network.stream(examples, self.options.batch_tokens, 0)
        network.model.train()
        words, objective, start = 0, Tagging(), 0.0
        for step in range(3):
            if step == 1:  # the first one also allocates
                start = time.process_time()
            batch = stream.batch(step)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss, _ = objective(network, batch, step)
            loss.backward()
            words += len(batch.first) if step else 0
        return words / (time.process_time() - start)

    def _some(self) -> list[Example]:
        material = self.material
        return list((*material.labelled, *material.projected, *material.text)[:500])


def check_base(base: Path, labels: Sequence[str], options: TrainOptions) -> None:
    """Make sure that a base can be trained, and that memory suffices.

    Raises:
        ExportError: It has no tokenizer, or it is no encoder that can be trained or exported here.
        MemoryNeedError: Training would need more memory than is free.
    """
    with tempfile.TemporaryDirectory() as work:
        network = Network(base, labels, Path(work), 0, options.longest)
    try:
        import_module("optimum.exporters.onnx.model_configs")  # enters the architectures that it knows
        two_output_config(network.model, 1, labelled=True)
    except Exception as error:  # Optimum raises KeyError, ValueError, ...
        raise ExportError(
            f"{base}: {type(network.model).__name__} cannot be exported to ONNX: {error}",
            expected="an encoder that Optimum can trace, such as BERT, XLM-R or DeBERTa",
        ) from error
    network.freeze(options.freeze)
    require_memory(memory_need(network, options), f"training {base.name} in batches of {options.batch_tokens} tokens")


def memory_need(network: Network, options: TrainOptions) -> int:
    """Bytes that training takes: two networks, gradients, Adam's moments and the average, and a batch's states."""
    (weights, trained), config = network.sizes, network.model.config
    states = options.batch_tokens * config.hidden_size * config.num_hidden_layers * _STATES
    return int(4 * (2 * weights + 4 * trained + states))


def computes_bfloat16() -> bool:
    """Whether the processor has instructions for products in bfloat16."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
