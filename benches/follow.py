#!/usr/bin/env python3
"""Whether lines can be followed: our pictures beside dot's (of our DOT) and ELK's (of our cards) of the same graph.

    benches/follow.py --elk PATH-OF-ELKJS [--program target/release/kubesketch] [--only WORD]

Prints, for each example and each folder of ../shared/corpus, the measures of ../shared/tools/followability.py:
  xf_med, xf_p90, xf_back     detour of lines between frames, and the share of them that runs backwards
  dash_detour_p90, dash_turns, amb   detour, bends and crowding of dashed lines
  cross, label_px, aspect     crossings, smallest text at a width of 1,000 px, width by height
Labels of lines and the legend are no part of ELK's picture, so that its label_px and aspect are better than fair.
A Service docked on its workload has no line in ours: ELK gets the two cards as unconnected ones, which may stand apart.
Needs Python 3, Graphviz, node, and the npm package elkjs (npm install elkjs).
"""
import argparse, importlib.util, json, pathlib, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SHOWN = ["xf_med", "xf_p90", "xf_back", "dash_detour_p90", "dash_turns", "amb", "cross", "label_px", "aspect"]


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "target/release/kubesketch"))
    parser.add_argument("--elk", required=True)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    module = tool()
    cases = [p for top in (ROOT / "examples", SHARED / "corpus") if top.is_dir() for p in sorted(top.iterdir()) if p.is_dir()]
    print(f"{'':<34}" + "".join(f"{s:>16}" for s in SHOWN))
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        for case in (c for c in cases if args.only in str(c)):
            draw = [args.program, "draw", "-q", "--overview", "never", str(case), "-o"]
            files = {"ours": made / "x.svg", "dot": made / "x.json", "elk": made / "x.elk.raw"}
            files["ours"].write_bytes(run(draw + ["svg"]))
            try:
                cards = graph(module.read(str(files["ours"])))
            except Exception as error:
                print(f"{case.name}: no picture ({error})")
                continue
            files["dot"].write_bytes(run(["dot", "-Tjson"], run(draw + ["dot"])))
            files["elk"].write_bytes(run(["node", str(ROOT / "benches/elk.mjs"), args.elk], json.dumps(cards).encode()))
            for who, file in files.items():
                try:
                    m = module.measure(module.read(str(file)))
                    print(f"{case.parent.name + '/' + case.name + ' ' + who:<34}" + "".join(f"{'-' if m[s] is None else m[s]:>16}" for s in SHOWN), flush=True)
                except Exception as error:
                    print(f"{case.name} {who}: not measured ({error})", flush=True)


if __name__ == "__main__":
    sys.exit(main())
