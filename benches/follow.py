#!/usr/bin/env python3
"""Whether lines can be followed: our pictures beside dot's (of our DOT) and ELK's (of our cards) of the same graph.

    benches/follow.py [--elk PATH-OF-ELKJS] [--program target/release/kubesketch] [--only WORD]
    benches/follow.py --check | --bless

Prints, for each example and each folder of ../shared/corpus, the measures of ../shared/tools/followability.py:
  xf_med, xf_p90, xf_back     detour of lines between frames, and the share of them that runs backwards
  far2                        share of lines over twice as long as their ends are apart
  dash_detour_p90, dash_turns, amb   detour, bends and crowding of dashed lines
  cross, label_px, aspect     crossings, smallest text at a width of 1,000 px, width by height
and of ours alone:
  off      the largest distance of a label from its line
  stable   add a Service with a Deployment to the input: the share of boxes and their four nearest neighbors that stand
           to each other as before (left, right, above or below)
then all of them pooled: crossings summed, the rest as means. Labels of lines and the legend are no part of ELK's picture,
so that its label_px and aspect are better than fair. A Service docked on its workload has no line in ours: ELK gets the
two cards as unconnected ones, which may stand apart.

--check draws ours alone, of ../shared/oracle/manifests as well, and exits with 1 if a figure is worse than that of
benches/follow.json (crossings by 1, shares and detours by 0.05, stability by 0.1); --bless writes that file.
Needs Python 3, Graphviz unless --check, and for --elk node and the npm package elkjs (npm install elkjs).
"""
import argparse, importlib.util, json, pathlib, shutil, statistics, subprocess, sys, tempfile
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
BOUNDS = ROOT / "benches/follow.json"
SHOWN = ["xf_med", "xf_p90", "xf_back", "far2", "dash_detour_p90", "dash_turns", "amb", "cross", "label_px", "aspect", "off", "stable"]
# Higher is worse by more than this; for stability, lower.
SLACK = {"xf_p90": 0.05, "xf_back": 0.05, "far2": 0.05, "detour_p90": 0.05, "dash_detour_p90": 0.05, "dash_turns": 0.1, "cross": 0, "off": 0.5, "stable": -0.1}
ADDED = """apiVersion: v1
kind: Service
metadata: {name: added, namespace: NS}
spec: {selector: {app: added}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: added, namespace: NS}
spec: {selector: {matchLabels: {app: added}}, template: {metadata: {labels: {app: added}}, spec: {containers: [{name: added, image: added}]}}}
"""

def tool():
    spec = importlib.util.spec_from_file_location("followability", SHARED / "tools" / "followability.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def graph(pic):
    """The boxes and connections of a picture, each box with the innermost frame around it."""
    def parent(own, b):
        around = [(g[2] * g[3], k) for k, g in pic.groups.items() if k != own and g and g[0] <= b[0] + 1 and g[1] <= b[1] + 1
                  and g[0] + g[2] + 1 >= b[0] + b[2] and g[1] + g[3] + 1 >= b[1] + b[3]]
        return min(around)[1] if around else None
    box = lambda k, b: {"id": k, "w": b[2], "h": b[3], "parent": parent(k, b)}
    known = {**pic.nodes, **pic.groups}
    return {"nodes": [box(k, b) for k, b in pic.nodes.items() if b], "groups": [box(k, b) for k, b in pic.groups.items() if b],
            "edges": [{k: e.get(k) for k in ("from", "to", "kind", "style", "dashed")} for e in pic.edges if e["line"] and known.get(e["from"]) and known.get(e["to"])]}


def run(command, data=None):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60).stdout


def label_distance(svg, module):
    """The largest distance of a label from the line of its edge, in user units."""
    worst = 0.0
    for edge in (e for e in ET.parse(svg).getroot().iter() if "edge" in e.get("class", "").split()):
        line = next((module.flatten(p.get("d", "")) for p in edge.iter() if p.tag.endswith("path") and p.get("fill", "none") == "none"), [])
        for rect in (r for r in edge.iter() if r.tag.endswith("rect") and "label" in r.get("class", "").split()):
            x, y, w, h = (float(rect.get(k, 0)) for k in ("x", "y", "width", "height"))
            gap = lambda lo, hi, a, b: max(lo - max(a, b), min(a, b) - hi, 0.0)
            worst = max(worst, min((gap(x, x + w, p[0], q[0]) + gap(y, y + h, p[1], q[1]) for p, q in zip(line, line[1:])), default=0.0))
    return round(worst, 1)


def stability(pic, other):
    """The share of boxes and near neighbors that stand to each other as before."""
    middle = lambda b: (b[0] + b[2] / 2, b[1] + b[3] / 2)
    old, new = ({k: middle(b) for k, b in p.nodes.items() if b} for p in (pic, other))
    def relation(at, a, b):
        dx, dy = at[b][0] - at[a][0], at[b][1] - at[a][1]
        return ("x", dx > 0) if abs(dx) > abs(dy) else ("y", dy > 0)
    kept, all_ = 0, 0
    for a in old:
        near = sorted((abs(old[b][0] - old[a][0]) + abs(old[b][1] - old[a][1]), b) for b in old if b != a)[:4]
        pairs = [b for _, b in near if a in new and b in new]
        kept, all_ = kept + sum(relation(old, a, b) == relation(new, a, b) for b in pairs), all_ + len(pairs)
    return round(kept / all_, 2) if all_ else None


