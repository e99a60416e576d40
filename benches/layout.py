#!/usr/bin/env python3
"""Our pictures beside those that Graphviz dot makes of the same graph: legibility, crossings and time.

    benches/layout.py [--program target/release/kubesketch] [--keep DIR] [--only WORD] [--check]

For each example, each folder of ../shared/corpus (where it is) and generated inputs of 10 to 130 objects it prints
  nodes     boxes in the picture
  label_px  height of the smallest text when the picture is shown 1,000 px wide
  aspect    width by height
  fill      share of the picture that boxes cover
  hard      hard violations (overlaps, lines through strangers), by legibility.py
  cross     crossings of lines in our picture, and dot's on our own DOT output
  ms        milliseconds: our whole program from manifests to SVG, and dot from DOT to SVG (best of a few runs)
  drawing   of ours, without what reading the manifests takes, which dot does not do: the program's start, and what -o svg takes more than -o dot
Crossings are counted the same way for both: every edge a polyline (dot's curves as chords), every pair of edges that
properly cross counted once for each crossing.

--keep DIR leaves the SVG of every case there (NAME.svg ours, NAME.dot.svg Graphviz's). --only WORD takes the cases whose name
holds WORD. --check exits with 1 if a picture misses the sizes that we promise (see `promised`) or has a hard violation.

Needs Python 3 and Graphviz, and ../shared/tools/legibility.py for label_px, fill and hard.
"""
import argparse, importlib.util, pathlib, statistics, subprocess, sys, tempfile, time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


# ---- generated inputs

def workload(ns, name, kind="Deployment", labels=None):
    labels = labels or {"app": name}
    said = ", ".join(f"{k}: {v}" for k, v in labels.items())
    scale = "  replicas: 2\n" if kind != "DaemonSet" else ""
    return (f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {ns}}}\nspec:\n{scale}  selector: {{matchLabels: {{{said}}}}}\n"
            f"  template:\n    metadata: {{labels: {{{said}}}}}\n    spec: {{containers: [{{name: main, image: example/{name}:1, ports: [{{containerPort: 8080}}]}}]}}\n")


def service(ns, name, selector, kind="ClusterIP", port=80):
    said = ", ".join(f"{k}: {v}" for k, v in selector.items())
    return (f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {ns}}}\nspec:\n  type: {kind}\n  selector: {{{said}}}\n"
            f"  ports: [{{port: {port}, targetPort: 8080}}]\n")


def ingress(ns, name, backends):
    paths = "".join(f"          - {{path: /{b}, pathType: Prefix, backend: {{service: {{name: {b}, port: {{number: 80}}}}}}}}\n" for b in backends)
    return (f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: {ns}}}\nspec:\n  ingressClassName: nginx\n  rules:\n"
            f"    - host: {ns}.example.com\n      http:\n        paths:\n{paths}")


WORDS = ["cart", "catalog", "checkout", "payment", "search", "profile", "ledger", "mailer", "indexer", "edge", "media", "report", "quota"]


def word(i):
    return WORDS[i % len(WORDS)]


def system(namespaces, pairs, lone=0):
    """Namespaces that each hold an Ingress, Services with their workloads, every third of them routed to, and some lone workloads."""
    docs = []
    for n in range(namespaces):
        ns = f"team-{word(n)}"
        names = [f"{word(n + 3 * i)}-{word(7 * n + i + 1)}-{i}" for i in range(pairs)]
        for i, name in enumerate(names):
            docs.append(workload(ns, name, ["Deployment", "StatefulSet", "DaemonSet"][(n + i) % 3]))
            docs.append(service(ns, name, {"app": name}, "LoadBalancer" if (n + i) % 11 == 5 else "ClusterIP"))
        docs.extend(workload(ns, f"job-{word(i)}-{i}") for i in range(lone))
        docs.append(ingress(ns, "edge", names[::3]))
    return docs


def star(backends):
    """One Ingress with many Services, each with a workload."""
    names = [f"{word(i)}-{i}" for i in range(backends)]
    docs = [ingress("store", "public", names)]
    for name in names:
        docs += [service("store", name, {"app": name}), workload("store", name)]
    return docs


def fan_out(workloads):
    """One Service that selects many workloads."""
    docs = [service("batch", "all", {"tier": "worker"}, "LoadBalancer")]
    return docs + [workload("batch", f"worker-{word(i)}-{i}", labels={"tier": "worker", "n": f"w{i}"}) for i in range(workloads)]


