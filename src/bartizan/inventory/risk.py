"""The risk of an asset and of the estate, 0 to 100, by a formula that anyone can redo.

    asset:   worst + (100 - worst) * 0.5 * rest / (rest + 25)
             worst: the highest score among the asset's open findings
             rest:  sum of (score / 100)^2 over its other open findings
    estate:  square root of the mean of the squares of its assets' risks

The worst finding sets the level; the others can close at most half of the gap to 100. Squares keep a thousand harmless
findings below one grave one.
"""

from dataclasses import dataclass
from math import sqrt

SHARE = 0.5
HALF = 25.0
"""So much weight beside the worst finding closes half of what can be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One summand of a risk, with its reason."""

    name: str
    points: float
    text: str


def asset_risk(worst: float, weight: float) -> float:
    """From the highest score and the sum of (score / 100)^2 over all open findings, the worst one included."""
    return round(worst + _volume(worst, weight), 2)


def asset_factors(worst: float, weight: float, findings: int, worst_title: str) -> list[Factor]:
    """The same as `asset_risk`, told."""
    if not findings:
        return []
    factors = [Factor(name="worst finding", points=round(worst, 2), text=f"{worst_title} scores {worst:.0f} of 100")]
    if findings > 1:
        rest = max(weight - (worst / 100) ** 2, 0.0)
        told = f"{findings - 1} other open findings weigh {rest:.1f} together"
        factors.append(Factor(name="other findings", points=round(_volume(worst, weight), 2), text=told))
    return factors


def estate_risk(sum_of_squares: float, assets: int) -> float:
    """From the sum of the squares of the assets' risks."""
    return round(sqrt(sum_of_squares / assets), 1) if assets else 0.0


def _volume(worst: float, weight: float) -> float:
    rest = max(weight - (worst / 100) ** 2, 0.0)
    return (100 - worst) * SHARE * rest / (rest + HALF)
