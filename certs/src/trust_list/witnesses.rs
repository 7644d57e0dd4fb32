//! Witnesses that were believed until others took their place: by them what they cosigned in their time is still judged
//! (`docs/formats.md` section 17.3).

use chrono::{DateTime, Utc};

use super::{CLOCK_TOLERANCE, TrustList, TrustListFault};
use crate::log::{CheckpointFault, LoggedEntry, SignedCheckpoint, WitnessPolicy};
use crate::verdict::LogFact;

/// Witnesses and quorum that held until a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierWitnesses {
    /// The witnesses, and how many of them had to cosign.
    pub policy: WitnessPolicy,
    /// End of their time, exclusive; that of the next ones begins.
    pub until: DateTime<Utc>,
    /// Leaves of the log at that moment: for a larger tree they do not speak, whatever time they write.
    pub size: u64,
}

impl TrustList {
    /// Ends the time of `before` when other witnesses have taken its place.
    pub fn exchange_witnesses(&mut self, before: &Self, until: DateTime<Utc>, size: u64) {
        self.earlier_witnesses.clone_from(&before.earlier_witnesses);
        if self.witnesses != before.witnesses {
            self.earlier_witnesses.push(EarlierWitnesses {
                policy: before.witnesses.clone(),
                until,
                size,
            });
        }
    }

    /// What holds for the history of witnesses however it came: each ended after the one before, and was another.
    pub(super) fn check_witnesses(&self) -> Result<(), TrustListFault> {
        let all = &self.earlier_witnesses;
        let ordered = all
            .windows(2)
            .all(|pair| pair[0].until < pair[1].until && pair[0].size <= pair[1].size);
        let past = all.iter().all(|one| one.until <= self.issued_at);
        let policies = || all.iter().map(|one| &one.policy);
        let next = policies().skip(1).chain([&self.witnesses]);
        let exchanged = policies().zip(next).all(|(one, next)| one != next);
        if ordered && past && exchanged {
            Ok(())
        } else {
            Err(TrustListFault::Witnesses)
        }
    }

    /// Whether the history of witnesses goes on from that of `previous`: nothing of it is changed, and who is no longer a
    /// witness stands in it.
    pub(super) fn witnesses_follow(&self, previous: &Self) -> bool {
        let (all, before) = (&self.earlier_witnesses, &previous.earlier_witnesses);
        all.starts_with(before)
            && match all.get(before.len()) {
                None => self.witnesses == previous.witnesses,
                Some(ended) => {
                    ended.policy == previous.witnesses && previous.issued_at <= ended.until
                }
            }
    }

    /// What a checked proof shows by the witnesses of its time; `None` when its entry is not an issue.
    ///
    /// The oldest ones that had a quorum decide. Each may date its cosignature in its own time only, give or take what clocks
    /// differ by, and those of earlier times speak for no larger tree than there was at their end.
    pub(crate) fn proven(&self, logged: &LoggedEntry) -> Result<Option<LogFact>, CheckpointFault> {
        let mut since = None;
        for earlier in &self.earlier_witnesses {
            if logged.checkpoint.checkpoint.size <= earlier.size {
                let until = earlier.until.checked_add_signed(CLOCK_TOLERANCE);
                match LogFact::proven_within(logged, &earlier.policy, since, until)? {
                    Some(LogFact::Pending) => {}
                    decided => return Ok(decided),
                }
            }
            since = earlier.until.checked_sub_signed(CLOCK_TOLERANCE);
        }
        LogFact::proven_within(logged, &self.witnesses, since, None)
    }

    /// When a quorum had cosigned a checkpoint, by the same rule: that of the witnesses of its time. `None` when none had.
    pub fn cosigned_at(
        &self,
        signed: &SignedCheckpoint,
    ) -> Result<Option<DateTime<Utc>>, CheckpointFault> {
        let mut since = None;
        for earlier in &self.earlier_witnesses {
            if signed.checkpoint.size <= earlier.size {
                let until = earlier.until.checked_add_signed(CLOCK_TOLERANCE);
                let reached = earlier.policy.reached_within(&signed.note, since, until)?;
                if reached.is_some() {
                    return Ok(reached);
                }
            }
            since = earlier.until.checked_sub_signed(CLOCK_TOLERANCE);
        }
        self.witnesses.reached_within(&signed.note, since, None)
    }
}
