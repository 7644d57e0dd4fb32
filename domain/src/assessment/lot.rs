//! Drawing by lot, so that anybody can draw again: from the root of a checkpoint of the public log that did not exist when
//! the list was fixed. Format and test vector: `docs/formats.md`, section 19.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// First bytes of every ticket.
const LABEL: &[u8] = b"mingzheng-lot-v1";

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urn {
    /// The assessor, among the candidates.
    Assessor,
    /// The sample, among the enrolments of the period.
    Enrolment,
    /// Whom a third party calls again, among the answers to a survey.
    Response,
}

impl Urn {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Assessor => b"assessor",
            Self::Enrolment => b"enrolment",
            Self::Response => b"response",
        }
    }
}

/// The ticket of one thing: SHA-256 of label, urn, assessment, root and the thing.
pub fn ticket(urn: Urn, assessment: Uuid, root: &[u8; 32], one: Uuid) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(LABEL);
    hash.update([0]);
    hash.update(urn.name());
    hash.update([0]);
    hash.update(assessment.as_bytes());
    hash.update(root);
    hash.update(one.as_bytes());
    hash.finalize().into()
}

/// The order of the draw: by ticket, the smallest first. The order in which the list is given does not matter, and who
/// steps aside is followed by the next.
pub fn order(urn: Urn, assessment: Uuid, root: &[u8; 32], list: &[Uuid]) -> Vec<Uuid> {
    let mut tickets: Vec<([u8; 32], Uuid)> = list
        .iter()
        .map(|one| (ticket(urn, assessment, root, *one), *one))
        .collect();
    tickets.sort_unstable();
    tickets.dedup();
    tickets.into_iter().map(|(_, one)| one).collect()
}

/// SHA-256 of a list: its ids in order of their bytes, sixteen bytes each.
pub fn list_digest(list: &[Uuid]) -> [u8; 32] {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hash = Sha256::new();
    for one in sorted {
        hash.update(one.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    const ASSESSMENT: Uuid = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);

    fn list(count: u128) -> Vec<Uuid> {
        (1..=count)
            .map(|at| Uuid::from_u128(0x0198_0000_0000_7000_9000_0000_0000_0000 + at))
            .collect()
    }

    #[test]
    fn the_vector_of_the_documentation_holds() {
        let root = [0x11; 32];
        let order = order(Urn::Assessor, ASSESSMENT, &root, &list(4));
        let last: Vec<u8> = order.iter().map(|one| one.as_bytes()[15]).collect();
        let first = ticket(Urn::Assessor, ASSESSMENT, &root, order[0]);
        assert_eq!(
            (
                HEXLOWER.encode(&list_digest(&list(4))).as_str(),
                last.as_slice(),
                HEXLOWER.encode(&first).as_str()
            ),
            (
                "8309e3d7ec5804f431e6efa902c554255ec8d17bb5d2ac8af4c8f71352f30575",
                [4, 1, 3, 2].as_slice(),
                "0a95f61a45e836c10f0530ba850fbe755854e715f5027e2fdf3935fec05beb3a"
            )
        );
    }

    #[test]
    fn every_input_changes_the_draw_and_the_order_of_the_list_does_not() {
        let root = [0x11; 32];
        let all = list(40);
        let drawn = order(Urn::Assessor, ASSESSMENT, &root, &all);
        let mut turned = all.clone();
        turned.reverse();
        turned.push(all[0]);
        assert_eq!(order(Urn::Assessor, ASSESSMENT, &root, &turned), drawn);
        assert_eq!(list_digest(&turned), list_digest(&all));
        assert_ne!(order(Urn::Enrolment, ASSESSMENT, &root, &all), drawn);
        assert_ne!(order(Urn::Assessor, all[0], &root, &all), drawn);
        assert_ne!(order(Urn::Assessor, ASSESSMENT, &[0x12; 32], &all), drawn);
        assert_ne!(list_digest(&all[1..]), list_digest(&all));
    }

    #[test]
    fn whoever_leaves_the_list_does_not_move_the_others() {
        let root = [0x2a; 32];
        let all = list(12);
        let drawn = order(Urn::Assessor, ASSESSMENT, &root, &all);
        let without: Vec<Uuid> = drawn[1..].to_vec();
        assert_eq!(order(Urn::Assessor, ASSESSMENT, &root, &without), without);
    }

    #[test]
    fn everybody_is_drawn_about_as_often() {
        let all = list(5);
        let mut times = [0_u32; 5];
        for seed in 0..2_000_u32 {
            let root: [u8; 32] = Sha256::digest(seed.to_be_bytes()).into();
            let first = order(Urn::Assessor, ASSESSMENT, &root, &all)[0];
            times[usize::from(first.as_bytes()[15]) - 1] += 1;
        }
        // 400 expected, standard deviation 18.
        assert!(
            times.iter().all(|one| (320..=480).contains(one)),
            "{times:?}"
        );
    }
}
