//! `mingzheng bundle`: trust bundles, with which certificates are checked without a network.

use std::path::{Path, PathBuf};

use certs::bundle::{Bundle, BundleDelta, BundleFault, delta};
use certs::trust_list::Roots;
use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use serde::Serialize;

use super::memory::{self, Memory};
use super::registry::{CommandError, Printing, RegistryArgs};
use super::written::write_public;
use crate::clock::{Clock as _, SystemClock};
use crate::problem::Problem;
use crate::verify::wire::instant;

/// 离线包 / trust bundles
#[derive(Subcommand, Debug)]
pub enum BundleCommand {
    /// 签发下一个离线包 / make and sign the next bundle
    Build {
        /// 另存到文件 / also write it to a file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 由两个离线包生成增量 / the delta from one bundle to a later one
    Delta {
        /// 较早的离线包 / the earlier bundle
        from: PathBuf,
        /// 较晚的离线包 / the later bundle
        to: PathBuf,
        /// 输出文件 / file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What is trusted, and what was seen.
        #[command(flatten)]
        trusted: BundleArgs,
    },
    /// 用增量更新离线包 / bring a bundle up to date by a delta
    Apply {
        /// 手中的离线包 / the bundle at hand
        bundle: PathBuf,
        /// 增量 / the delta
        delta: PathBuf,
        /// 输出文件,可与手中的相同 / file to write, may be that of the bundle at hand
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What is trusted, and what was seen.
        #[command(flatten)]
        trusted: BundleArgs,
    },
    /// 离线包的内容概要 / what a bundle holds
    Show {
        /// 离线包 / bundle
        file: PathBuf,
        /// What is trusted, and what was seen.
        #[command(flatten)]
        trusted: BundleArgs,
    },
    /// 核验离线包,并记住它的编号 / check a bundle, and remember its number
    Verify {
        /// 离线包 / bundle
        file: PathBuf,
        /// What is trusted, and what was seen.
        #[command(flatten)]
        trusted: BundleArgs,
    },
}

/// What a verifier trusts, and what it has seen.
#[derive(Args, Clone, Debug, Default)]
pub struct BundleArgs {
    /// 根密钥:一行文字,或存有它的文件;用过一次后会记住 / root key: its line, or a file with it; remembered after the first use
    #[arg(long, value_name = "LINE|FILE")]
    root: Option<String>,
    /// 记住用过的最新离线包和密钥清单的文件,缺省按根密钥记在用户的状态目录中 / file that remembers the newest bundle and trust list that were used; by the root key in the user's state folder when not given
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
}

/// The line itself, or what the file says.
fn text_of_root(given: &str) -> Result<String, CommandError> {
    if Roots::parse(given).is_ok() {
        return Ok(given.to_owned());
    }
    std::fs::read_to_string(given).map_err(|error| {
        CommandError::Usage(format!(
            "根密钥既不是一行密钥,也不是可读的文件 / neither the line of a root key nor a readable file: {error}"
        ))
    })
}

impl BundleArgs {
    /// The lines of the root keys that were given.
    pub(super) fn root_text(&self) -> Result<Option<String>, CommandError> {
        self.root.as_deref().map(text_of_root).transpose()
    }

    /// The file that remembers, where one was named.
    pub(super) fn seen_file(&self) -> Option<&Path> {
        self.seen.as_deref()
    }

    /// What is remembered: in the file that was named; else of this root key, whatever the bundle is called; where there is
    /// no home, beside the bundle.
    fn memory(&self, bundle: &Path) -> Result<Memory, CommandError> {
        match (&self.seen, self.root_text()?) {
            (Some(seen), _) => Memory::at(seen),
            (None, _) if memory::folder().is_none() => Memory::at(&beside(bundle)),
            (None, Some(given)) => Memory::of_roots(&given),
            (None, None) => Memory::of_bundle(&read_bundle(bundle)?),
        }
    }