def fan_in(services):
    """Many Services of one workload."""
    return [workload("core", "monolith")] + [service("core", f"{word(i)}-{i}", {"app": "monolith"}) for i in range(services)]


def exposed(services):
    """Many load balancers in one namespace."""
    docs = []
    for i in range(services):
        docs += [service("front", f"{word(i)}-{i}", {"app": f"{word(i)}-{i}"}, "LoadBalancer", 8000 + i), workload("front", f"{word(i)}-{i}")]
    return docs


def outside(names):
    """Many Services that stand for names outside the cluster."""
    return [f"apiVersion: v1\nkind: Service\nmetadata: {{name: {word(i)}-{i}, namespace: legacy}}\n"
            f"spec: {{type: ExternalName, externalName: {word(i)}-{i}.example.net}}\n" for i in range(names)]


def lone(workloads):
    return [workload("jobs", f"{word(i)}-{i}") for i in range(workloads)]


GENERATED = {
    "10": lambda: system(1, 4, 1),
    "15": lambda: system(1, 7),
    "15-two": lambda: system(2, 3),
    "50": lambda: system(2, 12),
    "50-five": lambda: system(5, 4, 1),
    "100": lambda: system(3, 16),
    "130": lambda: system(5, 12, 1),
    "130-one": lambda: system(1, 60, 9),
    "star-24": lambda: star(24),
    "star-60": lambda: star(60),
    "fan-out-30": lambda: fan_out(30),
    "fan-in-30": lambda: fan_in(30),
    "exposed-24": lambda: exposed(24),
    "outside-20": lambda: outside(20),
    "lone-60": lambda: lone(60),
    "lone-130": lambda: lone(130),
    "1000": lambda: system(20, 24, 1),
}


# ---- measuring

def legibility():
    path = SHARED / "tools" / "legibility.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("legibility", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bezier(points):
    """A chain of cubic curves as a polyline of eight chords each."""
    line = points[:1]
    for i in range(0, len(points) - 3, 3):
        p = points[i:i + 4]
        for k in range(1, 9):
            t = k / 8
            u = 1 - t
            line.append(tuple(u**3 * p[0][q] + 3 * u * u * t * p[1][q] + 3 * u * t * t * p[2][q] + t**3 * p[3][q] for q in (0, 1)))
    return line


def dot_lines(svg):
    """The lines of the edges of an SVG by Graphviz."""
    lines = []
    for e in ET.fromstring(svg).iter():
        if e.tag.rsplit("}", 1)[-1] == "g" and e.get("class") == "edge":
            for path in e.iter():
                if path.tag.rsplit("}", 1)[-1] == "path":
                    v = [float(x) for x in path.get("d").replace("M", " ").replace("C", " ").replace(",", " ").split()]
                    lines.append(bezier(list(zip(v[::2], v[1::2]))))
    return lines


def crossings(lines):
    """How often lines properly cross. Lines of one list entry do not cross themselves."""
    segments = sorted((min(p[0], q[0]), max(p[0], q[0]), min(p[1], q[1]), max(p[1], q[1]), i, p, q) for i, l in enumerate(lines) for p, q in zip(l, l[1:]))
    count, active = 0, []

    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    for s in segments:
        x0, _, y0, y1, i, p, q = s
        active = [a for a in active if a[1] >= x0]
        for _, _, b0, b1, j, r, t in active:
            if i == j or b0 > y1 or b1 < y0:
                continue
            a, b, c, d = side(p, q, r), side(p, q, t), side(r, t, p), side(r, t, q)
            count += a * b < -1e-9 and c * d < -1e-9
        active.append(s)
    return count


def our_lines(svg, module):
    lines = []
    for e in ET.fromstring(svg).iter():
        if e.tag.rsplit("}", 1)[-1] == "g" and "edge" in (e.get("class") or "").split():
            paths = [p for p in e if p.tag.rsplit("}", 1)[-1] == "path" and p.get("fill", "none") == "none"]
            lines.extend(module.flatten(p.get("d", "")) for p in paths[:1])
    return lines


