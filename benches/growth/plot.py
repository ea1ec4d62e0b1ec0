"""Draws growth as an SVG that can be read on light and on dark pages."""

from math import log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 616, 34, 270
HIGHEST = 1.3  # unless something is higher

STYLE = """
  .page { fill: #ffffff } .text { fill: #24292f } .line { stroke: #d0d7de } .axis { stroke: #57606a }
  .limit { stroke: #cf222e } .limit-text { fill: #cf222e }
  .s0 { stroke: #0969da; fill: #0969da } .s1 { stroke: #9a6700; fill: #9a6700 }
  text { font: 13px system-ui, sans-serif } .title { font-weight: bold }
  polyline.s0, polyline.s1 { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #e6edf3 } .line { stroke: #30363d } .axis { stroke: #8b949e }
    .limit { stroke: #ff7b72 } .limit-text { fill: #ff7b72 }
    .s0 { stroke: #58a6ff; fill: #58a6ff } .s1 { stroke: #d29922; fill: #d29922 }
    polyline.s0, polyline.s1 { fill: none }
  }
"""


def drawn(counted, series, limit):
    """The picture of some series, each a name and points (count, least, median, most), over how many
    there are of what is counted."""
    counts = [point[0] for _, points in series for point in points]
    highest = max([HIGHEST] + [point[3] * 1.05 for _, points in series for point in points])

    def x(count):
        span = log10(max(counts)) - log10(min(counts))
        return LEFT + 20 + (log10(count) - log10(min(counts))) / span * (RIGHT - LEFT - 40)

    def y(growth):
        return BOTTOM - growth / highest * (BOTTOM - TOP)

    title = f"Server CPU of a sign-in as the number of {counted} grows"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
        text(LEFT, 20, title, "start", "text title"),
    ]
    for tenths in range(0, int(highest * 10) + 1, 2):
        out.append(line(LEFT, y(tenths / 10), RIGHT, y(tenths / 10), "line"))
        out.append(text(LEFT - 8, y(tenths / 10) + 4, f"{tenths / 10:.1f}", "end"))
    out.append(line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis"))
    for count in sorted(set(counts)):
        out.append(line(x(count), BOTTOM, x(count), BOTTOM + 5, "axis"))
        out.append(text(x(count), BOTTOM + 20, f"{count:,}", "middle"))
    middle = (TOP + BOTTOM) / 2
    turned = f' transform="rotate(-90 18 {middle:.0f})"'
    out.append(text(18, middle, "CPU, as a multiple of the least", "middle", more=turned))
    out.append(text((LEFT + RIGHT) / 2, BOTTOM + 40, counted, "middle"))
    out.append(line(LEFT, y(limit), RIGHT, y(limit), "limit", ' stroke-dasharray="6 4"'))
    out.append(text(LEFT + 6, y(limit) - 6, f"at most {limit:.2f}", "start", "limit-text"))

    for number, (name, points) in enumerate(series):
        kind = f"s{number}"
        path = " ".join(f"{x(count):.1f},{y(median):.1f}" for count, _, median, _ in points)
        out.append(f'<polyline class="{kind}" points="{path}"/>')
        for count, least, median, most in points:
            out.append(line(x(count), y(least), x(count), y(most), kind))
            out.append(f'<circle class="{kind}" cx="{x(count):.1f}" cy="{y(median):.1f}" r="4"/>')
        at = LEFT + 14 + number * 280
        out.append(f'<circle class="{kind}" cx="{at}" cy="{HEIGHT - 12}" r="4"/>')
        out.append(text(at + 10, HEIGHT - 8, name, "start"))
    return "\n".join(out) + "\n</svg>\n"


def line(x1, y1, x2, y2, kind, more=""):
    """A line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{more}/>'


def text(x, y, words, anchor, kind="text", more=""):
    """Words."""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>'
        f"{escape(words)}</text>"
    )
