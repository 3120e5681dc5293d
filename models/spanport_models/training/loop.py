"""The one training loop: steps, schedule, averaging, checkpoints; the same weights whether it was stopped or not."""

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from spanport_models.training.network import Network

Say = Callable[[str], None]
Figures = dict[str, float]

WARMUP = 0.1
AVERAGED = (0.8, 0.9, 1.0)
"""Shares of the steps after which the weights enter the average that is kept."""
HEAD, HEAD_MOST = 20.0, 4e-3
"""Factor on the rate of a head that is new, and the rate up to which it counts: at the rate of the layers below, a
head moves too little in some hundred steps to be sure of anything, and names with the probabilities of a guess."""
_POINTS = 40
_SHOWN = 8
_SAY_SECONDS = 15.0


def in_words(seconds: float) -> str:
    """A duration: seconds below two minutes, else minutes."""
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.1f} minutes"


class Batches(Protocol):
    """Endless batches, of which each step has its own."""

    def batch(self, step: int) -> Any: ...


class Objective(Protocol):
    """What is minimised: the loss of a batch, and figures to report.

    `further` are networks beside the tagger that learn at the same time (a discriminator): each with the factor on
    the learning rate that it gets.
    """

    further: tuple[tuple[torch.nn.Module, float], ...]

    def __call__(self, network: Network, batch: Any, step: int) -> tuple[Tensor, Figures]: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast.

    Attributes:
        steps: Updates of the weights.
        rate: Peak of the learning rate, reached after 10% of the steps; it then falls linearly to 0.
        seed: Of dropout.
        autocast: Whether products are computed in bfloat16.
        save_seconds: Time between checkpoints; 0: after every step.
    """

    steps: int
    rate: float
    seed: int
    autocast: bool = False
    save_seconds: float = 60.0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, from 0."""
        rising = max(1, round(WARMUP * self.steps))
        if step < rising:
            return self.rate * (step + 1) / rising
        return self.rate * (self.steps - step) / max(1, self.steps - rising)

    @property
    def snapshots(self) -> set[int]:
        """Steps after which weights enter the average."""
        return {max(1, round(share * self.steps)) for share in AVERAGED}


class Training:
    """One fit of a network: what `run` does can be stopped at any moment and goes on from `path`."""

    def __init__(
        self, network: Network, stream: Batches, objective: Objective, recipe: Recipe, path: Path, name: str, say: Say
    ) -> None:
        self.network, self.stream, self.objective, self.recipe = network, stream, objective, recipe
        self.path, self.name, self.say = path, name, say
        self.step, self.seconds, self.averaged = 0, 0.0, 0
        self.curve: list[tuple[int, float]] = []
        self._pending = 0.0
        self.sums = {name: torch.zeros_like(weight) for name, weight in network.trained().items()}
        self.optimizer = self._optimizer()
        torch.manual_seed(recipe.seed)
        if path.exists():
            self._restore(torch.load(path, weights_only=True))

    def run(self) -> dict[str, Tensor]:
        """Train to the end; returns the averaged weights of what was trained."""
        self.network.model.train()
        started = said = saved = time.monotonic()
        origin = time.process_time() - self.seconds
        recent: deque[Figures] = deque(maxlen=50)
        first = self.step
        while self.step < self.recipe.steps:
            recent.append(self._update())
            now = time.monotonic()
            if self.step == self.recipe.steps or now - saved >= self.recipe.save_seconds:
                self._save(time.process_time() - origin)
                saved = time.monotonic()
            if now - said >= _SAY_SECONDS:
                self.say(self._line(recent, (now - started) / (self.step - first)))
                said = now
        self.seconds = time.process_time() - origin
        took = f"{self.step} {'step' if self.step == 1 else 'steps'} in {in_words(self.seconds)}"
        self.say(f"{self.name}: {took}, mean loss {self._shown_curve()}")
        return {name: total / max(1, self.averaged) for name, total in self.sums.items()}

    def _update(self) -> Figures:
        batch = self.stream.batch(self.step)
        rate = self.recipe.rate_at(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.autocast):
            loss, figures = self.objective(self.network, batch, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.network.trained().values()), 1.0)
        self.optimizer.step()
        self.step += 1
        value = float(loss.detach())
        self._record(value)
        if self.step in self.recipe.snapshots:
            self.averaged += 1
            for name, weight in self.network.trained().items():
                self.sums[name] += weight.detach()
        return {"loss": value, **figures}

    def _record(self, loss: float) -> None:
        """Keep the mean loss of every fortieth part of the training."""
        width = max(1, self.recipe.steps // _POINTS)
        self._pending += loss
        if self.step % width == 0:
            self.curve.append((self.step, self._pending / width))
            self._pending = 0.0

    def _line(self, recent: "deque[Figures]", per_step: float) -> str:
        means = {key: sum(one[key] for one in recent) / len(recent) for key in recent[-1]}
        shown = " ".join(f"{key} {value:.4f}" for key, value in means.items())
        left = in_words(per_step * (self.recipe.steps - self.step))
        return f"{self.name}: step {self.step}/{self.recipe.steps} {shown} ({1 / per_step:.1f} steps/s, {left} left)"

    def _shown_curve(self) -> str:
        """The mean loss of up to `_SHOWN` parts of the training, in order."""
        parts = [self.curve[i * len(self.curve) // _SHOWN] for i in range(_SHOWN)] if self.curve else []
        return " ".join(dict.fromkeys(f"{loss:.4f}" for _, loss in (*parts, *self.curve[-1:])))

    def _optimizer(self) -> torch.optim.AdamW:
        head = set(self.network.new_head)
        faster = max(1.0, min(HEAD, HEAD_MOST / self.recipe.rate))
        groups: list[dict[str, Any]] = [
            {"params": params, "weight_decay": 0.01 if wide else 0.0, "factor": faster if new else 1.0}
            for new in (False, True)
            for wide in (True, False)
            if (
                params := [
                    weight
                    for name, weight in self.network.trained().items()
                    if (name in head) == new and (weight.dim() > 1) == wide
                ]
            )
        ]
        for module, factor in self.objective.further:
            groups.append({"params": list(module.parameters()), "weight_decay": 0.0, "factor": factor})
        return torch.optim.AdamW(groups, lr=self.recipe.rate, eps=1e-8)

    def _save(self, seconds: float) -> None:
        state = {
            "steps": self.recipe.steps,
            "step": self.step,
            "seconds": seconds,
            "averaged": self.averaged,
            "curve": self.curve,
            "pending": self._pending,
            "model": self.network.trained(),
            "sums": self.sums,
            "further": [module.state_dict() for module, _ in self.objective.further],
            "optimizer": self.optimizer.state_dict(),
            "dropout": torch.get_rng_state(),
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self.path)

    def _restore(self, state: dict[str, Any]) -> None:
        self.step, self.seconds, self.averaged = state["step"], state["seconds"], state["averaged"]
        self.curve, self._pending = [tuple(point) for point in state["curve"]], state["pending"]
        self.network.adopt(state["model"])
        self.sums = state["sums"]
        for (module, _), weights in zip(self.objective.further, state["further"], strict=True):
            module.load_state_dict(weights)
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["dropout"])
        self.say(f"{self.name}: goes on after step {self.step} of {state['steps']}")
