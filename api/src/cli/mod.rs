//! The command line: noun verb, `--json` everywhere, results to stdout, talk to stderr (pages.md 7).
//!
//! Exit codes: 0 done, 1 a negative answer, 2 wrong use, 3 cannot check, 4 not allowed.

pub mod accounts;
pub mod assessments;
pub mod audits;
pub mod bundles;
pub mod cases;
pub mod certificates;
pub mod cohorts;
pub mod configs;
pub mod demo;
pub mod grades;
pub mod ids;
pub mod institutions;
pub mod keys;
pub mod logs;
mod memory;
pub mod operations;
pub mod papers;
pub mod programs;
pub mod progress;
pub mod registry;
pub mod retention;
pub mod serving;
pub mod trust;
pub mod verify;
pub mod witness;
mod written;

use std::process::ExitCode;

use certs::verdict::Lang;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use domain::certificate::CertificateAct;
use rustix::process::{Resource, Rlimit, setrlimit};

use registry::{CommandError, Printing, RegistryArgs};

/// 明证:全国残疾人职业培训登记平台 / Mingzheng: the registry of vocational training for disabled people
#[derive(Parser, Debug)]
#[command(name = "mingzheng", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    registry: RegistryArgs,
    /// 以 JSON 输出 / print JSON
    #[arg(long, global = true)]
    json: bool,
    /// 进度以文字行输出 / tell progress in plain lines
    #[arg(long, global = true)]
    plain: bool,
    /// 输出语言 zh 或 en,缺省为双语 / language of sentences: zh or en, both when not given
    #[arg(long, global = true, value_parser = language)]
    lang: Option<Lang>,
}

