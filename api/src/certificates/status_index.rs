//! Places in status lists: each list is filled in a secret random order, so that neighbours in a list were not issued
//! together, and no place is ever given twice.

use chrono::{DateTime, Utc};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use store::certificates::{StatusList, claim_status_indexes, insert_status_list, open_status_list};

use crate::act::Act;
use crate::app::App;
use crate::problem::Problem;

/// Places in one list (interop.md: at least 131,072).
const SIZE: u32 = 131_072;
/// One place in so many is a decoy and is never given to a certificate.
const DECOY_SHARE: u32 = 64;
/// Places that certificates may get in a list of this size.
const PLACES: u32 = SIZE - SIZE / DECOY_SHARE;
/// For how many further certificates a decoy seems to be on hold.
const HOLD: u32 = 4096;

/// Places that certificates may get.
fn capacity(list: &StatusList) -> u32 {
    list.size - list.size / DECOY_SHARE
}

/// Places that are set without a certificate, so that what is set does not tell how many were revoked (trust.md PI-8).
pub(crate) struct Decoys {
    /// Set for good.
    pub(crate) revoked: Vec<u32>,
    /// Set for a while.
    pub(crate) suspended: Vec<u32>,
}

/// The decoys as they stand with so many places taken. A revoked one stays revoked: the number of taken places only grows.
pub(crate) fn decoys(list: &StatusList) -> Decoys {
    let mut rng = ChaCha20Rng::from_seed(list.seed);
    // Apart from the stream that decides the order.
    rng.set_stream(1);
    let (mut revoked, mut suspended) = (Vec::new(), Vec::new());
    let places = capacity(list);
    for place in &order(list)[places as usize..] {
        let from = rng.next_u32() % places;
        if rng.next_u32() % 8 < 5 {
            if from <= list.used {
                revoked.push(*place);
            }
        } else if (from..from.saturating_add(HOLD)).contains(&list.used) {
            suspended.push(*place);
        }
    }
    Decoys { revoked, suspended }
}

/// Which of the decoys that are set for good seem to be revoked, and which replaced, where the two are told apart: one in
/// five is replaced. A place decides for itself, so that it never changes sides.
pub(crate) fn split(list: &StatusList, decoys: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
    decoys.into_iter().partition(|place| {
        let mut rng = ChaCha20Rng::from_seed(list.seed);
        // Streams 0 and 1 are taken; a place is less than 2^32.
        rng.set_stream((1 << 32) | u64::from(*place));
        !rng.next_u32().is_multiple_of(5)
    })
}

/// The order of a list by its seed.
type Orders = HashMap<[u8; 32], Arc<Vec<u32>>>;

/// Orders of the lists that this process has used: 512 KiB each.
static ORDERS: LazyLock<Mutex<Orders>> = LazyLock::new(Mutex::default);

/// Takes `count` places inside the act's transaction; list and index for each.
pub(super) async fn claim(act: &Act, count: usize) -> Result<Vec<(u32, u32)>, Problem> {
    let vault = act.app.store.vault();
    let mut places = Vec::with_capacity(count);
    let mut open = open_status_list(&act.tx, vault).await?;
    while places.len() < count {
        let list = match open.take() {
            Some(list) if list.used < capacity(&list) => list,
            last => {
                let next = StatusList {
                    id: last.map_or(1, |list| list.id + 1),
                    size: SIZE,
                    used: 0,
                    seed: act.app.random.bytes(),
                };
                insert_status_list(&act.tx, vault, &next, act.now).await?;
                next
            }
        };
        let order = order(&list);
        let wanted = u32::try_from(count - places.len()).unwrap_or(u32::MAX);
        let taken = wanted.min(capacity(&list) - list.used);
        let from = list.used as usize;
        places.extend(
            order[from..from + taken as usize]
                .iter()
                .map(|index| (list.id, *index)),
        );
        claim_status_indexes(&act.tx, &list, taken).await?;
        open = Some(StatusList {
            used: list.used + taken,
            ..list
        });
    }
    Ok(places)
}

/// Passes over as many places as certificates were issued since the backup of a restored database: they are signed, and
/// their places must not be given again. Answers list and index of each in the order of their issue, as far as the open list
/// went: the order of a later one is lost with it.
pub(crate) async fn skip(
    tx: &store::WriteTx,
    app: &App,
    count: u64,
    now: DateTime<Utc>,
) -> Result<Vec<(u32, u32)>, Problem> {
    let open = open_status_list(tx, app.store.vault()).await?;
    let mut places = Vec::new();
    if let Some(list) = &open {
        let room = capacity(list) - list.used;
        let taken = room.min(u32::try_from(count).unwrap_or(u32::MAX));
        let order = order(list);
        let from = list.used as usize;
        let indexes = &order[from..from + taken as usize];
        places.extend(indexes.iter().map(|index| (list.id, *index)));
        claim_status_indexes(tx, list, taken).await?;
    }
    let further = (count - places.len() as u64).div_ceil(u64::from(PLACES));
    use_up(tx, app, open.map_or(0, |list| list.id), further, now).await?;
    Ok(places)
}