    /// The roots that were given, or else those that were remembered.
    fn roots(&self, memory: &Memory) -> Result<Roots, CommandError> {
        match self.root_text()? {
            Some(given) => {
                Roots::parse(&given).map_err(|fault| CommandError::Usage(fault.to_string()))
            }
            None => memory.roots().ok_or_else(|| {
                CommandError::Usage(
                    "第一次使用离线包,请用 --root 给出根密钥(向省级残联索取,或从可信网站抄录) / first use of a bundle: give the root key with --root, had from your federation or a site that you trust"
                        .to_owned(),
                )
            }),
        }
    }
}

fn beside(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(".seen.json");
    name.into()
}

fn read_bundle(file: &Path) -> Result<Vec<u8>, CommandError> {
    std::fs::read(file).map_err(|error| {
        CommandError::Usage(format!(
            "离线包 {0} 无法读取 / the bundle {0} cannot be read: {error}",
            file.display()
        ))
    })
}

/// A bundle that does not hold cannot be used to check anything: exit code 3.
fn refused(fault: BundleFault) -> CommandError {
    CommandError::CannotCheck(format!("[{}] {fault}", fault.code()))
}

/// Opens a bundle, refuses one that is older than what was used before, and remembers it.
pub(super) fn open_bundle(
    file: &Path,
    trusted: &BundleArgs,
    print: Printing,
) -> Result<Bundle, CommandError> {
    let memory = trusted.memory(file)?;
    let roots = trusted.roots(&memory)?;
    let bundle = Bundle::open(&read_bundle(file)?, &roots).map_err(refused)?;
    let seen = memory.accept(&bundle).map_err(refused)?;
    if let Err(error) = memory.remember(bundle.signed_trust_list(), Some(&seen)) {
        // A stick that cannot be written to is no reason not to check; that nothing is remembered must be known.
        eprintln!(
            "mingzheng: {}",
            print.words(
                &format!("无法记住离线包编号,下次可能接受更早的离线包:{error}"),
                &format!("the number of the bundle cannot be remembered, an older one might be taken next time: {error}"),
            )
        );
    }
    Ok(bundle)
}

fn open_as_it_is(file: &Path, trusted: &BundleArgs) -> Result<(Bundle, Vec<u8>), CommandError> {
    let roots = trusted.roots(&trusted.memory(file)?)?;
    let bytes = read_bundle(file)?;
    let bundle = Bundle::open(&bytes, &roots).map_err(refused)?;
    Ok((bundle, bytes))
}

/// What a bundle holds, in figures.
#[derive(Serialize)]
struct Summary {
    number: u64,
    issued_at: String,
    valid_until: String,
    fresh: bool,
    signed_by: String,
    sha256: String,
    trust_list_version: u64,
    issuer_keys: usize,
    bytes: usize,
    status_bytes: usize,
    status_lists: usize,
    places: u64,
    revoked: usize,
    superseded: usize,
    suspended: usize,
    programs: usize,
    institutions: usize,
    federations: usize,
    tree_size: Option<u64>,
}

impl Summary {
    fn of(bundle: &Bundle, bytes: usize) -> Self {
        let content = bundle.content();
        let count = |set: fn(&certs::bundle::ListStatus) -> &certs::bundle::Places| {
            content
                .lists
                .values()
                .map(|list| set(list).as_slice().len())
                .sum()
        };
        Self {
            number: content.number,
            issued_at: instant(content.issued_at),
            valid_until: instant(content.valid_until),
            fresh: bundle.is_fresh(SystemClock.now()),
            signed_by: bundle.key_id().to_string(),
            sha256: HEXLOWER.encode(bundle.sha256()),
            trust_list_version: bundle.trust_list().version,
            issuer_keys: bundle.issuers().len(),
            bytes,
            status_bytes: content.status_bytes(),
            status_lists: content.lists.len(),
            places: content
                .lists
                .values()
                .map(|list| u64::from(list.size))
                .sum(),
            revoked: count(|list| &list.revoked),
            superseded: count(|list| &list.superseded),
            suspended: count(|list| &list.suspended),
            programs: content.programs.len(),
            institutions: content.institutions.len(),
            federations: content.federations.len(),
            tree_size: content
                .checkpoint
                .lines()
                .nth(1)
                .and_then(|size| size.parse().ok()),
        }
    }
}

async fn build(
    out: Option<PathBuf>,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let app = registry.open().await?;
    let built = crate::bundles::build(&app).await?;
    if let Some(out) = out {
        let bytes = store::bundles::bytes(app.store.reader(), built.number)
            .await
            .map_err(Problem::from)?
            .ok_or_else(Problem::not_found)?;
        write_public(&out, &bytes)?;
    }
    print.show(&built)
}

/// Runs the command.
pub async fn run(
    command: BundleCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        BundleCommand::Build { out } => build(out, registry, print).await,
        BundleCommand::Delta {
            from,
            to,
            out,
            trusted,
        } => {
            let (from, _) = open_as_it_is(&from, &trusted)?;
            let (to, bytes) = open_as_it_is(&to, &trusted)?;
            let made = delta(&from, &to, &bytes)
                .map_err(|fault| CommandError::Usage(fault.to_string()))?;
            write_public(&out, &made)?;
            print.show(&serde_json::json!({
                "from": from.content().number, "to": to.content().number, "bytes": made.len(), "whole": bytes.len(),
            }))
        }
        BundleCommand::Apply {
            bundle: file,
            delta,
            out,
            trusted,
        } => {
            let mut memory = trusted.memory(&file)?;
            let roots = trusted.roots(&memory)?;
            if trusted.seen.is_none() && memory::folder().is_none() {
                memory = memory.moved_to(Memory::at(&beside(&out))?);
            }
            let from = Bundle::open(&read_bundle(&file)?, &roots).map_err(refused)?;
            let cannot = |fault: certs::bundle::DeltaFault| {
                CommandError::CannotCheck(format!("[{}] {fault}", fault.code()))
            };
            let delta = BundleDelta::read(&read_bundle(&delta)?).map_err(cannot)?;
            let bytes = delta.apply(&from).map_err(cannot)?;
            // The registry's own root may have changed with the trust list in the bundle at hand.
            let to = Bundle::open(&bytes, &roots)
                .or_else(|_| Bundle::open(&bytes, &from.trust_list().roots()))
                .map_err(refused)?;
            let seen = memory.accept(&to).map_err(refused)?;
            write_public(&out, &bytes)?;
            memory.remember(to.signed_trust_list(), Some(&seen))?;
            print.show(&Summary::of(&to, bytes.len()))
        }
        BundleCommand::Show { file, trusted } => {
            let (bundle, bytes) = open_as_it_is(&file, &trusted)?;
            print.show(&Summary::of(&bundle, bytes.len()))
        }
        BundleCommand::Verify { file, trusted } => {
            let bytes = read_bundle(&file)?.len();
            let bundle = open_bundle(&file, &trusted, print)?;
            print.show(&Summary::of(&bundle, bytes))
        }
    }
}