fn language(text: &str) -> Result<Lang, String> {
    match text {
        "zh" => Ok(Lang::Zh),
        "en" => Ok(Lang::En),
        _ => Err("zh 或 en / zh or en".to_owned()),
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// 启动服务 / serve the registry
    Serve(serving::ServeArgs),
    /// 演示:合成的全国数据,用后即弃 / a throw-away registry of a synthetic country
    Demo(demo::DemoArgs),
    /// 建立或升级登记簿 / make a registry, or bring it up to date
    Migrate,
    /// 配置 / configuration
    #[command(subcommand)]
    Config(configs::ConfigCommand),
    /// 账号 / accounts
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// 培训机构 / training institutions
    #[command(subcommand)]
    Institution(institutions::InstitutionCommand),
    /// 案件:预警、整改、暂停、清退 / cases: warning, rectification, suspension, exit
    #[command(subcommand)]
    Case(cases::CaseCommand),
    /// 申诉 / appeals
    #[command(subcommand)]
    Appeal(cases::AppealCommand),
    /// 第三方评估 / third-party assessments
    #[command(subcommand)]
    Assessment(assessments::AssessmentCommand),
    /// 培训项目 / training programmes
    #[command(subcommand)]
    Program(programs::ProgramCommand),
    /// 证书种类 / certificate types
    #[command(subcommand)]
    CertificateType(programs::CertificateTypeCommand),
    /// 开设项目 / offers
    #[command(subcommand)]
    Offer(programs::OfferCommand),
    /// 班期 / cohorts
    #[command(subcommand)]
    Cohort(cohorts::CohortCommand),
    /// 需第二人办理的提议 / proposals that wait for a second person
    #[command(subcommand)]
    Proposal(programs::ProposalCommand),
    /// 证书 / certificates
    #[command(subcommand)]
    Cert(CertCommand),
    /// 评级:按公开的数据格式计算,人人可复算 / grading from an open file format, so that anyone can recompute
    #[command(subcommand)]
    Grade(grades::GradeCommand),
    // 就业、调查、评级期、通报 / evidence, surveys, periods of grading, bulletins
    #[command(flatten)]
    Operation(operations::OperationCommand),
    /// 名单文件 / roster files
    #[command(subcommand, hide = true)]
    Roster(RosterCommand),
    /// 号码核对 / check a doubtful number
    #[command(subcommand)]
    Id(ids::IdCommand),
    /// 纸质证书的模板 / templates of certificates on paper
    #[command(subcommand)]
    Paper(papers::PaperCommand),
    /// 离线包,不联网也能查验 / trust bundles, for checking without a network
    #[command(subcommand)]
    Bundle(bundles::BundleCommand),
    /// 密钥 / keys
    #[command(subcommand)]
    Key(keys::KeyCommand),
    /// 密钥清单:根密钥签名、只进不退 / the trust list: signed by the root key, never backwards
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// 保存期限 / retention of personal data
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// 公开日志 / the public log
    #[command(subcommand)]
    Log(logs::LogCommand),
    /// 见证方,由省级残联运行 / a witness of public logs, run by a provincial federation
    #[command(subcommand)]
    Witness(witness::WitnessCommand),
    /// 审计记录 / the audit
    #[command(subcommand)]
    Audit(audits::AuditCommand),
    /// 命令补全脚本 / completion script of a shell
    Completions {
        /// 命令行解释器 / shell
        shell: Shell,
    },
    /// 手册页 / manual pages, one file for each command
    Man {
        /// 输出目录 / folder to write to
        folder: std::path::PathBuf,
    },
}

#[derive(Subcommand, Debug)]
enum RosterCommand {
    /// 从标准输入读旧版工作簿(由服务调用) / read an old workbook from standard input (called by the service)
    ReadXls,
}

#[derive(Subcommand, Debug)]
enum CertCommand {
    /// 提出一批证书 / propose a batch for an accepted cohort
    Propose(certificates::ProposeArgs),
    /// 批准并签发一批证书 / approve a batch: the registry signs
    Issue(certificates::IssueArgs),
    /// 查验证书文件(图片、PDF、文本或目录),可离线 / check certificates in pictures, PDFs, texts or folders; without a network given a trust bundle
    Verify(verify::VerifyArgs),
    /// 证书列表 / certificates of one's area
    List(certificates::ListArgs),
    /// 写出二维码 / write the QR picture
    Qr(certificates::QrArgs),
    /// 打印证书(PDF、大字、文本、盲文),一张或整批 / print a certificate or a batch: PDF, large print, text, Braille
    Print(papers::PrintArgs),
    /// 生成分享链接 / make a share link
    Share(certificates::ShareArgs),
    /// 电话核对:读出第一段,比对第二段 / check for a caller: the first part to read out, the second compared
    Telephone(certificates::TelephoneArgs),
    /// 撤销(需第二人) / revoke (waits for a second person)
    Revoke(certificates::ChangeArgs),
    /// 暂停使用 / suspend
    Suspend(certificates::ChangeArgs),
    /// 恢复 / resume
    Resume(certificates::ChangeArgs),
    /// 换发 / supersede by a corrected certificate
    Supersede(certificates::ChangeArgs),
}

/// What is logged: `MINGZHENG_LOG`, warnings when it is not set. The spans of the database libraries are left out
/// whatever it says: they carry the database's address with its password, and statements (trust.md PI-7, KY-1).
fn log_filter() -> tracing_subscriber::EnvFilter {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MINGZHENG_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    ["sea_orm=warn", "sea_orm_migration=warn", "sqlx=warn"]
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, tracing_subscriber::EnvFilter::add_directive)
}

/// Keys lie in the memory of this process: when it falls, no copy of that is left on a disk (trust.md KY-1). Nobody may
/// raise the limit afterwards; where it cannot be set, an operator's own limit holds.
fn no_core_dump() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
}

/// Reads the arguments, runs the command, answers the exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // Before anything else takes memory: this process lives under hard limits.
    if let Command::Roster(RosterCommand::ReadXls) = cli.command {
        return crate::rosters::read_xls_from_stdin();
    }
    no_core_dump();
    progress::set_plain(cli.plain);
    tracing_subscriber::fmt()
        .with_env_filter(log_filter())
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mingzheng: {error}");
            return ExitCode::from(3);
        }
    };
    let lang = cli.lang;
    let origin = crate::audit::origin::Origin {
        request_id: String::new(),
        network: crate::audit::origin::COMMAND_LINE.to_owned(),
    };
    match runtime.block_on(crate::audit::origin::scope(origin, dispatch(cli))) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("mingzheng: {}", error.message(lang));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Runs a command; answers the exit code: 0, or what the answer itself means.
