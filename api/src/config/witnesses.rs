//! Witnesses of the public log: who cosigns its checkpoints, and how many must (trust.md LG-9, LG-10).

use certs::log::{WitnessKey, WitnessPolicy, parse_witness_vkey};
use serde::{Deserialize, Serialize};

/// The fields of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WitnessesFile {
    /// How many must cosign a checkpoint before what it covers is fully valid: more than half. Default 0: none, and the
    /// registry's own commit counts.
    pub quorum: usize,
    /// Each witness as its verifier key line, a blank, and its http address. Default: none.
    pub list: Vec<String>,
    /// Copies of the log: http addresses, or folders laid out like them or kept by `mingzheng log monitor`. At start the
    /// database is compared with their checkpoints, and `mingzheng log recover` reads missing leaves there. Default: none.
    pub mirrors: Vec<String>,
}

/// A witness and where it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Name and key.
    pub key: WitnessKey,
    /// Its submission prefix, without a slash at the end.
    pub url: String,
}

/// All witnesses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// Keys and quorum.
    pub policy: WitnessPolicy,
    /// Where they answer.
    pub all: Vec<Witness>,
    /// Where copies of the log are.
    pub mirrors: Vec<String>,
}

impl WitnessesFile {
    /// The witnesses that the fields mean.
    pub fn witnesses(&self) -> Result<Witnesses, &'static str> {
        let all = self
            .list
            .iter()
            .map(|line| witness(line))
            .collect::<Result<Vec<_>, _>>()?;
        let keys = all.iter().map(|witness| witness.key.clone()).collect();
        let policy = WitnessPolicy::new(keys, self.quorum)
            .map_err(|_| "the quorum is more than half of the witnesses and at most all of them, each with a name and key of its own; 0 without any")?;
        for place in &self.mirrors {
            crate::log::monitor::Source::parse(place)?;
        }
        Ok(Witnesses {
            policy,
            all,
            mirrors: self.mirrors.clone(),
        })
    }
}

fn witness(line: &str) -> Result<Witness, &'static str> {
    let (vkey, url) = line
        .split_once(' ')
        .ok_or("a witness is its verifier key line, a blank, and its http address")?;
    let key = parse_witness_vkey(vkey).map_err(|_| "not the verifier key line of a witness")?;
    // Everything that is answered carries the witness's own signature; a TLS proxy of one's own network may lie between.
    if !url.starts_with("http://") {
        return Err(
            "a witness is reached by http://, where need be through a TLS proxy of one's own network",
        );
    }
    Ok(Witness {
        key,
        url: url.trim_end_matches('/').to_owned(),
    })
}
