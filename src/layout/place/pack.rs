//! Packing of boxes without connections into a width, each as high up and then as far left as there is room.

/// The top left corner of each box, in a width that the widest fits into.
pub(super) fn pack(sizes: &[(f64, f64)], width: f64, gap: f64) -> Vec<(f64, f64)> {
    // The skyline: from each start on, the lowest free height.
    let mut line: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    let width = sizes.iter().map(|s| s.0).fold(width, f64::max) + gap;
    let mut found = Vec::with_capacity(sizes.len());
    for &(w, h) in sizes {
        let (w, h) = (w + gap, h + gap);
        let mut best: Option<(f64, f64)> = None;
        for (i, &(x, _)) in line.iter().enumerate() {
            if x + w > width + 0.5 {
                break;
            }
            let under = line[i..].iter().take_while(|(start, _)| *start < x + w).map(|s| s.1).fold(0.0, f64::max);
            if best.is_none_or(|b| under < b.1) {
                best = Some((x, under));
            }
        }
        let (x, y) = best.unwrap_or((0.0, line.iter().map(|s| s.1).fold(0.0, f64::max)));
        found.push((x, y));
        raise(&mut line, x, x + w, y + h);
    }
    found
}

/// Raises the skyline between two places.
fn raise(line: &mut Vec<(f64, f64)>, from: f64, to: f64, y: f64) {
    let after = line.iter().rev().find(|(x, _)| *x <= to).map_or(0.0, |s| s.1);
    line.retain(|(x, _)| *x < from || *x > to);
    let at = line.partition_point(|(x, _)| *x < from);
    line.splice(at..at, [(from, y), (to, after)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_fill_rows_and_holes() {
        let sizes = [(10.0, 10.0), (10.0, 30.0), (10.0, 10.0), (20.0, 10.0)];
        let got = pack(&sizes, 22.0, 2.0);
        assert_eq!(got, [(0.0, 0.0), (12.0, 0.0), (0.0, 12.0), (0.0, 32.0)]);
        assert_eq!(pack(&[(50.0, 5.0)], 10.0, 2.0), [(0.0, 0.0)]);
    }
}