/// The same where nobody knows how many there were, but for `least` of them: the rest of the open list is left out, and at
/// least one list more.
pub(crate) async fn leave_out(
    tx: &store::WriteTx,
    app: &App,
    least: u64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let open = open_status_list(tx, app.store.vault()).await?;
    if let Some(list) = &open {
        claim_status_indexes(tx, list, capacity(list) - list.used).await?;
    }
    let further = least.div_ceil(u64::from(PLACES)).max(1);
    use_up(tx, app, open.map_or(0, |list| list.id), further, now).await
}

/// Lists that were lost as a whole, each with an order that nobody knows: their numbers are used.
async fn use_up(
    tx: &store::WriteTx,
    app: &App,
    last: u32,
    lists: u64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let lists = u32::try_from(lists).map_err(Problem::internal)?;
    for id in last + 1..=last + lists {
        let used = StatusList {
            id,
            size: SIZE,
            used: PLACES,
            seed: app.random.bytes(),
        };
        insert_status_list(tx, app.store.vault(), &used, now).await?;
    }
    Ok(())
}

/// The place that the certificate of this number in the list gets, counted from 0.
pub fn place(list: &StatusList, number: u32) -> Option<u32> {
    order(list).get(usize::try_from(number).ok()?).copied()
}

/// The order in which a list is filled: a Fisher-Yates shuffle by a generator seeded with the list's secret.
fn order(list: &StatusList) -> Arc<Vec<u32>> {
    let Ok(mut orders) = ORDERS.lock() else {
        return Arc::new(shuffle(list));
    };
    if orders.len() > 64 {
        orders.clear();
    }
    Arc::clone(
        orders
            .entry(list.seed)
            .or_insert_with(|| Arc::new(shuffle(list))),
    )
}

fn shuffle(list: &StatusList) -> Vec<u32> {
    let mut rng = ChaCha20Rng::from_seed(list.seed);
    let mut order: Vec<u32> = (0..list.size).collect();
    for last in (1..order.len()).rev() {
        // Unbiased: draws above the largest multiple are thrown away.
        let bound = last as u64 + 1;
        let zone = u64::MAX - u64::MAX % bound;
        let draw = loop {
            let draw = rng.next_u64();
            if draw < zone {
                break draw % bound;
            }
        };
        order.swap(last, usize::try_from(draw).unwrap_or(last));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_every_place_once_and_depends_on_the_seed() {
        let list = |seed| StatusList {
            id: 1,
            size: 4096,
            used: 0,
            seed: [seed; 32],
        };
        let first = shuffle(&list(1));
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..4096));
        assert_eq!(first, shuffle(&list(1)));
        assert_ne!(first, shuffle(&list(2)));
    }

    #[test]
    fn decoys_seem_replaced_or_revoked_for_good() {
        let list = |used| StatusList {
            id: 1,
            size: SIZE,
            used,
            seed: [7; 32],
        };
        let half = split(&list(60_000), decoys(&list(60_000)).revoked);
        let full = split(&list(120_000), decoys(&list(120_000)).revoked);
        assert!(
            half.0.len() > 300 && half.1.len() > 60,
            "{} {}",
            half.0.len(),
            half.1.len()
        );
        assert!(half.0.iter().all(|place| full.0.contains(place)));
        assert!(half.1.iter().all(|place| full.1.contains(place)));
    }

    #[test]
    fn decoys_are_places_of_no_certificate_and_a_revoked_one_stays_revoked() {
        let list = |used| StatusList {
            id: 1,
            size: SIZE,
            used,
            seed: [7; 32],
        };
        let given: std::collections::HashSet<u32> = shuffle(&list(0))
            [..capacity(&list(0)) as usize]
            .iter()
            .copied()
            .collect();
        let mut before: Vec<u32> = Vec::new();
        let mut holds = std::collections::HashSet::new();
        for used in (0..capacity(&list(0))).step_by(2048) {
            let decoys = decoys(&list(used));
            for place in decoys.revoked.iter().chain(&decoys.suspended) {
                assert!(!given.contains(place), "{place} belongs to a certificate");
            }
            assert!(before.iter().all(|place| decoys.revoked.contains(place)));
            before = decoys.revoked;
            holds.insert(decoys.suspended);
        }
        assert!(before.len() > 1000, "{}", before.len());
        assert!(holds.len() > 50, "holds come and go");
    }
}
