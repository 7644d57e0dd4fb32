//! What the border lets in: limits, pools, sizes and times (trust.md RL-1, OV-1..3, EN-3; field.md 20).
//!
//! Every field has a working default, so that new code runs with an old file.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The border of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Border {
    /// Proxies whose `X-Forwarded-For` is believed; none by default, so that the header changes nothing.
    pub proxies: Vec<IpNet>,
    /// Times.
    pub timeouts: Timeouts,
    /// Sizes.
    pub sizes: Sizes,
    /// Requests of one source.
    pub limits: Limits,
    /// Requests at once.
    pub pools: Pools,
    /// Questions by number and name.
    pub lookup: Lookup,
}

/// How long things may take, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Milliseconds for the head of a request, and for the silence between two requests. A proxy must let go of its
    /// idle connections earlier. Default 10000.
    pub header_ms: u64,
    /// Milliseconds for the body of a request that is no upload. Default 30000.
    pub body_ms: u64,
    /// Milliseconds for the body of an upload. Default 600000 (ten minutes, field.md 20).
    pub upload_ms: u64,
    /// Milliseconds for photographs on the page for many. Default 1800000 (half an hour).
    pub photographs_ms: u64,
    /// Milliseconds at the beginning of a body in which its rate does not count. Default 5000.
    pub rate_grace_ms: u64,
    /// Bytes a second that a body must reach after that, on average. Default 1024.
    pub body_bytes_per_second: u64,
    /// Milliseconds for the work of a request that is no import. Default 15000.
    pub handler_ms: u64,
    /// Milliseconds between being told to stop and stopping to accept, while `/readyz` says no: the interval at which a
    /// balancer asks. Default 500.
    pub drain_ms: u64,
    /// Milliseconds that running requests get to end after that. Default 25000.
    pub grace_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header_ms: 10_000,
            body_ms: 30_000,
            upload_ms: 600_000,
            photographs_ms: 1_800_000,
            rate_grace_ms: 5_000,
            body_bytes_per_second: 1_024,
            handler_ms: 15_000,
            drain_ms: 500,
            grace_ms: 25_000,
        }
    }
}

/// How large things may be, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sizes {
    /// All header lines of a request together. Default 16384 (16 KiB).
    pub header_bytes: usize,
    /// Path and query. Default 8192 (8 KiB).
    pub url_bytes: usize,
    /// A JSON body or a form. Default 262144 (256 KiB).
    pub json_bytes: usize,
    /// A list of certificates to verify. Default 8388608 (8 MiB).
    pub verify_bytes: usize,
    /// Photographs of certificates, or a table of them, on the page for many, altogether: they are read as they come, and
    /// not kept. Default 4294967296 (4 GiB).
    pub photographs_bytes: usize,
    /// One of them; a longer one is not read. Default 12582912 (12 MiB).
    pub photograph_bytes: usize,
    /// An upload. Default 20971520 (20 MiB: evidence); a roster has its own limit of 8 MiB.
    pub upload_bytes: usize,
    /// Memory for the bodies of all requests that are being read and are no uploads. Default 134217728 (128 MiB).
    pub body_memory_bytes: usize,
    /// Memory for the bodies of all uploads that are being read. Default 268435456 (256 MiB).
    pub upload_memory_bytes: usize,
    /// Connections at once; further ones are closed. Default 20000.
    pub connections: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            header_bytes: 16 * 1024,
            url_bytes: 8 * 1024,
            json_bytes: 256 * 1024,
            verify_bytes: 8 * 1024 * 1024,
            photographs_bytes: 4 * 1024 * 1024 * 1024,
            photograph_bytes: 12 * 1024 * 1024,
            upload_bytes: 20 * 1024 * 1024,
            body_memory_bytes: 128 * 1024 * 1024,
            upload_memory_bytes: 256 * 1024 * 1024,
            connections: 20_000,
        }
    }
}

/// Requests of one source, which is an IPv4 address or an IPv6 network of 64 bits.
///
/// They hold for all processes together, of which each gives its share (`server.nodes`). The defaults leave room for a county office behind one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Scans, verification by JSON, log, keys. Default 120000 a minute, 20000 at once.
    pub verify: Limit,
    /// Questions by number and name, comparisons of a name. Default 1200 a minute, 1000 at once.
    pub lookup: Limit,
    /// Sign-in. Default 600 a minute, 600 at once; guesses at one account are slowed elsewhere.
    pub sign_in: Limit,
    /// Uploads. Default 240 a minute, 240 at once.
    pub import: Limit,
    /// Tables and pictures to take away. Default 1200 a minute, 1200 at once.
    pub export: Limit,
    /// Everything else. Default 120000 a minute, 20000 at once.
    pub other: Limit,
}

