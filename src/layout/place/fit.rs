//! Positions along an axis: items in a fixed order, each as near as possible to where it wants to be.

/// An item of a row or column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Its size along the axis.
    pub size: f64,
    /// Where its start wants to be.
    pub wanted: f64,
    /// How much that counts.
    pub weight: f64,
    /// Space before it, if it is not the first.
    pub gap: f64,
}

/// The starts of all items, whole numbers, none before 0 and none beyond `end` if that is long enough. The sum of
/// squared distances to the wanted starts is the least there is (pool adjacent violators).
pub(super) fn fit(spans: &[Span], end: f64) -> Vec<f64> {
    // Each item without what stands before it.
    let mut before = Vec::with_capacity(spans.len());
    let mut used = 0.0;
    for (i, span) in spans.iter().enumerate() {
        used += if i == 0 { 0.0 } else { span.gap };
        before.push(used);
        used += span.size;
    }
    let slack = (end - used).max(0.0);
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (span, before) in spans.iter().zip(&before) {
        let weight = span.weight.max(0.001);
        let mut pool = ((span.wanted - before) * weight, weight, 1);
        while let Some(last) = pools.last() {
            if last.0 / last.1 < pool.0 / pool.1 {
                break;
            }
            pool = (pool.0 + last.0, pool.1 + last.1, pool.2 + last.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let starts = pools
        .iter()
        .flat_map(|&(sum, weight, count)| std::iter::repeat_n((sum / weight).clamp(0.0, slack).round(), count));
    starts.zip(before).map(|(start, before)| start + before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(wanted: f64) -> Span {
        Span { size: 10.0, wanted, weight: 1.0, gap: 2.0 }
    }

    #[test]
    fn items_are_where_they_want_to_be_or_share_the_loss() {
        assert_eq!(fit(&[span(0.0), span(30.0)], 100.0), [0.0, 30.0]);
        assert_eq!(fit(&[span(20.0), span(20.0)], 100.0), [14.0, 26.0]);
        assert_eq!(fit(&[span(-5.0), span(200.0)], 50.0), [0.0, 40.0]);
        assert_eq!(fit(&[], 50.0), Vec::<f64>::new());
        // No room is left: they stand one after the other.
        assert_eq!(fit(&[span(40.0), span(3.0)], 5.0), [0.0, 12.0]);
    }
}
