"""Do two series of times differ? (Mann-Whitney U, normal approximation with ties)"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p; good from about twenty values a side on."""
    n, m = len(first), len(second)
    ranked = sorted([*((value, 0) for value in first), *((value, 1) for value in second)])
    ranks: dict[float, float] = {}
    counts = Counter(value for value, _side in ranked)
    below = 0
    for value in sorted(counts):
        ranks[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    u = sum(ranks[value] for value in first) - n * (n + 1) / 2
    ties = sum(count**3 - count for count in counts.values())
    spread = math.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    if not spread:
        return 1.0
    z = max(0.0, abs(u - n * m / 2) - 0.5) / spread
    return math.erfc(z / math.sqrt(2))


def difference(first: Sequence[float], second: Sequence[float]) -> float:
    """Of the medians, as a share of the larger."""
    one, other = statistics.median(first), statistics.median(second)
    return abs(one - other) / max(one, other)
