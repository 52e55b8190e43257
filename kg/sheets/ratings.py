"""Ratings from 1 to 10 in a worksheet's cells, and the risk priority number they must give."""

from failwise.kg.sheets.cells import is_class, number_of, says_nothing
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.records import Place

HIGHEST = 10
_FACTORS = 3  # severity, occurrence, detection


def rating_of(text: str, header: str, place: Place, collector: Collector) -> int | None:
    """Return the rating in a cell; None where it says nothing, or after a finding."""
    number = number_of(text)
    if says_nothing(text) or (number and number <= HIGHEST):
        return number
    fix = f"write a number from 1 to {HIGHEST}, or map the column to another field"
    if number is None and is_class(text):
        message = f"{header!r} is the class {text!r}, which is no rating from 1 to {HIGHEST}; it is left out"
        collector.find("WARN", place, "rating-class", message, text, fix)
    else:
        message = f"{header!r} is {text!r}; a rating is a whole number from 1 to {HIGHEST}"
        collector.find("ERROR", place, "rating", message, text, fix)
    return None


def check_product(text: str, ratings: list[str], header: str, place: Place, collector: Collector) -> None:
    """Compare a risk priority number with the product of its row's ratings, where all three are there."""
    factors = [number for number in map(number_of, ratings) if number is not None]
    if says_nothing(text) or len(factors) != _FACTORS:
        return
    product = factors[0] * factors[1] * factors[2]
    if number_of(text) != product:
        shown = " x ".join(map(str, factors))
        message = f"{header!r} is {text!r}, but {shown} is {product}; the number is calculated, not imported"
        collector.find("WARN", place, "product", message, text, "correct the number or the ratings")