def best(command, data=None, runs=3):
    """Output and the best wall time in milliseconds of a few runs; None for the output if it takes longer than a minute."""
    times, out = [], None
    for _ in range(runs):
        start = time.perf_counter()
        try:
            done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        except subprocess.TimeoutExpired:
            return None, 60_000.0
        times.append((time.perf_counter() - start) * 1e3)
        out = done.stdout
        if times[-1] > 2_000:
            break
    return out, min(times)


def promised(nodes):
    """The least label_px that we promise for a picture with so many objects."""
    return 12.0 if nodes <= 15 else 10.0 if nodes <= 50 else 6.0 if nodes <= 130 else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "target/release/kubesketch"))
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--no-dot", action="store_true", help="leave Graphviz out")
    args = parser.parse_args()
    module = legibility()
    if module is None:
        sys.exit(f"needs {SHARED / 'tools' / 'legibility.py'}")
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        keep = args.keep or made
        keep.mkdir(parents=True, exist_ok=True)
        cases = [(f"examples/{p.name}", p) for p in sorted((ROOT / "examples").iterdir()) if p.is_dir()]
        if (SHARED / "corpus").is_dir():
            cases += [(f"corpus/{p.name}", p) for p in sorted((SHARED / "corpus").iterdir()) if p.is_dir()]
        for name, make in GENERATED.items():
            path = made / f"{name}.yaml"
            path.write_text("---\n".join(make()))
            cases.append((f"made/{name}", path))
        print(f"{'':<26}{'nodes':>6}{'edges':>6}{'label_px':>9}{'aspect':>8}{'fill':>7}{'hard':>5}{'cross':>7}{'dot':>7}{'ms':>8}{'drawing':>8}{'dot ms':>8}")
        pairs, failed = [], []
        _, start = best([args.program, "--version"], runs=10)
        for name, path in cases:
            if args.only not in name:
                continue
            svg, ours = best([args.program, "draw", "-q", "--overview", "never", "-o", "svg", str(path)])
            if not svg:
                print(f"{name:<26} no picture")
                continue
            file = keep / (name.replace("/", "-") + ".svg")
            file.write_bytes(svg)
            m = module.measure(file)
            mine = crossings(our_lines(svg, module))
            graph, reading = best([args.program, "draw", "-q", "--overview", "never", "-o", "dot", str(path)])
            drawing = max(ours - reading, 0.0) + start
            theirs, time_dot = None, None
            if not args.no_dot:
                drawn, time_dot = best(["dot", "-Tsvg"], graph)
                if drawn:
                    file.with_suffix(".dot.svg").write_bytes(drawn)
                    theirs = crossings(dot_lines(drawn))
                    pairs.append((name, m["nodes"], mine, theirs, ours, drawing, time_dot))
            short = m["label_px"] < promised(m["nodes"]) - 0.05
            odd = m["nodes"] >= 10 and not 0.7 <= m["aspect"] <= 2.5
            empty = m["fill"] < 0.12 and m["nodes"] >= 10
            if short or odd or empty or m["violations"]:
                failed.append(name)
            mark = lambda bad: "!" if bad else " "
            number = lambda v, digits=0: "-" if v is None else f"{v:.{digits}f}"
            print(f"{name:<26}{m['nodes']:>6}{m['edges']:>6}{m['label_px']:>8}{mark(short)}{m['aspect']:>7}{mark(odd)}{m['fill']:>6}{mark(empty)}"
                  f"{m['violations']:>5}{mine:>7}{number(theirs):>7}{ours:>8.1f}{drawing:>8.1f}{number(time_dot, 1):>8}", flush=True)
        for word_, chosen in [("corpus", [p for p in pairs if p[0].startswith("corpus/")]), ("all", pairs)]:
            if chosen:
                print(f"{word_}: median crossings {statistics.median(p[2] for p in chosen):g}, dot {statistics.median(p[3] for p in chosen):g}; "
                      f"sum {sum(p[2] for p in chosen)}, dot {sum(p[3] for p in chosen)}; "
                      f"more than dot in {', '.join(p[0] for p in chosen if p[2] > p[3]) or 'none'}")
        for what, index in [("drawing", 5), ("with the reading of manifests", 4)]:
            slow = [p[0] for p in pairs if p[1] >= 100 and p[index] > p[6]]
            print(f"slower than dot from 100 nodes on, {what}: {', '.join(slow) or 'none'}")
        if failed:
            print(f"promises missed: {', '.join(failed)}")
            if args.check:
                sys.exit(1)


if __name__ == "__main__":
    main()
