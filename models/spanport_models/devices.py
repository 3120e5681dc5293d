"""Which device, how many threads, which precision, how much memory.

A device that was asked for and cannot be granted is an error, never a silent fallback to the CPU.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spanport_models.errors import DeviceError, MemoryNeedError, RuntimeMissingError

_CPU_EXTRA = "pip install 'spanport[cpu]'"
_GPU_EXTRA = "pip install 'spanport[gpu]'"
_IMPORTED_BY = os.getpid()
_CUDA_PROVIDER = "CUDAExecutionProvider"


@dataclass(frozen=True, slots=True)
class Device:
    """Where to run a model: ``kind`` "cpu" or "cuda", and which GPUs; each of several holds a replica."""

    kind: Literal["cpu", "cuda"]
    indices: tuple[int, ...] = (0,)

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{','.join(map(str, self.indices))}"


def available_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_onnxruntime() -> None:
    """Make sure that exactly one of ``onnxruntime`` and ``onnxruntime-gpu`` is installed.

    Both share one import folder: with both, CUDA is silently lost, and removing one breaks the other.

    Raises:
        RuntimeMissingError: None or both of them are installed.
    """
    present = [name for name in ("onnxruntime", "onnxruntime-gpu") if _installed(name)]
    if not present:
        raise RuntimeMissingError(
            "ONNX Runtime is not installed",
            expected="one of the extras spanport[cpu] and spanport[gpu]",
            remedy=f"Run {_CPU_EXTRA}, or {_GPU_EXTRA} for an NVIDIA GPU.",
        )
    if len(present) == 2:
        raise RuntimeMissingError(
            "onnxruntime and onnxruntime-gpu are both installed, which disables the GPU",
            expected="one of the extras spanport[cpu] and spanport[gpu]",
            remedy=f"Run pip uninstall -y onnxruntime onnxruntime-gpu, then {_CPU_EXTRA} or {_GPU_EXTRA}.",
        )


def import_onnxruntime() -> Any:
    """ONNX Runtime without its telemetry, whose thread would keep forked processes from ending."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def resolve_device(spec: "str | Device") -> Device:
    """Turn "auto", "cpu", "cuda" or "cuda:N" into a device that can be used now.

    "cuda" is every visible GPU, a replica of the model on each; "auto" is the same where both runtimes can use
    them, else the CPU.

    Raises:
        DeviceError: The text is not a device, or the GPU asked for cannot be used.
        RuntimeMissingError: See `check_onnxruntime`.
    """
    if isinstance(spec, Device):
        return spec
    match = re.fullmatch(r"auto|cpu|cuda(?::(\d+))?", spec)
    if match is None:
        raise DeviceError(f"{spec!r} is not a device", expected='"auto", "cpu", "cuda" or "cuda:N"')
    check_onnxruntime()
    if spec == "cpu":
        return Device("cpu")
    index = int(match.group(1) or 0)
    obstacle = _cuda_obstacle(index)
    if obstacle is None:
        return Device("cuda", tuple(range(_cuda_count())) if match.group(1) is None else (index,))
    if spec == "auto":
        return Device("cpu")
    raise obstacle


def translator_compute_type(precision: str, stored: str, device: Device) -> str:
    """CTranslate2's compute type for a precision asked for ("auto", "int8", "fp16", "fp32").

    "auto" keeps what is stored (or the nearest type that the processor computes in), with 16-bit activations on a
    GPU.

    Raises:
        DeviceError: The precision is unknown, or the device does not compute in it.
    """
    gpu = device.kind == "cuda"
    table = {
        "auto": _on_gpu(stored) if gpu else "default",
        "int8": "int8_float16" if gpu else "int8",
        "fp16": "float16",
        "fp32": "float32",
    }
    if precision not in table:
        raise DeviceError(f"unknown precision {precision!r}", expected=f"one of: {', '.join(table)}")
    if precision == "fp16" and not gpu:
        raise DeviceError(
            "fp16 translation on the CPU", expected="int8 or fp32 on a CPU", remedy="Use --precision auto."
        )
    return table[precision]