impl Limits {
    /// What one of so many nodes gives.
    pub(super) fn shared(&self, nodes: u32) -> Self {
        let of = |limit: Limit| Limit {
            per_minute: share(limit.per_minute, nodes),
            burst: share(limit.burst, nodes),
        };
        Self {
            verify: of(self.verify),
            lookup: of(self.lookup),
            sign_in: of(self.sign_in),
            import: of(self.import),
            export: of(self.export),
            other: of(self.other),
        }
    }
}

/// One node's part, rounded down so that the nodes together give no more; at least one.
fn share(all: u32, nodes: u32) -> u32 {
    (all / nodes.max(1)).max(1)
}

/// A bucket of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests that come back each minute.
    pub per_minute: u32,
    /// Requests that may come at once after a pause.
    pub burst: u32,
}

const fn limit(per_minute: u32, burst: u32) -> Limit {
    Limit { per_minute, burst }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            verify: limit(120_000, 20_000),
            lookup: limit(1_200, 1_000),
            sign_in: limit(600, 600),
            import: limit(240, 240),
            export: limit(1_200, 1_200),
            other: limit(120_000, 20_000),
        }
    }
}

/// Requests at once in this process; each class has its own, so that none starves another (trust.md OV-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pools {
    /// Default 64 running, 512 waiting.
    pub verify: Pool,
    /// Default 16 running, 128 waiting.
    pub lookup: Pool,
    /// Default 8 running, 128 waiting: passwords are slow on purpose.
    pub sign_in: Pool,
    /// Default 2 running (trust.md UP-3), 16 waiting for up to 10 seconds.
    pub import: Pool,
    /// Default 4 running, 32 waiting.
    pub export: Pool,
    /// Default 64 running, 512 waiting.
    pub other: Pool,
    /// Forms of the page for many, which hold their place while they are sent, and memory of uploads for what has come.
    /// Default 128 running, 128 waiting for up to 5 seconds.
    pub batch: Pool,
}

/// How many requests of a class run and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Requests that run at once.
    pub running: u32,
    /// Requests that wait; further ones are told at once to come later.
    pub waiting: u32,
    /// Milliseconds for which one waits.
    pub wait_ms: u64,
}

const fn pool(running: u32, waiting: u32, wait_ms: u64) -> Pool {
    Pool {
        running,
        waiting,
        wait_ms,
    }
}

impl Default for Pools {
    fn default() -> Self {
        Self {
            verify: pool(64, 512, 2_000),
            lookup: pool(16, 128, 2_000),
            sign_in: pool(8, 128, 5_000),
            import: pool(2, 16, 10_000),
            export: pool(4, 32, 5_000),
            other: pool(64, 512, 5_000),
            batch: pool(128, 128, 5_000),
        }
    }
}

/// Wrong facts in questions by number and full name (trust.md EN-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lookup {
    /// Wrong names for one number in one civil day; after that the number answers only by its QR code. Kept in the
    /// database. Default 5.
    pub wrong_per_number_and_day: u32,
    /// Wrong questions of one source in a day. Kept in memory, since an address is not to be kept. Default 2000.
    pub wrong_per_source_and_day: u32,
    /// Wrong questions in a minute, of all sources, at which the log warns: when they are also so many times the usual.
    /// Default 20.
    pub alarm_times_usual: u32,
    /// Identity numbers of rosters that are registered under another name, for one account in a day; then its rosters are
    /// refused until tomorrow, since each tells that somebody is registered. Kept in the database. Default 100.
    pub other_names_per_account_and_day: u32,
    /// How many of them raise an alarm. Default 20.
    pub other_names_alarm: u32,
}

impl Lookup {
    /// What one of so many nodes counts by itself; the rest is counted in the database.
    pub(super) fn shared(&self, nodes: u32) -> Self {
        Self {
            wrong_per_source_and_day: share(self.wrong_per_source_and_day, nodes),
            ..self.clone()
        }
    }
}

impl Default for Lookup {
    fn default() -> Self {
        Self {
            wrong_per_number_and_day: 5,
            wrong_per_source_and_day: 2_000,
            alarm_times_usual: 20,
            other_names_per_account_and_day: 100,
            other_names_alarm: 20,
        }
    }
}
