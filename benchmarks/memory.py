"""What a training step needs of memory, and what it would need elsewhere.

Run with `python benchmarks/memory.py`; each setting is measured in a process of its own. The peak is a line: what a
process always holds (base, adapter, libraries), and so much for each token that it learns at once.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

WIDTH = 96  # tokens of a row, about those of a row of verdicts
ROWS = (2, 8, 24)
FORETOLD = 12  # tokens of a row that the vocabulary head runs on
STEPS = 2  # from the second on the optimizer has its state


@dataclass(frozen=True, slots=True)
class Setting:
    """How the base is held, and whether activations are kept."""

    quantisation: str
    checkpointing: bool

    def __str__(self) -> str:
        return f"{self.quantisation}{', checkpointing' * self.checkpointing}"


SETTINGS = [Setting(q, c) for q, c in product(("none", "nf4"), (False, True))]


@dataclass(frozen=True, slots=True)
class Peak:
    """The most memory of a process, and what of it are the base's weights and what is trained, in MB."""

    total: float
    base: float
    trained: float


def measure(setting: Setting, rows: int, base: str, rank: int, device: str) -> Peak:
    """Learn some steps of random tokens, in this process."""
    import torch

    from failwise.training import models
    from failwise.training.bases import resolve_base
    from failwise.training.config import TrainingConfig
    from failwise.training.memory import peak_gpu_mb, peak_rss_mb
    from failwise.training.tree import Tree, foretell, plant

    config = TrainingConfig.model_validate(
        {"base": base, "quantisation": setting.quantisation, "rank": rank, "alpha": 2 * rank}
    )
    place = torch.device(device)
    model = models.load_trainable(resolve_base(base), config, place)
    if setting.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained)
    draw = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        tokens = torch.randint(1000, 2000, (rows, WIDTH), generator=draw).tolist()
        trees = [Tree(tuple(row[:-FORETOLD]), (tuple(row[-FORETOLD:]),), (0,)) for row in tokens]
        grove = plant(trees).to(place)
        loss = torch.nn.functional.cross_entropy(foretell(model, grove), grove.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    held = sum(p.numel() * p.element_size() for p in model.parameters() if not p.requires_grad)
    # Weights, gradients and AdamW's two averages, each in the adapter's precision.
    own = sum(4 * p.numel() * p.element_size() for p in trained)
    return Peak(peak_gpu_mb() if place.type == "cuda" else peak_rss_mb(), held / 2**20, own / 2**20)


def measured(options: argparse.Namespace) -> Iterator[tuple[Setting, list[Peak]]]:
    """Yield the peaks of each setting, one for each number of rows."""
    for setting in SETTINGS:
        peaks = []
        for rows in ROWS:
            told = json.dumps([setting.quantisation, setting.checkpointing, rows])
            command = [sys.executable, __file__, "--one", told, "--base", options.base, "--rank", str(options.rank)]
            done = subprocess.run([*command, "--device", options.device], capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{setting} with {rows} rows failed:\n{done.stderr[-2000:]}")
            peaks.append(Peak(*json.loads(done.stdout.splitlines()[-1])))
        yield setting, peaks


def line(peaks: Sequence[Peak]) -> tuple[float, float, float]:
    """Return MB at no token, MB per token, and how far the furthest peak lies from that line, in MB."""
    tokens = np.array([rows * WIDTH for rows in ROWS], dtype=float)
    totals = np.array([peak.total for peak in peaks])
    slope, start = np.polyfit(tokens, totals, 1)
    return float(start), float(slope), float(np.abs(start + slope * tokens - totals).max())


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="embedded")
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        quantisation, checkpointing, rows = json.loads(options.one)
        peak = measure(Setting(quantisation, checkpointing), rows, options.base, options.rank, options.device)
        print(json.dumps([peak.total, peak.base, peak.trained]))
        return
    print(f"base {options.base}, rank {options.rank}, {options.device}; MB")
    sizes = " | ".join(f"{rows * WIDTH:,} tokens" for rows in ROWS)
    print(f"| base held in | base | adapter and optimizer | {sizes} | at no token | per token | off the line |")
    print("| --- " * (6 + len(ROWS)) + "|")
    for setting, peaks in measured(options):
        start, slope, off = line(peaks)
        totals = " | ".join(f"{peak.total:,.0f}" for peak in peaks)
        first = peaks[0]
        held = f"{first.base:.0f} | {first.trained:.0f}"
        print(f"| {setting} | {held} | {totals} | {start:,.0f} | {slope:.2f} | {off:.0f} |", flush=True)


if __name__ == "__main__":
    main()
