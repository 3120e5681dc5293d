"""The training loop both models share: a schedule that ends on the clock, progress, checkpoints, resuming."""

import ctypes
import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

Weights = dict[str, torch.Tensor]

WARMUP_STEPS = 100
FLOOR = 0.02
_LOG_SECONDS = 30.0
_TABLE_ROWS = 4096  # weights with at least so many rows are embedding tables
_SAVE_SECONDS = 300.0
_AGAIN = 0.3  # where in the schedule a finished model goes on when it is trained once more
_KEPT = 2  # finished cycles of training whose weights are averaged with those of the last


def prepare_process(seed: int) -> None:
    """One thread, no denormals, fixed seed, and an allocator that keeps its memory between steps."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD: no page faults for every large tensor
        libc.mallopt(-1, 2_000_000_000)  # M_TRIM_THRESHOLD


def deadline(minutes: float | None, until: str | None) -> float:
    """Seconds since the epoch at which training ends, from a duration or a local `HH:MM`."""
    if until is None:
        return time.time() + 60 * (90.0 if minutes is None else minutes)
    now = time.localtime()
    hour, minute = (int(part) for part in until.split(":"))
    end = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, hour, minute, 0, 0, 0, -1))
    return end if end > time.time() else end + 86_400


def cycle_ends(end: float, count: int) -> list[float]:
    """Ends (seconds since the epoch) of so many cycles from now to `end`: the first takes half of the time."""
    now = time.time()
    rest = (end - now) / 2 / max(1, count - 1)
    return [end - rest * left for left in range(count - 1, -1, -1)]


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Linear warm-up, then a cosine over wall-clock progress down to 2% of the peak."""
    cosine = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return peak * min(1.0, (step + 1) / WARMUP_STEPS) * cosine


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a reader or a crash never sees half of it."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def mean(weights: Sequence[Weights]) -> Weights:
    """The mean of networks trained from one another ("model soup": Wortsman et al. 2022)."""
    return {name: sum(one[name] for one in weights) / len(weights) for name in weights[0]}


def trained_weights(path: Path) -> Weights:
    """The weights of a checkpoint that are worth using: the mean of its cycles' ends."""
    state = torch.load(path, weights_only=True)
    return mean([*state["earlier"][-_KEPT:], state["model"]])


class Loop:
    """Runs `step(progress) -> (loss, tokens, figures)` until the deadline; resumes from `path` when it exists.

    A checkpoint whose schedule is over is trained on from a late part of a new one (a cycle: Loshchilov and Hutter
    2017), starting at what the last one ended with. These weights, `earlier`, stay in the checkpoint: what is used is
    the mean of them and of the new cycle's end (Izmailov et al. 2018).

    `end` is a time of `clock`, by default the wall clock's. `table_factor` multiplies the learning rate of embedding
    tables: a rare piece's row is moved only when it occurs.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        peak: float,
        end: float,
        path: Path,
        resume: bool = True,
        table_factor: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.model, self.peak, self.end, self.path = model, peak, end, path
        tuned = [p for p in model.parameters() if p.requires_grad]
        tables = [p for p in tuned if p.dim() > 1 and len(p) >= _TABLE_ROWS]
        decayed = [p for p in tuned if p.dim() > 1 and len(p) < _TABLE_ROWS]
        plain = [p for p in tuned if p.dim() <= 1]
        groups = [
            {"params": decayed, "weight_decay": 0.01, "factor": 1.0},
            {"params": plain, "weight_decay": 0.0, "factor": 1.0},
            {"params": tables, "weight_decay": 0.0, "factor": table_factor},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98), fused=True)
        self.start = clock()
        self.first_progress = 0.0
        self.step = self.tokens = 0
        self.seconds = 0.0
        self.earlier: list[Weights] = []
        if resume and path.exists():
            state = torch.load(path, weights_only=True)
            self.earlier = state["earlier"]
            finished = state["progress"] > 0.99
            if finished:
                self.earlier = [*self.earlier, state["model"]][-_KEPT:]
            model.load_state_dict(state["model"], strict=False)
            if len(state["optimizer"]["param_groups"]) == len(groups):
                self.optimizer.load_state_dict(state["optimizer"])
            self.first_progress = _AGAIN if finished else state["progress"]
            self.step, self.tokens = state["step"], state["tokens"]
            self.seconds = state["seconds"]
            print(f"resuming {path.name} at step {self.step}, progress {self.first_progress:.3f}", flush=True)

    def progress(self) -> float:
        """Share of the training done, by the clock."""
        share = (self.clock() - self.start) / max(1e-6, self.end - self.start)
        return self.first_progress + (1 - self.first_progress) * min(1.0, share)

    def checkpoint(self) -> None:
        """Write the current state."""
        save(
            self.path,
            {
                "model": self._weights(),
                "earlier": self.earlier,
                "optimizer": self.optimizer.state_dict(),
                "progress": self.progress(),
                "step": self.step,
                "tokens": self.tokens,
                "seconds": self.seconds + self.clock() - self.start,
            },
        )

    def _weights(self) -> Weights:
        """The weights that are trained; frozen ones are where they came from."""
        frozen = {name for name, p in self.model.named_parameters() if not p.requires_grad}
        return {name: value for name, value in self.model.state_dict().items() if name not in frozen}

    def run(self, step: Callable[[float], tuple[torch.Tensor, int, dict[str, float]]]) -> None:
        """Train until the deadline or until asked to stop (SIGTERM), then write the last checkpoint.

        Asked to stop, it ends the program by SystemExit: no other cycle is to begin.
        """
        self.model.train()
        logged = saved = time.time()
        sums: dict[str, list[float]] = {}
        since = 0
        stopped: list[int] = []
        before = signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
        while self.clock() < self.end and not stopped:
            rate = learning_rate(self.peak, self.step, self.progress())
            for group in self.optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            loss, tokens, figures = step(self.progress())
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_((p for p in self.model.parameters() if p.requires_grad), 1.0)
            self.optimizer.step()
            self.step += 1
            self.tokens += tokens
            since += tokens
            for name, value in figures.items():
                sums.setdefault(name, []).append(value)
            if time.time() - logged > _LOG_SECONDS:
                self._report(since / (time.time() - logged), rate, sums)
                logged, since, sums = time.time(), 0, {}
            if time.time() - saved > _SAVE_SECONDS:
                self.checkpoint()
                saved = time.time()
        signal.signal(signal.SIGTERM, before)
        self.checkpoint()
        if stopped:
            raise SystemExit(f"stopped; the same command goes on from {self.path}")

    def _report(self, speed: float, rate: float, sums: dict[str, list[float]]) -> None:
        means = " ".join(f"{name} {sum(values) / len(values):.3f}" for name, values in sums.items())
        print(
            f"{time.strftime('%H:%M:%S')} {self.progress():6.1%} step {self.step} {self.tokens / 1e6:.2f}M tokens "
            f"{speed:.0f}/s lr {rate:.1e} {means}",
            flush=True,
        )
