"""Models that were used before a fork work in the child; they can be sent to other processes."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tiny_models as tiny
from spanport_models import Encoder, Translator, load_bundle
from spanport_models.devices import Device, require_own_gpu
from spanport_models.errors import DeviceError
from spanport_models.forking import PerProcess
from spanport_models.lexicon import Lexicon

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")

SCRIPT = """
import multiprocessing, os, sys
from spanport_models import Encoder, Translator
encoder, translator = Encoder(sys.argv[1], device="cpu"), Translator(sys.argv[2], device="cpu", inter_threads=2)

def work(_=0):
    texts = [result.text for result in translator.translate(["Ana vive en Oslo"], "spa_Latn", "eng_Latn")]
    return texts, encoder.encode([["Ana", "Oslo"]]).word_probabilities.tolist()

expected = work()
if (child := os.fork()) == 0:
    sys.exit(0 if work() == expected else 3)  # which ends the interpreter, and all that it still holds
print("fork", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
if (child := os.fork()) == 0:
    sys.exit(0)  # without any use
print("unused", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print("pool", pool.map(work, range(4)) == [expected] * 4)
print("parent", work() == expected)
"""


def test_models_work_in_processes_forked_after_their_use(recorded: Path) -> None:
    arguments = [sys.executable, "-c", SCRIPT, str(recorded / "encoder"), str(recorded / "translator")]
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert result.stdout.split("\n")[:-1] == ["fork 0", "unused 0", "pool True", "parent True"], result.stderr


ENGINE = """
import multiprocessing, os, sys
from spanport import Engine
engine = Engine.from_bundle("mini", device="cpu", threads=2)

def work(_=0):
    return [str(result.spans) for result in engine.label(["Ana Ruiz vive en Sevilla."], lang="spa_Latn")]

expected = work()
if (child := os.fork()) == 0:
    sys.exit(0 if work() == expected else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(work, range(3)) == [expected] * 3)
"""


def test_an_engine_works_in_processes_forked_after_its_use() -> None:
    result = subprocess.run([sys.executable, "-c", ENGINE], capture_output=True, text=True, timeout=120)
    assert result.stdout == "0\nTrue\n", result.stderr


def test_what_the_parent_made_is_made_again_in_a_child_alone() -> None:
    made: list[int] = []

    class Runtime:
        def __init__(self) -> None:
            made.append(os.getpid())

        def where(self) -> int:
            return made[-1]

    runtime = PerProcess(Runtime)
    assert runtime.where() == runtime.where() == os.getpid()
    runtime.abandon()
    assert len(made) == 1
    assert runtime.where() == os.getpid()
    assert len(made) == 2


def test_pickled_models_are_loaded_again(recorded: Path) -> None:
    encoder = Encoder(recorded / "encoder", device="cpu", batch_tokens=77)
    again = pickle.loads(pickle.dumps(encoder))
    assert (again.batch_tokens, again.labels) == (77, encoder.labels)
    states = encoder.encode([tiny.TEXTS[0].split()]).hidden
    np.testing.assert_array_equal(again.encode([tiny.TEXTS[0].split()]).hidden, states)
    translator = Translator(recorded / "translator", device="cpu", inter_threads=1)
    copy = pickle.loads(pickle.dumps(translator))
    assert copy.inter_threads == 1
    assert copy.translate(["Ana"], "spa_Latn", "eng_Latn") == translator.translate(["Ana"], "spa_Latn", "eng_Latn")


def test_a_bundle_and_its_lexicon_can_be_pickled() -> None:
    bundle = load_bundle("mini", device="cpu")
    assert pickle.loads(pickle.dumps(bundle)) == bundle
    lexicon = Lexicon(np.array([4, 5, 9], np.uint64), np.array([1, 254, 255], np.uint8))
    again = pickle.loads(pickle.dumps(lexicon))
    np.testing.assert_array_equal(again.scores, lexicon.scores)
    np.testing.assert_array_equal(again.keys, lexicon.keys)


def test_a_gpu_is_refused_in_a_forked_process(monkeypatch: pytest.MonkeyPatch) -> None:
    require_own_gpu(Device("cuda"))
    monkeypatch.setattr(os, "getpid", lambda: 1)
    require_own_gpu(Device("cpu"))
    with pytest.raises(DeviceError, match=r'cuda:0 in a forked process; .* start method "spawn"'):
        require_own_gpu(Device("cuda"))
