"""A balance certificate as one picture: the guessers against chance, and every dimension against its target."""

import re
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any, TypeAlias

from failwise.errors import InputError, MissingExtraError
from failwise.files import atomic_writer
from failwise.generation.balance.certificate import BalanceCertificate
from failwise.generation.balance.dimensions import Dimension, Value
from failwise.generation.balance.shortcuts import GuesserRow
from failwise.generation.balance.verdict import REFUSED
from failwise.generation.records import Arity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    Axes: TypeAlias = Any
    Figure: TypeAlias = Any

FORMATS = (".png", ".svg")
# Colours that people with any colour vision tell apart (M. Okabe and K. Ito 2008); shapes differ as well.
BLUE, ORANGE, RED, GREY, BLACK = "#0072B2", "#E69F00", "#D55E00", "#BFC5CA", "#222222"
_SHAPES = {Arity.SINGLE: ("o", BLUE), Arity.MULTIPLE: ("s", ORANGE)}
_BARS = 10  # values shown as bars; more become a scatter of target and actual
_COLUMNS = 3


def draw_certificate(certificate: BalanceCertificate, path: Path) -> None:
    """Draw a certificate to a PNG or SVG file, all or nothing.

    Raises:
        InputError: the file is to be something else.
        MissingExtraError: matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"cannot draw {path}: {path.suffix or 'no ending'}; the ending must be {' or '.join(FORMATS)}")
    drawn, picture, form = figure(certificate), BytesIO(), path.suffix[1:].lower()
    from matplotlib import rc_context

    # Neither the time nor a random name, so that the same certificate is the same file.
    with rc_context({"svg.hashsalt": "failwise"}):
        drawn.savefig(picture, format=form, dpi=130, metadata={"Date" if form == "svg" else "Software": None})
    with atomic_writer(path) as stream:
        stream.write(_numbered(picture.getvalue()) if form == "svg" else picture.getvalue())


def _numbered(svg: bytes) -> bytes:
    """Name clip paths and markers by number: matplotlib derives some of their names from addresses in memory."""
    names: dict[bytes, bytes] = {}
    return re.sub(rb"\b[pm][0-9a-f]{10}\b", lambda m: names.setdefault(m[0], b"id%d" % len(names)), svg)


def figure(certificate: BalanceCertificate) -> Figure:
    """Return the picture as a matplotlib figure of its own; no state of pyplot is touched."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingExtraError("the picture of a certificate", "matplotlib", "report") from error
    panels = _panels(certificate.dimensions)
    lines = max(1, -(-len(panels) // _COLUMNS))
    height = max(2.2 * lines, 0.27 * len(certificate.shortcuts.rows) + 1.2) + 1.4
    with rc_context({"font.size": 8, "axes.titlesize": 9}):
        # Inches at the sides, so that nothing touches the edges.
        whole = Figure(figsize=(15, height), layout=ConstrainedLayoutEngine(w_pad=0.12))
        FigureCanvasAgg(whole)
        refused = certificate.verdict == REFUSED
        title = "\n".join(wrap(f"{certificate.sentence}", 150, max_lines=3, placeholder=" …"))
        whole.suptitle(title, fontsize=11, color=RED if refused else BLACK, x=0.01, ha="left")
        left, right = whole.subfigures(1, 2, width_ratios=[1, 2], wspace=0.02, squeeze=False).ravel()
        _guessers(left.subplots(), certificate)
        left.legend(loc="outside lower center", ncols=2, frameon=False)
        right.supxlabel(
            "blue: actual, with a target (black line or diagonal); grey: actual, without a target", fontsize=8
        )
        axes = right.subplots(lines, _COLUMNS, squeeze=False).ravel()
        for axis, panel in zip(axes, panels, strict=False):
            _panel(axis, panel)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
    return whole


def _guessers(axis: Axes, certificate: BalanceCertificate) -> None:
    """Draw each guesser's excess over chance with its interval, the allowed band shaded."""
    rows = certificate.shortcuts.rows
    margin = 100 * certificate.margin
    axis.axvspan(-margin, margin, color=GREY, alpha=0.35, lw=0, label=f"within {margin:g} points of chance")
    axis.axvline(0, color=BLACK, lw=0.8)
    for arity, (shape, colour) in _SHAPES.items():
        found = [(i, row) for i, row in enumerate(rows) if row.arity is arity]
        if found:
            _dots(axis, found, shape, colour, f"{arity} answers")
    over = [(i, row) for i, row in enumerate(rows) if row.over(certificate.margin)]
    if over:
        axis.scatter([r.excess for _, r in over], [i for i, _ in over], s=90, facecolors="none", edgecolors=RED,
                     linewidths=1.6, zorder=4, label="too much")  # fmt: skip
    axis.set_yticks(range(len(rows)), [row.name for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlabel("points above chance, with 95 % interval")
    axis.set_title("Guessers that never read what is asked about", loc="left")
    axis.grid(axis="x", color=GREY, lw=0.4)
    # Wide intervals of guessers that had few questions run out of the picture.
    excess = [row.excess for row in rows]
    axis.set_xlim(1.1 * min([-2 * margin, *excess]) - 1, 1.1 * max([2 * margin, *excess]) + 1)
    _plain(axis)


def _dots(axis: Axes, rows: Sequence[tuple[int, GuesserRow]], shape: str, colour: str, label: str) -> None:
    x = [row.excess for _, row in rows]
    spans = [[row.excess - row.low for _, row in rows], [row.high - row.excess for _, row in rows]]
    axis.errorbar(x, [i for i, _ in rows], xerr=spans, fmt=shape, color=colour, ms=5, lw=1.2, label=label, zorder=3)


def _panels(dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Return what is drawn: dimensions with more than one value, letters of all option counts in one."""
    letters = [d for d in dimensions if d.name.startswith("letter of ")]
    total = sum(d.total for d in letters)
    dealt = [replace(v, name=f"{v.name} of {len(d.values)}") for d in letters for v in d.values]
    panels = [d for d in dimensions if len(d.values) > 1 and d not in letters]
    if dealt:
        off = max((d for d in letters if d.points is not None), key=lambda d: abs(d.points or 0.0))
        panels.append(replace(off, name="right letter", total=total, values=tuple(dealt)))
    return sorted(panels, key=lambda d: not d.targeted)


def _panel(axis: Axes, dimension: Dimension) -> None:
    name = dimension.name.replace("_", " ")
    if dimension.points is not None:
        name += f"\nat most {abs(dimension.points):.1f} points off"
    axis.set_title(name, loc="left")
    if len(dimension.values) > _BARS and dimension.targeted:
        _scatter(axis, dimension.values)
    else:
        _bars(axis, dimension)
    _plain(axis)


def _bars(axis: Axes, dimension: Dimension) -> None:
    """Draw shares as bars, targets as black ticks; the largest where there are too many."""
    values: list[Value] = list(dimension.values)
    if len(values) > _BARS:
        values = sorted(values, key=lambda v: -v.count)[: _BARS - 1]
        rest = sum(v.count for v in dimension.values) - sum(v.count for v in values)
        values.append(Value(f"{len(dimension.values) - len(values)} others", rest, rest / dimension.total))
    places = range(len(values))
    axis.barh(places, [100 * v.share for v in values], color=BLUE if dimension.targeted else GREY, height=0.7)
    if dimension.targeted:
        targets = [100 * (v.target or 0.0) for v in values]
        axis.vlines(targets, [p - 0.45 for p in places], [p + 0.45 for p in places], color=BLACK, lw=2)
    axis.set_yticks(places, [shorten(v.name or "(none)", 24, placeholder="…") for v in values])
    axis.set_ylim(len(values) - 0.4, -0.6)
    axis.set_xlabel("% of questions" if dimension.name != "distractor" else "% of wrong options")


def _scatter(axis: Axes, values: Sequence[Value]) -> None:
    """Draw one dot per value: the target across, what came upwards, the diagonal where both are the same."""
    targets, shares = [100 * (v.target or 0.0) for v in values], [100 * v.share for v in values]
    most = 1.08 * max(*targets, *shares)
    axis.plot([0, most], [0, most], color=BLACK, lw=0.8)
    axis.scatter(targets, shares, s=16, color=BLUE, alpha=0.6, linewidths=0)
    axis.set_xlim(0, most)
    axis.set_ylim(0, most)
    axis.set_xlabel(f"target, %   ({len(values):,} values)")
    axis.set_ylabel("actual, %")


def _plain(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(length=2)
