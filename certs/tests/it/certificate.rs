//! A certificate goes out and comes back as it was, and no altered one does.

use std::num::NonZeroUsize;

use certs::certificate::{self, Claims, SignFault, SignatureFault, SignedCertificate};
use certs::keys::{KeySet, Signer};
use domain::{PublicId, SkillLevel};
use proptest::prelude::*;

use crate::arrange::{at, claims, issuer, keys, record, signed, signer};

#[test]
fn a_signed_certificate_verifies_and_says_what_was_signed() {
    let signed = signed();
    let verified = certificate::verify(signed.as_bytes(), &keys()).expect("genuine");
    assert_eq!(verified.claims(), &claims());
    assert_eq!(verified.key_id().as_str(), "k3726");
    assert_eq!(verified.sha256(), &signed.sha256());
}

#[test]
fn an_end_of_validity_is_kept_and_must_lie_after_the_issue() {
    let mut claims = claims();
    claims.expires_at = Some(at("2031-03-08T00:00:00Z"));
    let signed = certificate::sign(&claims, &issuer()).expect("signed");
    assert_eq!(
        certificate::verify(signed.as_bytes(), &keys())
            .expect("genuine")
            .claims(),
        &claims
    );

    claims.expires_at = Some(claims.issued_at);
    assert_eq!(
        certificate::sign(&claims, &issuer()).err(),
        Some(SignFault::Dates)
    );
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let genuine = signed().into_bytes();
    for bit in 0..genuine.len() * 8 {
        let mut altered = genuine.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(
            certificate::verify(&altered, &keys()).is_err(),
            "bit {bit} of {} was not noticed",
            genuine.len() * 8
        );
    }
}

#[test]
fn a_shortened_or_lengthened_certificate_is_refused() {
    let genuine = signed().into_bytes();
    for length in 0..genuine.len() {
        assert!(
            certificate::verify(&genuine[..length], &keys()).is_err(),
            "the first {length} bytes passed"
        );
    }
    let longer = [genuine.as_slice(), &[0]].concat();
    assert!(certificate::verify(&longer, &keys()).is_err());
}

#[test]
fn the_key_is_the_named_one_and_no_other() {
    let genuine = signed();
    assert_eq!(
        certificate::verify(genuine.as_bytes(), &KeySet::new()).err(),
        Some(SignatureFault::UnknownKey)
    );

    let other = signer("k3726", 8);
    let swapped = [(
        other.key_id().clone(),
        record(&other, certs::keys::KeyState::Active),
    )]
    .into_iter()
    .collect();
    assert_eq!(
        certificate::verify(genuine.as_bytes(), &swapped).err(),
        Some(SignatureFault::Mismatch)
    );
}

#[test]
fn a_batch_is_signed_in_order_and_byte_for_byte_like_one_by_one() {
    let batch: Vec<Claims> = (0..700_u32)
        .map(|status_index| Claims {
            status_index,
            ..claims()
        })
        .collect();
    let one_by_one: Vec<_> = batch
        .iter()
        .map(|claims| {
            certificate::sign(claims, &issuer())
                .expect("signed")
                .into_bytes()
        })
        .collect();
    for workers in [1, 2, 7, 1000] {
        let workers = workers.try_into().expect("not zero");
        let signed = certificate::sign_all(&batch, &issuer(), workers).expect("signed");
        assert_eq!(
            signed
                .into_iter()
                .map(SignedCertificate::into_bytes)
                .collect::<Vec<_>>(),
            one_by_one
        );
    }
    assert_eq!(
        certificate::sign_all(&[], &issuer(), NonZeroUsize::MIN).map(|signed| signed.len()),
        Ok(0)
    );
}

#[test]
fn one_impossible_certificate_stops_its_batch() {
    let mut batch = vec![claims(); 300];
    batch[299].expires_at = Some(batch[299].issued_at);
    for workers in [1, 4] {
        let signed =
            certificate::sign_all(&batch, &issuer(), workers.try_into().expect("not zero"));
        assert_eq!(signed.err(), Some(SignFault::Dates));
    }
}

#[test]
fn a_certificate_stays_small_enough_for_its_qr_code() {
    let bytes = signed().into_bytes();
    assert!(bytes.len() <= 240, "{} bytes", bytes.len());
}

prop_compose! {
    fn any_claims()(
        issued in 1_700_000_000_i64..1_900_000_000,
        lasts in proptest::option::of(1_i64..1_000_000_000),
        holder in "[\u{4e00}-\u{9fa5}\u{20000}-\u{2a6d6}]{2,20}",
        level in 0_u8..9,
        status_list in any::<u32>(),
        status_index in any::<u32>(),
        public_id in any::<[u8; 16]>(),
    ) -> Claims {
        let seconds = |seconds| chrono::DateTime::from_timestamp(seconds, 0).expect("in range");
        Claims {
            issued_at: seconds(issued),
            expires_at: lasts.map(|lasts| seconds(issued + lasts)),
            holder: holder.parse().expect("a name"),
            level: SkillLevel::try_from(level).ok(),
            status_list,
            status_index,
            public_id: PublicId::from_bytes(public_id),
            ..claims()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_certificate_comes_back_as_it_was_signed(claims in any_claims()) {
        let signed = certificate::sign(&claims, &issuer()).expect("signed");
        let verified = certificate::verify(signed.as_bytes(), &keys()).expect("genuine");
        prop_assert_eq!(verified.claims(), &claims);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(certificate::verify(&bytes, &keys()).is_err());
    }

    #[test]
    fn no_splice_of_a_genuine_certificate_passes(start in 0_usize..200, length in 1_usize..40, noise in any::<u64>()) {
        let genuine = signed().into_bytes();
        let mut altered = genuine.clone();
        let noise = noise.to_le_bytes().into_iter().cycle();
        for (place, byte) in altered.iter_mut().skip(start).take(length).zip(noise) {
            *place = byte;
        }
        prop_assert!(altered == genuine || certificate::verify(&altered, &keys()).is_err());
    }
}
