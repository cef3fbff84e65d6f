// SPDX-License-Identifier: GPL-2.0
//! Work shared out to threads.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use anyhow::anyhow;
use anyhow::Result;

/// Does something with each item, so many at a time, beginning in their order; gives what came of each, in their order.
///
/// # Errors
///
/// The first error that came; nothing is begun after it.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers.clamp(1, items.len().max(1)) {
            scope.spawn(|| loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(n) else { break };
                match work(item) {
                    Ok(it) => done
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((n, it)),
                    Err(e) => {
                        next.store(items.len(), Ordering::Relaxed);
                        let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                        failure.get_or_insert(e);
                    }
                }
            });
        }
    });
    if let Some(e) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(e);
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if done.len() != items.len() {
        return Err(anyhow!("a thread died"));
    }
    done.sort_by_key(|(n, _)| *n);
    Ok(done.into_iter().map(|(_, it)| it).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_once_and_in_order() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(each(&items, 3, |n| Ok(n * 2)).unwrap()[99], 198);
        assert!(each(&[] as &[u8], 3, |_| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn an_error_stops_the_rest() {
        let begun = AtomicUsize::new(0);
        let work = |n: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *n == 1 {
                Err(anyhow!("no"))
            } else {
                Ok(())
            }
        };
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(each(&items, 1, work).unwrap_err().to_string(), "no");
        assert_eq!(begun.into_inner(), 2);
    }
}