async fn dispatch(cli: Cli) -> Result<u8, CommandError> {
    let print = Printing {
        json: cli.json,
        lang: cli.lang,
    };
    let registry = &cli.registry;
    match cli.command {
        Command::Serve(args) => serving::serve(args, registry, print).await?,
        Command::Demo(args) => {
            demo::run(args, registry, print).await?;
        }
        Command::Migrate => serving::migrate(registry, print).await?,
        Command::Config(command) => return configs::run(command, registry, print),
        Command::Account(command) => accounts::run(command, registry, print).await?,
        Command::Institution(command) => institutions::run(command, registry, print).await?,
        Command::Case(command) => cases::run(command, registry, print).await?,
        Command::Appeal(command) => cases::run_appeal(command, registry, print).await?,
        Command::Assessment(command) => assessments::run(command, registry, print).await?,
        Command::Program(command) => programs::run_program(command, registry, print).await?,
        Command::CertificateType(command) => programs::run_type(command, registry, print).await?,
        Command::Offer(command) => programs::run_offer(command, registry, print).await?,
        Command::Cohort(command) => {
            return cohorts::run(command, registry, print).await.map(negative);
        }
        Command::Proposal(command) => programs::run_proposal(command, registry, print).await?,
        Command::Cert(CertCommand::Verify(args)) => {
            return verify::run(args, registry, print).await;
        }
        Command::Cert(CertCommand::Telephone(args)) => {
            return certificates::telephone(args, registry, print).await;
        }
        Command::Cert(command) => certificate(command, registry, print).await?,
        Command::Paper(command) => papers::run(command, registry, print)?,
        Command::Bundle(command) => bundles::run(command, registry, print).await?,
        Command::Key(command) => keys::run(command, registry, print).await?,
        Command::Trust(command) => return trust::run(command, registry, print).await,
        Command::Retention(command) => retention::run(command, registry, print).await?,
        Command::Log(command) => return logs::run(command, registry, print).await.map(negative),
        Command::Witness(command) => witness::run(command, print).await?,
        Command::Operation(command) => operations::run(command, registry, print).await?,
        Command::Grade(command) => return grades::run(command, registry, print).await,
        Command::Roster(RosterCommand::ReadXls) => return Ok(2),
        Command::Audit(command) => {
            return audits::run(command, registry, print).await.map(negative);
        }
        Command::Id(command) => return ids::run(command, print).map(negative),
        Command::Man { folder } => clap_mangen::generate_to(Cli::command(), folder)?,
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "mingzheng",
                &mut std::io::stdout(),
            );
        }
    }
    Ok(0)
}

/// A negative answer ends with 1.
fn negative(positive: bool) -> u8 {
    u8::from(!positive)
}

async fn certificate(
    command: CertCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        CertCommand::Verify(args) => verify::run(args, registry, print).await.map(|_| ()),
        CertCommand::Propose(args) => certificates::propose(args, registry, print).await,
        CertCommand::Issue(args) => certificates::issue(args, registry, print).await,
        CertCommand::List(args) => certificates::list(args, registry, print).await,
        CertCommand::Qr(args) => certificates::qr(args, registry, print).await,
        CertCommand::Print(args) => papers::print(args, registry, print).await,
        CertCommand::Share(args) => certificates::share(args, registry, print).await,
        CertCommand::Telephone(args) => certificates::telephone(args, registry, print)
            .await
            .map(|_| ()),
        CertCommand::Revoke(args) => {
            certificates::change(CertificateAct::Revoke, args, registry, print).await
        }
        CertCommand::Suspend(args) => {
            certificates::change(CertificateAct::Suspend, args, registry, print).await
        }
        CertCommand::Resume(args) => {
            certificates::change(CertificateAct::Resume, args, registry, print).await
        }
        CertCommand::Supersede(args) => {
            certificates::change(CertificateAct::Supersede, args, registry, print).await
        }
    }
}
