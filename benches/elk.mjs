// Lays out the graph on stdin ({nodes, groups, edges} of benches/follow.py) with elkjs: left to right, orthogonal.
// node benches/elk.mjs PATH-OF-ELKJS < graph.json > picture.elk.raw
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
const ELK = createRequire(import.meta.url)(resolve(process.argv[2], "lib/elk.bundled.js"));
const graph = JSON.parse(readFileSync(0, "utf8"));
const options = {
  "elk.algorithm": "layered", "elk.direction": "RIGHT", "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN", "elk.json.edgeCoords": "ROOT", "elk.json.shapeCoords": "ROOT",
};
const boxes = new Map([["", { id: "", children: [], layoutOptions: options }]]);
for (const g of graph.groups) boxes.set(g.id, { id: g.id, children: [], layoutOptions: { "elk.padding": "[top=34,left=16,bottom=16,right=16]" } });
for (const n of graph.nodes) boxes.set(n.id, { id: n.id, width: n.w, height: n.h });
for (const b of [...graph.groups, ...graph.nodes]) boxes.get(b.parent ?? "").children.push(boxes.get(b.id));
const root = boxes.get("");
root.edges = graph.edges.map((e, i) => ({ id: `edge ${i}`, sources: [e.from], targets: [e.to] }));
const done = await new ELK().layout(root);
const out = { w: done.width, h: done.height, nodes: {}, groups: {}, edges: [] };
const walk = (b) => {
  for (const c of b.children ?? []) {
    (c.children ? out.groups : out.nodes)[c.id] = [c.x, c.y, c.width, c.height];
    walk(c);
  }
};
walk(done);
done.edges.forEach((e, i) => {
  const line = (e.sections ?? []).flatMap((s) => [s.startPoint, ...(s.bendPoints ?? []), s.endPoint]).map((p) => [p.x, p.y]);
  out.edges.push({ ...graph.edges[i], line });
});
console.log(JSON.stringify(out));