def encoder_memory(weight_bytes: int, batch_tokens: int, hidden_size: int, layers_alive: int = 40) -> int:
    """Bytes an encoder is expected to take: the weights, their load-time copy, and a batch of activations.

    ONNX Runtime reads the file, packs the matrices, then drops the file: 1.6 times the weights at the peak covers
    what was measured. Activations: some 40 arrays of ``batch_tokens x hidden_size`` float32.
    """
    return int(1.6 * weight_bytes) + 4 * batch_tokens * hidden_size * layers_alive


def translator_memory(weight_bytes: int, replicas: int, batch_tokens: int) -> int:
    """Bytes a translator is expected to take: weights (shared by replicas), and work space for each replica.

    That grows with the batch, and with depth, width and vocabulary, as weights do. For 1,024 tokens it is 4 times the
    weights of models up to 50 MB, 200 MB up to 400 MB, and half of the weights above.
    """
    work = max(min(4 * weight_bytes, 200_000_000), weight_bytes // 2) * batch_tokens // 1024
    return int(1.15 * weight_bytes) + work * replicas


def tokenizer_memory(path: Path) -> int:
    """Bytes that a tokenizer is expected to take, by its ``tokenizer.json``.

    The library keeps the pieces of a Unigram model as a tree with a hash map at each letter: 250,000 of them, in
    9.6 MB of JSON, take 296 MB; as a BPE model with its merges 85 MB.
    """
    data = path.read_bytes()
    return (31 if re.search(rb'"type"\s*:\s*"Unigram"', data) else 10) * len(data)


def free_memory() -> int | None:
    """Bytes of main memory free for this process, or None where the system does not tell.

    The smaller of the machine's available memory and what the control group leaves.
    """
    limits = []
    try:
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        limits.append(int(fields["MemAvailable"].split()[0]) * 1024)
    except (OSError, KeyError):
        return None
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        if limit != "max":
            limits.append(int(limit) - int((group / "memory.current").read_text()))
    except (OSError, ValueError):
        pass
    return min(limits) if limits else None


def require_memory(needed: int, what: str) -> None:
    """Refuse to load what cannot fit in main memory.

    Raises:
        MemoryNeedError: ``needed`` bytes are more than is free.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise MemoryNeedError(
            f"{what} needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB is free",
            remedy="Use an int8 export, a smaller model or a smaller batch, or free some memory.",
        )


def require_own_gpu(device: Device) -> None:
    """Refuse to load a model on a GPU in a process that was forked: CUDA does not survive that.

    Raises:
        DeviceError: This process was forked from one that has used spanport.
    """
    if device.kind == "cuda" and os.getpid() != _IMPORTED_BY:
        raise DeviceError(
            f"{device} in a forked process",
            expected="a process that starts anew",
            remedy='Use the start method "spawn" (multiprocessing.set_start_method), or one process a GPU.',
        )


def _on_gpu(stored: str) -> str:
    if stored == "float32":
        return "float32"
    return "int8_float16" if stored.startswith("int8") else "float16"


def _installed(distribution: str) -> bool:
    from importlib import metadata  # slow to import, and commands that load no model do not need it

    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _cuda_obstacle(index: int) -> DeviceError | None:
    """Why CUDA device ``index`` cannot be used, or None."""
    if not _installed("onnxruntime-gpu"):
        return DeviceError(
            f"cuda:{index} was asked for, but onnxruntime-gpu is not installed",
            remedy=f"Run pip uninstall -y onnxruntime, then {_GPU_EXTRA}.",
        )
    if _CUDA_PROVIDER not in import_onnxruntime().get_available_providers():
        return DeviceError(
            f"cuda:{index} was asked for, but this build of ONNX Runtime has no {_CUDA_PROVIDER}",
            remedy="Install onnxruntime-gpu from its official wheels.",
        )
    count = _cuda_count()
    if index >= count:
        return DeviceError(
            f"cuda:{index} was asked for, but {count} CUDA devices are visible",
            expected=f"an index below {count}" if count else "an NVIDIA GPU with its driver",
            remedy="Check nvidia-smi and CUDA_VISIBLE_DEVICES.",
        )
    return None


def _cuda_count() -> int:
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())