def ours(program, case, made, module, stable=True):
    """Our picture of a folder, and its measures; nothing if there is no picture."""
    draw = lambda folder: run([program, "draw", "-q", "--overview", "never", str(folder), "-o", "svg"])
    file = made / f"{case.parent.name}-{case.name}.svg"
    file.write_bytes(draw(case))
    try:
        pic = module.read(str(file))
        m = {**module.measure(pic), "off": label_distance(file, module), "stable": None}
    except Exception:
        return None, None
    if stable:
        copy = made / f"{case.parent.name}-{case.name}"
        shutil.copytree(case, copy, symlinks=True)
        spaces = [e.get("data-namespace") for e in ET.parse(file).getroot().iter() if "node" in e.get("class", "").split() and e.get("data-namespace")]
        (copy / "zz-added.yaml").write_text(ADDED.replace("NS", statistics.mode(spaces) if spaces else "default"))
        more = file.with_suffix(".more.svg")
        more.write_bytes(draw(copy))
        try:
            m["stable"] = stability(pic, module.read(str(more)))
        except Exception:
            pass
    return pic, m


def pooled(all_):
    mean = lambda key: [m[key] for m in all_ if m[key] is not None]
    of = lambda key: sum(mean(key)) if key == "cross" else max(mean(key), default=0) if key == "off" else statistics.mean(mean(key)) if mean(key) else None
    return {key: None if of(key) is None else round(of(key), 3) for key in [*SHOWN, "detour_p90"] if all(key in m for m in all_)}


def check(args, cases, module, made):
    """Holds our pictures to the committed bounds, or writes those."""
    oracle = SHARED / "oracle/manifests"
    runs = lambda folder: any(f"kind: {kind}" in file.read_text(errors="replace") for file in folder.rglob("*.y*ml") for kind in ("Deployment", "StatefulSet", "DaemonSet", "Pod\n", "ReplicaSet"))
    more = [p for p in sorted(oracle.iterdir()) if p.is_dir() and runs(p)] if oracle.is_dir() else []
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda c: ours(args.program, c, made, module, c not in more)[1], cases + more))
    figures = {f"{c.parent.name}/{c.name}": m for c, m in zip(cases, found) if m}
    rest = [m for m in found[len(cases):] if m]
    figures["all"] = pooled(list(figures.values()))
    if rest:
        figures["oracle"] = pooled(rest)
    figures = {name: {k: m[k] for k in SLACK if m.get(k) is not None} for name, m in figures.items()}
    if args.bless:
        BOUNDS.write_text("{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(m)}" for name, m in figures.items()) + "\n}\n")
        return 0
    bounds, worse = json.loads(BOUNDS.read_text()), []
    for name, m in figures.items():
        for key, bound in bounds.get(name, {}).items():
            slack = SLACK[key]
            if key in m and (m[key] < bound + slack - 1e-9 if slack < 0 else m[key] > bound + slack + 1e-9):
                worse.append(f"{name}: {key} {m[key]}, was {bound}")
    for name in ("all", "oracle"):
        print(name, " ".join(f"{k} {v}" for k, v in figures.get(name, {}).items()))
    print("\n".join(worse) or f"nothing is worse than {BOUNDS.relative_to(ROOT)}")
    return 1 if worse else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "target/release/kubesketch"))
    parser.add_argument("--elk")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    module = tool()
    cases = [p for top in (ROOT / "examples", SHARED / "corpus") if top.is_dir() for p in sorted(top.iterdir()) if p.is_dir()]
    cases = [c for c in cases if args.only in str(c)]
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        if args.check or args.bless:
            return check(args, cases, module, made)
        print(f"{'':<34}" + "".join(f"{s:>16}" for s in SHOWN))
        show = lambda name, m: print(f"{name:<34}" + "".join(f"{'-' if m.get(s) is None else m[s]:>16}" for s in SHOWN), flush=True)
        all_ = {}
        for case in cases:
            name = f"{case.parent.name}/{case.name}"
            pic, mine = ours(args.program, case, made, module)
            if mine is None:
                print(f"{name}: no picture")
                continue
            show(f"{name} ours", mine)
            all_.setdefault("ours", []).append(mine)
            files = {"dot": made / "x.json", "elk": made / "x.elk.raw"}
            draw = [args.program, "draw", "-q", "--overview", "never", str(case), "-o", "dot"]
            files["dot"].write_bytes(run(["dot", "-Tjson"], run(draw)))
            if args.elk:
                files["elk"].write_bytes(run(["node", str(ROOT / "benches/elk.mjs"), args.elk], json.dumps(graph(pic)).encode()))
            for who in ["dot", "elk"] if args.elk else ["dot"]:
                try:
                    m = {**module.measure(module.read(str(files[who]))), "off": None, "stable": None}
                    show(f"{name} {who}", m)
                    all_.setdefault(who, []).append(m)
                except Exception as error:
                    print(f"{name} {who}: not measured ({error})", flush=True)
        for who, figures in all_.items():
            show(f"all {who}", pooled(figures))


if __name__ == "__main__":
    sys.exit(main())
