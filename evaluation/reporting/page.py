"""One HTML document without outside references, rendered from what a report shows."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from failwise.errors import MissingExtraError
from failwise.evaluation.reporting.data import STATES, ReportData
from failwise.evaluation.reporting.view import view
from failwise.evaluation.reporting.words import interval, percent, points
from failwise.files import write_text

REPORT = "report.html"
SCRIPTS = ("tables.js", "page.js", "grid.js", "maps.js", "overview.js", "questions.js", "panel.js", "start.js")


def need_report_extra() -> None:
    """Check that what writes pages is installed, without importing it.

    Raises:
        MissingExtraError: it is not.
    """
    if find_spec("jinja2") is None:
        raise MissingExtraError("the HTML report", "jinja2", "report")


def write_report(data: ReportData, path: Path) -> Path:
    """Write the report, whole or not at all."""
    write_text(path, render_report(data))
    return path


def render_report(data: ReportData) -> str:
    """Return the report.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    return render("page.html.jinja", SCRIPTS, **view(data))


def render(template: str, scripts: Sequence[str], **values: Any) -> str:
    """Return a page with the report's style, and a policy that lets it run these scripts alone and load nothing.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    need_report_extra()
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    house = Environment(
        loader=FunctionLoader(_file), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    house.globals |= {"percent": percent, "interval": interval, "points": points, "states": STATES}
    script = '"use strict";\n(async () => {\n' + "\n".join(map(_file, scripts)) + "})();\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = house.get_template(template).render(
        **values, style=Markup(_file("style.css")), script=Markup(script), script_hash=f"sha256-{digest}"
    )
    return page.encode("utf-8", "replace").decode()


def _file(name: str) -> str:
    return files("failwise.evaluation.reporting").joinpath(name).read_text(encoding="utf-8")
