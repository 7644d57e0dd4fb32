//! What is counted, as the text that Prometheus reads. Nothing in it is about a person, an address or a certificate.

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Border, Class};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    class: &'static str,
    status: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusedBy {
    class: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfClass {
    class: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// Why the border refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More than the limit of a source.
    Rate,
    /// No place in the pool.
    Overload,
    /// Too many wrong facts.
    Budget,
    /// Too slow.
    Slow,
}

impl Refused {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Overload => "overload",
            Self::Budget => "lookup_budget",
            Self::Slow => "slow",
        }
    }
}

/// Counters of this process.
pub struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    refused: Family<RefusedBy, Counter>,
    misses: Counter,
    connections: Gauge,
    running: Family<OfClass, Gauge>,
    waiting: Family<OfClass, Gauge>,
    places: Family<OfClass, Gauge>,
    jobs: [Family<OfKind, Gauge>; 3],
    /// Minute, misses in it, and the average of the minutes before, in thousandths.
    usual: std::sync::Mutex<(i64, u64, u64)>,
    alarms: Counter,
    read_alarms: Counter,
    unwitnessed: Gauge,
    log_behind: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mingzheng");
        let answered = Family::default();
        let refused = Family::default();
        let misses = Counter::default();
        let (alarms, connections) = (Counter::default(), Gauge::default());
        let read_alarms = Counter::default();
        let (unwitnessed, log_behind) = (Gauge::default(), Gauge::default());
        let (running, waiting, places) = (Family::default(), Family::default(), Family::default());
        registry.register("requests", "Answers by class and status", answered.clone());
        registry.register(
            "refused",
            "Requests refused by the border, by class and reason",
            refused.clone(),
        );
        registry.register(
            "lookup_misses",
            "Questions by number and name that were wrong",
            misses.clone(),
        );
        registry.register(
            "lookup_alarms",
            "Minutes with many times the usual wrong questions",
            alarms.clone(),
        );
        registry.register(
            "read_alarms",
            "Accounts that read personal data of many people in a day outside tasks",
            read_alarms.clone(),
        );
        registry.register(
            "log_unwitnessed_seconds",
            "Since when the log waits for the quorum of its witnesses, once that is too long; else 0",
            unwitnessed.clone(),
        );
        registry.register(
            "log_behind_leaves",
            "Leaves that were published and are not in the database, as after the restore of a backup",
            log_behind.clone(),
        );
        registry.register("connections", "Open connections", connections.clone());
        registry.register("pool_running", "Requests that run", running.clone());
        registry.register("pool_waiting", "Requests that wait", waiting.clone());
        registry.register(
            "pool_places",
            "Requests that may run at once",
            places.clone(),
        );
        let jobs: [Family<OfKind, Gauge>; 3] = Default::default();
        for (jobs, (name, words)) in jobs.iter().zip([
            ("jobs_running", "Jobs at work"),
            ("jobs_peak", "The most jobs that were at work at once"),
            ("jobs_places", "Jobs that may be at work at once"),
        ]) {
            registry.register(name, words, jobs.clone());
        }
        Self {
            registry,
            answered,
            refused,
            misses,
            connections,
            running,
            waiting,
            places,
            jobs,
            usual: std::sync::Mutex::new((0, 0, 0)),
            alarms,
            read_alarms,
            unwitnessed,
            log_behind,
        }
    }
}

impl Metrics {
    pub(crate) fn answered(&self, class: Option<Class>, status: StatusCode) {
        self.answered
            .get_or_create(&Answered {
                class: class.map_or("operator", Class::as_str),
                status: u32::from(status.as_u16()),
            })
            .inc();
    }

    pub(crate) fn refused(&self, class: Class, reason: Refused) {
        self.refused
            .get_or_create(&RefusedBy {
                class: class.as_str(),
                reason: reason.as_str(),
            })
            .inc();
    }

    /// Somebody found no place, and none to wait for.
    pub(crate) fn turned_away(&self, class: Class) {
        self.refused(class, Refused::Overload);
        self.answered(Some(class), StatusCode::SERVICE_UNAVAILABLE);
    }

    pub(crate) fn connected(&self, by: i64) {
        self.connections.inc_by(by);
    }

    /// Wrong questions; the log warns once a minute when they are many times the usual (trust.md EN-3).
    pub(crate) fn missed(&self, count: u64, minute: i64, times_usual: u32) {
        const FEWEST: u64 = 100;
        self.misses.inc_by(count);
        let mut usual = self
            .usual
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if usual.0 != minute {
            let quiet = u64::try_from(minute - usual.0).unwrap_or(60).clamp(1, 60);
            // A moving average over about an hour; minutes without a miss count as nought.
            let mut average = (usual.2 * 59 + usual.1 * 1_000) / 60;
            for _ in 1..quiet {
                average = average * 59 / 60;
            }
            *usual = (minute, 0, average);
        }
        let before = usual.1;
        usual.1 += count;
        let alarm = FEWEST.max(usual.2 * u64::from(times_usual) / 1_000);
        if before < alarm && usual.1 >= alarm {
            self.alarms.inc();
            tracing::warn!(
                misses = usual.1,
                "many wrong lookups within a minute: somebody may be guessing"
            );
        }
    }

    /// For how long the log waits for its witnesses; answers what was there before.
    pub(crate) fn unwitnessed(&self, seconds: i64) -> i64 {
        self.unwitnessed.set(seconds)
    }

    /// How many published leaves the database does not have.
    pub(crate) fn log_behind(&self, leaves: u64) {
        self.log_behind
            .set(i64::try_from(leaves).unwrap_or(i64::MAX));
    }

    /// Everything as text.
    pub(crate) fn text(&self, border: &Border) -> String {
        for (class, running, waiting, places) in border.load() {
            let of = OfClass {
                class: class.as_str(),
            };
            self.running.get_or_create(&of).set(i64::from(running));
            self.waiting.get_or_create(&of).set(i64::from(waiting));
            self.places.get_or_create(&of).set(i64::from(places));
        }
        for bound in crate::cores::every_bound() {
            let of = OfKind { kind: bound.name() };
            let (running, peak) = bound.load();
            for (gauge, number) in self.jobs.iter().zip([running, peak, bound.most()]) {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                gauge.get_or_create(&of).set(number);
            }
        }
        // Counted where they are raised, inside the transaction of the read.
        self.read_alarms.inner().store(
            crate::privacy::reading::alarms_raised(),
            std::sync::atomic::Ordering::Relaxed,
        );
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_times_the_usual_wrong_questions_raise_one_alarm_a_minute() {
        let metrics = Metrics::default();
        let alarms = || metrics.alarms.get();
        // An hour and more of ten a minute is what is usual; it alarms nobody, and neither do nineteen times as many.
        for minute in 1..200 {
            metrics.missed(10, minute, 20);
        }
        assert_eq!(alarms(), 0);
        metrics.missed(180, 200, 20);
        assert_eq!(alarms(), 0);
        metrics.missed(40, 200, 20);
        assert_eq!(alarms(), 1, "more than twenty times");
        metrics.missed(500, 200, 20);
        assert_eq!(alarms(), 1, "once a minute");
        // Where nothing is usual, a few are no alarm and a hundred are.
        let quiet = Metrics::default();
        quiet.missed(99, 1, 20);
        assert_eq!(quiet.alarms.get(), 0);
        quiet.missed(1, 1, 20);
        assert_eq!(quiet.alarms.get(), 1);
    }
}
