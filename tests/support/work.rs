//! How much work something is: the time that a processor spends on it, which other programs on the machine do not
//! change.

use std::time::Duration;

/// Far more than any hostile input needs, even in a debug build on a slow machine.
pub const MUCH: Duration = Duration::from_secs(20);

/// Does something on one thread and holds the time that a processor spent on it to [`MUCH`], where the system says it.
#[track_caller]
pub fn little<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (value, spent) = pool.install(|| {
        let before = spent();
        let value = what();
        (value, before.zip(spent()).map(|(before, after)| after - before))
    });
    assert!(spent.is_none_or(|spent| spent < MUCH), "{spent:?} of work");
    value
}

/// What processors have spent on this thread; only Linux says it in a file.
fn spent() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
