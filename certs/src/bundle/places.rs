//! Places of a status list as gaps: about a byte for each at the shares that occur.

/// Most places of a list (`docs/formats.md` section 12).
pub const MAX_PLACES: u32 = 8_388_608;

/// Some places of a list, in order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<u32>);

impl Places {
    /// In any order, any number of times.
    pub fn new(places: impl IntoIterator<Item = u32>) -> Self {
        let mut places: Vec<u32> = places.into_iter().collect();
        places.sort_unstable();
        places.dedup();
        Self(places)
    }

    /// Whether a place is among them.
    pub fn contains(&self, place: u32) -> bool {
        self.0.binary_search(&place).is_ok()
    }

    /// All in order.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Places of one of both.
    pub(super) fn difference(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut out = Vec::new();
        loop {
            match (left.peek(), right.peek()) {
                (Some(one), Some(two)) if one == two => {
                    left.next();
                    right.next();
                }
                (Some(one), Some(two)) if one < two => out.extend(left.next()),
                (Some(_) | None, Some(_)) => out.extend(right.next()),
                (Some(_), None) => out.extend(left.next()),
                (None, None) => return Self(out),
            }
        }
    }

    pub(super) fn disjoint(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() < other.0.len() {
            (self, other)
        } else {
            (other, self)
        };
        !few.0.iter().any(|place| many.contains(*place))
    }

    /// The gaps.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + self.0.len() / 4);
        let mut next = 0;
        for place in &self.0 {
            let mut gap = place - next;
            while gap >= 0x80 {
                bytes.push((gap & 0x7f) as u8 | 0x80);
                gap >>= 7;
            }
            bytes.push((gap & 0x7f) as u8);
            next = place + 1;
        }
        bytes
    }

    /// Reads gaps of places below `size`, in the one form that [`Places::encode`] writes.
    pub(super) fn decode(bytes: &[u8], size: u32) -> Option<Self> {
        let mut places = Vec::with_capacity(bytes.len().min(size as usize));
        let mut next: u64 = 0;
        let (mut gap, mut shift) = (0_u64, 0_u32);
        for byte in bytes {
            gap |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 != 0 {
                shift += 7;
                // Four bytes hold more than any place.
                if shift > 21 {
                    return None;
                }
                continue;
            }
            // A last byte of nothing but zero is a longer form than needed.
            if shift > 0 && *byte == 0 {
                return None;
            }
            let place = next + gap;
            if place >= u64::from(size) {
                return None;
            }
            places.push(u32::try_from(place).ok()?);
            next = place + 1;
            (gap, shift) = (0, 0);
        }
        (shift == 0).then_some(Self(places))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_format() {
        let places = Places::new([131, 0, 1, 1]);
        assert_eq!(places.encode(), [0x00, 0x00, 0x81, 0x01]);
        assert_eq!(Places::decode(&[0x00, 0x00, 0x81, 0x01], 132), Some(places));
    }

    #[test]
    fn another_form_of_the_same_places_is_refused() {
        for (bytes, size) in [
            (&[0x80, 0x00][..], 132),
            (&[0x81, 0x80, 0x00][..], 132),
            (&[0x80][..], 132),
            (&[0x00, 0x00, 0x81, 0x01][..], 131),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f][..], MAX_PLACES),
            (&[0xff, 0xff, 0xff, 0x7f][..], MAX_PLACES),
            (&[0x00][..], 0),
        ] {
            assert_eq!(Places::decode(bytes, size), None, "{bytes:x?} of {size}");
        }
    }

    proptest! {
        #[test]
        fn places_come_back(places in proptest::collection::btree_set(0..MAX_PLACES, 0..300)) {
            let made = Places::new(places.iter().copied());
            prop_assert_eq!(Places::decode(&made.encode(), MAX_PLACES), Some(made));
        }

        #[test]
        fn what_is_read_is_written_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(places) = Places::decode(&bytes, MAX_PLACES) {
                prop_assert_eq!(places.encode(), bytes);
            }
        }

        #[test]
        fn a_difference_applied_twice_is_nothing(one in proptest::collection::btree_set(0_u32..400, 0..60), two in proptest::collection::btree_set(0_u32..400, 0..60)) {
            let (one, two) = (Places::new(one), Places::new(two));
            let change = one.difference(&two);
            prop_assert_eq!(one.difference(&change), two);
            prop_assert!(one.disjoint(&Places::new(change.as_slice().iter().copied().filter(|place| !one.contains(*place)))));
        }
    }
}
