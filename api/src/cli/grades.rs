//! `mingzheng grade`: grades institutions from an evidence file; anyone can, without a server or a database (design decision 7).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use certs::verdict::Lang;
use clap::{Args, Subcommand};
use domain::grading::{Evidence, Fault, Faults, Grade, Policy, grade};
use domain::ids::GradingRunId;
use serde::Serialize;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::reference::seed;

/// 评级 / grading
#[derive(Subcommand, Debug)]
pub enum GradeCommand {
    /// 按评级数据计算等级,不需要登记簿 / compute grades from an evidence file: needs no registry
    Run(RunArgs),
    /// 写出一次评级的数据、政策和结果,供复算 / write evidence, policy and results of a run, to compute them again
    Export(ExportArgs),
    /// 用草案政策重算一次评级,看谁会变动 / try a draft policy on the evidence of a run
    Replay(ReplayArgs),
    /// 关闭到期的满意度调查,并与身份分离 / close surveys whose time is over, and take identity away from the answers
    CloseSurveys,
    /// 逐行列出一家机构的计算过程 / show the arithmetic of one institution line by line
    Explain(ExplainArgs),
}

/// What a run rests on.
#[derive(Args, Debug)]
pub struct InputArgs {
    /// 评级政策,或地方调整文件 / grading policy, or a province's override
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// 地方调整所依据的政策,缺省为内置的全国基准 / policy that an override rests on; the national baseline when not given
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
    /// 评级数据 / evidence
    #[arg(long, value_name = "FILE")]
    evidence: PathBuf,
}

/// Compute grades.
#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    input: InputArgs,
    /// 结果文件 / file to write the results to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// 连同每条参训记录的认定结果 / with what each enrolment counted as
    #[arg(long)]
    explain: bool,
}

/// Write the files of a run.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// 评级编号 / the run
    run: GradingRunId,
    /// 输出目录 / folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Try a policy.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// 草案政策文件 / file with the draft policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// 评级编号 / the run
    #[arg(long)]
    run: GradingRunId,
}

/// Show the arithmetic.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// 机构编号(评级数据中的 id) / id of the institution in the evidence
    institution: String,
    #[command(flatten)]
    input: InputArgs,
}

/// Runs the command. Exit code: 0 done; 2 a file is faulty, and then nothing is written.
pub async fn run(
    command: GradeCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    match command {
        GradeCommand::Export(args) => export(args, registry, print).await,
        GradeCommand::Replay(args) => {
            let app = registry.open().await?;
            let draft = text(&args.policy)?;
            print.show(&crate::grades::replay::replay(&app, args.run, draft, None).await?)?;
            Ok(0)
        }
        GradeCommand::CloseSurveys => {
            let app = registry.open().await?;
            print.show(&crate::surveys::invite::close(&app).await?)?;
            Ok(0)
        }
        files => compute(files, print),
    }
}

/// Writes E, the policy, R and the public table: E and R are exactly the bytes of the run.
async fn export(
    args: ExportArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    let app = registry.open().await?;
    let (run, freeze) = crate::grades::runs::find(&app, args.run).await?;
    fs::create_dir_all(&args.out)?;
    let place = |name: &str| args.out.join(name);
    let evidence = crate::grades::runs::evidence_bytes(&app, &freeze).await?;
    replace(&place("evidence.json"), &evidence)?;
    replace(&place("policy.json"), run.policy_text.as_bytes())?;
    if let Some(base) = &run.base_text {
        replace(&place("base.json"), base.as_bytes())?;
    }
    let results = crate::grades::runs::results_bytes(&app, &run).await?;
    replace(&place("results.json"), &results)?;
    let table = crate::grades::public::table(&app, &run).await?;
    let table =
        serde_json::to_vec(&table).map_err(|error| CommandError::Usage(error.to_string()))?;
    replace(&place("public.json"), &table)?;
    print.show(&serde_json::json!({
        "run": run.id.to_string(),
        "policy": run.policy,
        "freeze": freeze.freeze_on.to_string(),
        "evidence_sha256": data_encoding::HEXLOWER.encode(&freeze.evidence_sha256),
        "results_sha256": data_encoding::HEXLOWER.encode(&run.results_sha256),
        "out": args.out.display().to_string(),
    }))?;
    Ok(0)
}

