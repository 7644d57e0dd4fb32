//! Deltas: from one bundle to exactly a later one.

use certs::bundle::{
    Bundle, BundleDelta, BundleFault, Content, DeltaFault, ListStatus, Places, delta,
};
use certs::keys::KeyState;
use proptest::prelude::*;

use super::{content, later, made, opened, roots, signed, trust_list_with};

fn apply(bytes: &[u8], from: &Content) -> Result<Vec<u8>, DeltaFault> {
    BundleDelta::read(bytes)?.apply(&opened(from))
}

#[test]
fn a_delta_gives_exactly_the_later_bundle() {
    let bytes = made(&content(), &later());
    assert_eq!(apply(&bytes, &content()), Ok(signed(&later())));
    assert!(bytes.len() < signed(&later()).len());
    let mut gone = later();
    gone.number = 16;
    gone.lists.remove(&4);
    gone.institutions.clear();
    gone.trust_list = trust_list_with(6, KeyState::Retired);
    assert_eq!(apply(&made(&later(), &gone), &later()), Ok(signed(&gone)));
}

#[test]
fn a_delta_that_does_not_fit_is_refused() {
    let bytes = made(&content(), &later());
    let other = Content {
        checkpoint: String::new(),
        ..content()
    };
    assert_eq!(apply(&bytes, &other), Err(DeltaFault::Start(12)));
    assert_eq!(apply(&bytes, &later()), Err(DeltaFault::Start(12)));
    let backwards = delta(&opened(&later()), &opened(&content()), &signed(&content()));
    assert_eq!(backwards, Err(DeltaFault::Backwards));
    for end in [0, 7, bytes.len() - 1] {
        assert!(
            matches!(apply(&bytes[..end], &content()), Err(DeltaFault::Form(_))),
            "cut at {end}"
        );
    }
    let trailing = [&bytes[..], &[0]].concat();
    assert_eq!(
        apply(&trailing, &content()),
        Err(DeltaFault::Form(BundleFault::Encoding))
    );
    // Whatever byte is altered, nothing but the promised bundle comes out.
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert!(apply(&altered, &content()).is_err(), "altered at {place}");
    }
}

proptest! {
    #[test]
    fn any_change_of_places_comes_through_a_delta(
        one in places_of_three(), two in places_of_three(), size in prop_oneof![Just(400_u32), Just(500)],
    ) {
        let mut from = content();
        from.lists = [(3, three(&one, 400)), (4, three(&two, 400))].into();
        let mut to = later();
        to.lists = [(3, three(&two, size)), (6, three(&one, 400))].into();
        prop_assert_eq!(apply(&made(&from, &to), &from), Ok(signed(&to)));
    }

    #[test]
    fn bytes_of_anybody_are_no_bundle_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Bundle::open(&bytes, &roots()).is_err());
        prop_assert!(BundleDelta::read(&bytes).is_err());
    }
}

fn places_of_three() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0_u8..8, 400)
}

fn three(kinds: &[u8], size: u32) -> ListStatus {
    let of = |wanted: u8| {
        Places::new(
            (0..)
                .zip(kinds)
                .filter(|(_, kind)| **kind == wanted)
                .map(|(place, _)| place),
        )
    };
    ListStatus {
        size,
        revoked: of(0),
        superseded: of(1),
        suspended: of(2),
    }
}
