//! For developers: routes a scene from a file and draws it. `ROUTER_SCENE=FILE cargo test --lib router::tests::dump`
//! writes FILE.svg and FILE.txt. Lines of the file: `frame x y w h`, box of the title, parent or -1;
//! `card x y w h composite frame`; `line from to style`, width and height of its label, number of its text, height of
//! its row or -1.

#[cfg(test)]
use std::fmt::Write;

use crate::layout::router::{Budget, Connection, End, FrameBox, Placed, Port, Routed, Tag, route};
use crate::layout::{Point, Rect};

fn read(text: &str) -> (Placed, Vec<Connection>) {
    let (mut placed, mut all) = (Placed::default(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let n: Vec<f64> = words.map(|w| w.parse().unwrap()).collect();
        let rect = |i: usize| Rect { x: n[i], y: n[i + 1], w: n[i + 2], h: n[i + 3] };
        let some = |v: f64| (v >= 0.0).then_some(v as usize);
        match kind {
            "frame" => placed.frames.push(FrameBox { rect: rect(0), title: rect(4), parent: some(n[8]) }),
            "card" => {
                placed.cards.push(rect(0));
                placed.composites.push(n[4] as usize);
                placed.frame_of.push(some(n[5]));
            }
            "line" => {
                let port = if n[6] >= 0.0 { Port::Row { y: n[6] } } else { Port::Free };
                all.push(Connection {
                    from: End { card: n[0] as usize, port },
                    to: End { card: n[1] as usize, port: Port::Free },
                    style: n[2] as u32,
                    label: (n[3] > 0.0).then(|| Tag { w: n[3], h: n[4], text: n[5] as u32 }),
                });
            }
            _ => {}
        }
    }
    (placed, all)
}

/// The text of a scene, written to the file that ROUTER_FAILED names.
pub(super) fn write(placed: &Placed, all: &[Connection]) {
    let Ok(file) = std::env::var("ROUTER_FAILED") else { return };
    let mut s = String::new();
    let number = |i: Option<usize>| i.map_or(-1, |i| i as i64);
    for f in &placed.frames {
        let (r, t) = (f.rect, f.title);
        let title = format!("{} {} {} {}", t.x, t.y, t.w, t.h);
        let _ = writeln!(s, "frame {} {} {} {} {title} {}", r.x, r.y, r.w, r.h, number(f.parent));
    }
    for (i, c) in placed.cards.iter().enumerate() {
        let (composite, frame) = (placed.composites[i], number(placed.frame_of[i]));
        let _ = writeln!(s, "card {} {} {} {} {composite} {frame}", c.x, c.y, c.w, c.h);
    }
    for c in all {
        let label = c.label.map_or((0.0, 0.0, 0), |t| (t.w, t.h, t.text));
        let row = if let Port::Row { y } = c.from.port { y } else { -1.0 };
        let (from, to) = (c.from.card, c.to.card);
        let _ = writeln!(s, "line {from} {to} {} {} {} {} {row}", c.style, label.0, label.1, label.2);
    }
    std::fs::write(file, s).unwrap();
}

fn draw(r: &Routed, all: &[Connection]) -> String {
    let mut s = String::new();
    let points = r.lines.iter().flatten();
    let (w, h) = points.fold((600.0f64, 400.0f64), |m, p| (m.0.max(p.x), m.1.max(p.y)));
    let frames = r.placed.frames.iter().map(|f| &f.rect).chain(&r.placed.cards);
    let (w, h) = frames.fold((w, h), |m, f| (m.0.max(f.right()), m.1.max(f.bottom())));
    let _ = writeln!(
        s,
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-30 -30 {0} {1}' width='{0}' height='{1}'>
<rect x='-30' y='-30' width='100%' height='100%' fill='white'/>",
        w + 60.0,
        h + 60.0
    );
    let mut boxed = |r: &Rect, look: &str| {
        let _ = writeln!(s, "<rect x='{}' y='{}' width='{}' height='{}' {look}/>", r.x, r.y, r.w, r.h);
    };
    for f in &r.placed.frames {
        boxed(&f.rect, "fill='#f5f7fa' stroke='#aab'");
        boxed(&f.title, "fill='#dde'");
    }
    r.placed.cards.iter().for_each(|c| boxed(c, "fill='#fff' stroke='#0b7a6b'"));
    let colors = ["#4a7300", "#0d6ab8", "#6a3bc2", "#44526a", "#c33c1a"];
    for (i, line) in r.lines.iter().enumerate() {
        let color = colors[all[i].style as usize % colors.len()];
        let d: Vec<String> = line.iter().map(|p| format!("{} {}", p.x, p.y)).collect();
        let _ = writeln!(s, "<path d='M{}' fill='none' stroke='{color}' stroke-width='1.5'/>", d.join("L"));
        if let [.., a, b] = line.as_slice() {
            let head = |p: &Point, q: &Point| {
                let (dx, dy) =
                    ((q.x - p.x).signum() * f64::from(q.x != p.x), (q.y - p.y).signum() * f64::from(q.y != p.y));
                let at = |k: f64, m: f64| format!("{} {}", q.x - dx * k - dy * m, q.y - dy * k + dx * m);
                format!("M{} {}L{}L{}Z", q.x, q.y, at(9.0, 4.0), at(9.0, -4.0))
            };
            let _ = writeln!(s, "<path d='{}' fill='{color}'/>", head(a, b));
        }
        for p in &r.branches[i] {
            let _ = writeln!(s, "<circle cx='{}' cy='{}' r='3' fill='{color}'/>", p.x, p.y);
        }
    }
    for (i, label) in r.labels.iter().enumerate().filter_map(|(i, l)| Some((i, (*l)?))).filter(|(i, l)| l.owner == *i) {
        let l = label.rect;
        let _ = writeln!(
            s,
            "<rect x='{}' y='{}' width='{}' height='{}' fill='#fff' stroke='#bcd394' rx='4'/>",
            l.x, l.y, l.w, l.h
        );
        let text = all[i].label.map_or(0, |t| t.text);
        let _ = writeln!(s, "<text x='{}' y='{}' font-size='10'>{text}</text>", l.x + 4.0, l.y + 13.0);
    }
    s.push_str("</svg>\n");
    s
}

#[test]
fn dump() {
    let Ok(file) = std::env::var("ROUTER_SCENE") else { return };
    let (placed, all) = read(&std::fs::read_to_string(&file).unwrap());
    let mut budget = Budget::new(20_000_000);
    let start = std::time::Instant::now();
    let routed = route(&placed, &all, &mut budget);
    let head =
        format!("{} us, {} steps, {:?}", start.elapsed().as_micros(), 20_000_000 - budget.left(), routed.stretch);
    std::fs::write(format!("{file}.svg"), draw(&routed, &all)).unwrap();
    let mut problems = super::properties::problems(&placed, &all, &routed);
    problems.extend(super::properties::labels(&all, &routed));
    problems.extend(super::properties::close_lines(&all, &routed, 7.9));
    problems.insert(0, head);
    std::fs::write(format!("{file}.txt"), problems.join("\n")).unwrap();
}
