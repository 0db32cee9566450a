#!/usr/bin/env python3
"""Draw the pool of snapshots of one solved problem as SVG: how it grew, and where the search went back.

usage: persamp solve --json --evaluation.save_particles=true 'QUESTION' | tools/draw_pool.py > pool.svg

Columns are depths (reasoning steps), each dot a snapshot, its area the particles it was extended by; a line is one
step, coloured by the selection event that launched it. A dashed ring marks a snapshot the search went back to: a
selection launched from it although a deeper one was in the pool. Green answers are right, red ones wrong, where the
truth is known. Standard library only.
"""
import html
import json
import sys

COLOURS = ["#4c6ef5", "#f08c00", "#2b8a3e", "#c2255c", "#6741d9", "#0c8599", "#a61e4d", "#5c940d"]
COLUMN, ROW, LEFT, TOP = 150, 26, 60, 50


def layout(nodes):
    """Depth and row of every snapshot: each column is in order of its parents' rows, then of age."""
    depth = {0: 0}
    for n in nodes:
        depth[n["id"]] = depth[n["parent"]] + 1
    columns = {}
    for n in nodes:
        columns.setdefault(depth[n["id"]], []).append(n)
    row = {0: 0.0}
    tallest = max(len(c) for c in columns.values())
    for d in sorted(columns):
        column = sorted(columns[d], key=lambda n: (row[n["parent"]], n["id"]))
        for i, n in enumerate(column):
            row[n["id"]] = i + (tallest - len(column)) / 2
    row[0] = (tallest - 1) / 2
    return depth, row, tallest


def gone_back_to(nodes, depth):
    """Snapshots a selection launched from although a deeper one was in the pool already."""
    found = set()
    for n in nodes:
        before = [depth[m["id"]] for m in nodes if m.get("event", 0) < n.get("event", 0)]
        if before and depth[n["parent"]] == n.get("launch_depth") < max(before):
            found.add(n["parent"])
    return found


def draw(result):
    nodes = result["particles"]
    depth, row, tallest = layout(nodes)
    back, children = gone_back_to(nodes, depth), {}
    for n in nodes:
        children[n["parent"]] = children.get(n["parent"], 0) + 1

    def at(i):
        return LEFT + COLUMN * depth[i], TOP + ROW * row[i]

    width, height = LEFT + COLUMN * max(depth.values()) + 110, TOP + ROW * tallest + 8
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" '
           f'viewBox="0 0 {width} {height:.0f}" font-family="sans-serif" font-size="11">',
           f'<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-size="13">{html.escape(result["problem"])}</text>']
    for n in nodes:
        (x0, y0), (x1, y1) = at(n["parent"]), at(n["id"])
        colour = COLOURS[n.get("event", 0) % len(COLOURS)]
        out.append(f'<path d="M{x0} {y0:.1f} C{x0 + 60} {y0:.1f} {x1 - 60} {y1:.1f} {x1} {y1:.1f}" fill="none" '
                   f'stroke="{colour}" stroke-width="1.4" opacity=".75"/>')
    for n in [{"id": 0, "state": "open", "text": ""}] + nodes:
        x, y = at(n["id"])
        fill = "#495057" if n["state"] == "open" else "#868e96"
        if n["state"] == "finished":
            right = result["ground_truth"] is not None and f'{{{result["ground_truth"]}}}' in n["text"]
            fill = "#2b8a3e" if right else "#e03131"
        radius = 3 + 1.2 * min(children.get(n["id"], 0), 8) ** 0.5
        out.append(f'<circle cx="{x}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}"/>')
        if n["id"] in back:
            out.append(f'<circle cx="{x}" cy="{y:.1f}" r="{radius + 5:.1f}" fill="none" stroke="#212529" '
                       'stroke-width="2" stroke-dasharray="3 2"/>')
        label = n["text"].strip().replace("\\cdot", "·").replace("\n", " ")
        label = label if len(label) <= 20 else label[:19] + "…"
        clear = radius + (7 if n["id"] in back else 4)  # beside the dot or its ring, with a white edge over the lines
        out.append(f'<text x="{x + clear:.1f}" y="{y - 5:.1f}" fill="#343a40" font-size="9" stroke="white" '
                   f'stroke-width="2.5" stroke-linejoin="round" paint-order="stroke">{html.escape(label)}</text>')
    out.append("</svg>")
    return "\n".join(out)


if __name__ == "__main__":
    print(draw(json.loads(sys.stdin.readline())))
