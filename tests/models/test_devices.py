import builtins
from importlib import metadata
from typing import Any

import pytest

from spanport_models import devices
from spanport_models.devices import (
    Device,
    check_onnxruntime,
    free_memory,
    require_memory,
    resolve_device,
    translator_compute_type,
    translator_memory,
)
from spanport_models.errors import DeviceError, MemoryNeedError, RuntimeMissingError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Distributions that seem to be installed."""
    present = {"onnxruntime"}

    def version(name: str) -> str:
        if name not in present:
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    return present


def test_the_cpu_is_always_granted(installed: set[str]) -> None:
    assert resolve_device("cpu") == Device("cpu")
    assert str(resolve_device("auto")) == "cpu"


def test_no_runtime_names_both_extras(installed: set[str]) -> None:
    installed.clear()
    with pytest.raises(RuntimeMissingError, match=r"spanport\[cpu\].*spanport\[gpu\]"):
        check_onnxruntime()


def test_both_runtimes_exclude_each_other(installed: set[str]) -> None:
    installed.add("onnxruntime-gpu")
    with pytest.raises(RuntimeMissingError, match=r"both installed.*pip uninstall"):
        check_onnxruntime()


def test_a_gpu_without_its_runtime_is_an_error(installed: set[str]) -> None:
    with pytest.raises(DeviceError, match="onnxruntime-gpu is not installed"):
        resolve_device("cuda")


def test_a_gpu_that_is_not_there_is_an_error(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2
    import onnxruntime

    installed.clear()
    installed.add("onnxruntime-gpu")
    with pytest.raises(DeviceError, match="no CUDAExecutionProvider"):
        resolve_device("cuda:0")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
    assert resolve_device("cuda:1") == Device("cuda", (1,))
    assert str(resolve_device("auto")) == str(resolve_device("cuda")) == "cuda:0,1"
    with pytest.raises(DeviceError, match="cuda:2 was asked for, but 2 CUDA devices are visible"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("spec", ["gpu", "cuda:", "CUDA:0", "cuda:-1", "", "mps"])
def test_other_words_are_not_devices(spec: str) -> None:
    with pytest.raises(DeviceError, match="is not a device"):
        resolve_device(spec)


@pytest.mark.parametrize(
    ("precision", "stored", "kind", "expected"),
    [
        ("auto", "int8", "cpu", "default"),
        ("auto", "int8_float32", "cuda", "int8_float16"),
        ("auto", "float16", "cuda", "float16"),
        ("auto", "float32", "cuda", "float32"),
        ("fp32", "int8", "cpu", "float32"),
        ("int8", "float32", "cpu", "int8"),
    ],
)
def test_compute_types(precision: str, stored: str, kind: Any, expected: str) -> None:
    assert translator_compute_type(precision, stored, Device(kind)) == expected


def test_half_precision_on_a_cpu_is_an_error() -> None:
    with pytest.raises(DeviceError, match="fp16 translation on the CPU"):
        translator_compute_type("fp16", "float16", Device("cpu"))


def test_what_does_not_fit_is_refused_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "free_memory", lambda: 2_000_000_000)
    require_memory(1_900_000_000, "it")
    with pytest.raises(MemoryNeedError, match=r"the model needs about 3\.0 GB of memory and 2\.0 GB is free"):
        require_memory(3_000_000_000, "the model")


def test_free_memory_is_known_on_linux() -> None:
    free = free_memory()
    assert free is None or free > 1_000_000


def test_an_unreadable_meminfo_never_blocks_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no /proc")

    monkeypatch.setattr(builtins, "open", fail)
    monkeypatch.setattr(devices.Path, "read_text", fail)
    assert free_memory() is None
    require_memory(10**18, "anything")


def test_what_a_translator_takes() -> None:
    """Once the weights, and for each batch at work what grows with its tokens."""
    small, large = 10_000_000, 3_300_000_000
    for weights, work in ((small, 4 * small), (200_000_000, 200_000_000), (large, large // 2)):
        assert translator_memory(weights, 1, 1024) == int(1.15 * weights) + work
        assert translator_memory(weights, 3, 2048) == int(1.15 * weights) + 3 * 2 * work // 1