/// What needs files alone.
fn compute(command: GradeCommand, print: Printing) -> Result<u8, CommandError> {
    let input = match &command {
        GradeCommand::Run(args) => &args.input,
        GradeCommand::Explain(args) => &args.input,
        _ => return Ok(2),
    };
    // Both files are read before either is refused, so that one call tells every fault.
    let policy = input.policy()?;
    let evidence = Evidence::from_json(&text(&input.evidence)?);
    let (policy, evidence) = match (policy, evidence) {
        (Ok(policy), Ok(evidence)) => (policy, evidence),
        (policy, evidence) => {
            let policy = policy.err().unwrap_or_default();
            let evidence = evidence.err().unwrap_or_default();
            tell(&policy, &evidence, print)?;
            return Ok(2);
        }
    };
    let run = grade(&evidence, &policy);
    match command {
        GradeCommand::Run(args) => {
            let bytes = run
                .to_json(args.explain)
                .map_err(|error| CommandError::Usage(error.to_string()))?;
            replace(&args.out, &bytes)?;
            let grades = Grade::ALL.iter().map(|one| one.as_str());
            print.show(&serde_json::json!({
                "policy": policy.name(),
                "freeze": evidence.freeze(),
                "evidence_sha256": data_encoding::HEXLOWER.encode(evidence.sha256()),
                "institutions": evidence.institutions(),
                "enrolments": evidence.enrolments(),
                "episodes": evidence.episodes(),
                "grades": grades.zip(run.grades()).collect::<std::collections::BTreeMap<_, _>>(),
                "out": args.out.display().to_string(),
            }))?;
        }
        GradeCommand::Explain(args) => {
            let Some(lines) = run.explain(&args.institution) else {
                return Err(CommandError::Usage(
                    "数据中没有这家机构 / the evidence has no such institution".to_owned(),
                ));
            };
            if print.json {
                print.show(&lines)?;
            } else {
                for line in &lines {
                    print.text(&format!("{}\n", one(print, &line.zh, &line.en)))?;
                }
            }
        }
        _ => {}
    }
    Ok(0)
}

impl InputArgs {
    /// The policy; an override is laid over its base.
    fn policy(&self) -> Result<Result<Policy, Faults>, CommandError> {
        let own = text(&self.policy)?;
        if Policy::base_of(&own).is_none() {
            return Ok(Policy::from_json(&own));
        }
        let base = match &self.base {
            Some(file) => text(file)?,
            None => seed::GRADING_POLICY.to_owned(),
        };
        // A faulty base is not the override's fault: its own name stands before each place.
        match Policy::from_json(&base) {
            Ok(base) => Ok(base.with_override(&own)),
            Err(faults) => {
                let first = faults.as_slice().first().map(ToString::to_string);
                Err(CommandError::Usage(format!(
                    "所依据的政策有误 / the base policy is faulty: {}",
                    first.unwrap_or_default()
                )))
            }
        }
    }
}

/// A fault with the file it is in.
#[derive(Serialize)]
struct InFile<'f> {
    file: &'static str,
    #[serde(flatten)]
    fault: &'f Fault,
}

fn tell(policy: &Faults, evidence: &Faults, print: Printing) -> Result<(), CommandError> {
    let of = |file, faults: &'_ Faults| {
        let faults = faults.as_slice().to_vec();
        faults.into_iter().map(move |fault| (file, fault))
    };
    let faults: Vec<_> = of("policy", policy)
        .chain(of("evidence", evidence))
        .collect();
    if print.json {
        let faults: Vec<_> = faults
            .iter()
            .map(|(file, fault)| InFile { file, fault })
            .collect();
        return print.show(&serde_json::json!({ "faults": faults }));
    }
    let mut to = std::io::stderr().lock();
    for (file, fault) in &faults {
        let place = if fault.pointer.is_empty() {
            "/"
        } else {
            &fault.pointer
        };
        let sentence = one(print, &fault.zh(), &fault.en());
        writeln!(to, "{file} {place} [{}] {sentence}", fault.code.as_str())?;
    }
    let count = faults.len();
    let zh = format!("共 {count} 处错误,没有写出任何文件");
    let en = format!("{count} faults: nothing was written");
    writeln!(to, "mingzheng: {}", one(print, &zh, &en))?;
    Ok(())
}

/// A sentence in the language asked for; in both, Chinese first, when none was.
fn one(print: Printing, zh: &str, en: &str) -> String {
    match print.lang {
        Some(Lang::Zh) => zh.to_owned(),
        Some(Lang::En) => en.to_owned(),
        None if zh == en => zh.to_owned(),
        // A formula line is indented; what follows on the same line is not.
        None => format!("{zh} / {}", en.trim_start()),
    }
}

fn text(file: &Path) -> Result<String, CommandError> {
    let bytes = fs::read(file).map_err(|error| {
        CommandError::Usage(format!(
            "文件无法读取 / the file cannot be read: {}: {error}",
            file.display()
        ))
    })?;
    String::from_utf8(bytes).map_err(|_| {
        CommandError::Usage(format!(
            "文件不是 UTF-8 / the file is not UTF-8: {}",
            file.display()
        ))
    })
}

/// Writes a file as a whole or not at all: a broken run never leaves half a result under its name.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    use std::os::unix::fs::PermissionsExt as _;
    // A pipe or a device is written to; renaming over it would replace it.
    if fs::metadata(file).is_ok_and(|found| !found.is_file()) {
        fs::write(file, bytes)?;
        return Ok(());
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // As any new file, subject to the umask, not the private mode of temporary files.
    let mut whole = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    whole.write_all(bytes)?;
    whole.as_file().sync_all()?;
    whole.persist(file).map_err(|error| error.error)?;
    Ok(())
}
