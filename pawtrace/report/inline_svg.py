"""Charts as parts of the page, so that they follow it into dark mode and its text is the page's.

Arrives: an SVG file as Matplotlib writes it. Leaves: an `<svg>` element without what the page has already,
with the page's colours and with ids that no other chart has.
"""

import re

from markupsafe import Markup

from pawtrace.report.chart_style import PALETTE

_NOT_NEEDED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|"
    r' id="[A-Za-z0-9]+_\d+"',  # of groups: nothing refers to them
    re.DOTALL,
)
_FAMILY = re.compile(r" font-family: [^;\"]*;")  # the page's is as good, and narrower
_ID = re.compile(r'(?<= id=")|(?<=href="#)|(?<=url\(#)')
_VARIABLES = {shade.light: f"var(--{name})" for name, shade in PALETTE.items()}
_COLOUR = re.compile("|".join(_VARIABLES))


def inline_svg(svg: str, name: str, words: str) -> Markup:
    """An SVG file as an element of the page.

    Args:
      svg: drawn in colours of the palette.
      name: that no other chart of the page has.
      words: what it shows, for those who cannot see it.
    """
    bare = re.sub(r"\n\s*", "\n", _NOT_NEEDED.sub("", svg)).strip()
    bare = _FAMILY.sub("", bare)
    bare = _COLOUR.sub(lambda colour: _VARIABLES[colour[0]], _ID.sub(f"{name}-", bare))
    opening = Markup('<svg class="chart" role="img" aria-label="{}"').format(words)
    return opening + Markup(bare.removeprefix("<svg"))
