//! `mingzheng demo`: makes a throw-away registry, serves it, and says how to look at it.

use std::net::SocketAddr;
use std::process::Stdio;

use clap::Args;
use tokio::net::TcpListener;

use super::registry::{CommandError, Printing, RegistryArgs};
use super::serving::stopped;
use crate::boot::{self, Settings};
use crate::config::Config;
use crate::demo::{self, Demo};
use crate::problem::Problem;
use crate::server;

/// Serve a demo.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// 监听地址,端口 0 为任意 / address to listen on, port 0 for any
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Only make the registry in the folder and tell of it as JSON.
    #[arg(long, hide = true)]
    make_only: bool,
}

/// Runs `demo` until the process is told to stop. Without a folder everything is removed at the end.
pub async fn run(
    args: DemoArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    if args.make_only {
        return make(registry, print).await;
    }
    // The port first: one that is taken is told at once.
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        CommandError::Usage(format!(
            "无法监听 {0} / cannot listen on {0}: {error}",
            args.listen
        ))
    })?;
    let address = format!("http://{}", listener.local_addr()?);
    let temporary = match registry.given_data() {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("mingzheng-demo-")
                .tempdir()?,
        ),
    };
    let mut registry = registry.clone();
    if let Some(temporary) = &temporary {
        registry.set_data(temporary.path());
    }
    // The demo is complete in its folder, whatever the environment names.
    (
        registry.database,
        registry.passphrase_file,
        registry.policy_file,
    ) = (None, None, None);
    let demo = made(&registry).await?;
    let app = boot::open(&Settings {
        config: config(&registry)?,
        // The demo is complete in its folder, whatever file and environment name.
        database: None,
        passphrase_file: None,
        policy_file: None,
        ..registry.settings(false)?
    })
    .await?;
    if print.json {
        let mut value = serde_json::to_value(&demo).map_err(Problem::internal)?;
        value["address"] = address.into();
        print.value(&value)?;
    } else {
        tell(&demo, &address)?;
    }
    server::serve(app.clone(), listener, stopped()).await?;
    app.store.close().await.map_err(Problem::from)?;
    if let Some(temporary) = temporary {
        temporary.close()?;
    }
    Ok(())
}

/// Has another process make the registry: what a year of acts needs in memory is given back with it.
async fn made(registry: &RegistryArgs) -> Result<Demo, CommandError> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command
        .args(["demo", "--make-only", "--data"])
        .arg(registry.given_data().unwrap_or_default())
        .args(registry.address_arguments())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .map_err(Problem::internal)??;
    match output.status.code() {
        Some(0) => Ok(serde_json::from_slice(&output.stdout).map_err(Problem::internal)?),
        // It has said why.
        Some(2) => Err(CommandError::Usage(
            "演示没有建成 / the demo was not made".to_owned(),
        )),
        _ => Err(Problem::internal("the demo was not made").into()),
    }
}

/// The demo's sign-ins are printed for everybody, and it speaks http on the loopback.
fn config(registry: &RegistryArgs) -> Result<Config, CommandError> {
    let mut config = registry
        .sound(Vec::new())?
        .config()
        .map_err(|error| CommandError::Usage(error.to_owned()))?;
    config.require_second_factor = false;
    // Nobody depends on it, and a full disk is no reason not to show it.
    config.disk_free_percent = 0;
    config.loopback_cookies = true;
    Ok(config)
}

/// Makes the registry in the folder of the arguments, which must be empty.
async fn make(registry: &RegistryArgs, print: Printing) -> Result<(), CommandError> {
    let folder = registry.given_data().unwrap_or_default();
    if crate::keyring::exists(&folder.join("keys")) {
        return Err(CommandError::Usage(
            "演示需要一个空目录 / the demo needs an empty folder: this one holds a registry"
                .to_owned(),
        ));
    }
    let config = config(registry)?;
    let bar = super::progress::spinner("建立演示登记簿 / making the demo registry");
    let built = demo::build(&folder, config, |step| bar.set_message(step)).await;
    bar.finish_and_clear();
    let json = serde_json::to_string(&built?).map_err(Problem::internal)?;
    print.text(&json)
}

fn tell(demo: &Demo, address: &str) -> Result<(), CommandError> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let account = |role: &str| demo.accounts.iter().find(|account| account.role == role);
    writeln!(out, "明证演示登记簿 / Mingzheng demo registry\n")?;
    writeln!(out, "  打开 / open      {address}/")?;
    writeln!(out, "  接口 / API       {address}/api/openapi.json\n")?;
    writeln!(out, "  账号 / sign-ins (共 / of {}):", demo.accounts.len())?;
    for role in [
        "national_officer",
        "province_officer",
        "county_officer",
        "institution_operator",
    ] {
        if let Some(account) = account(role) {
            writeln!(
                out,
                "    {:<22} {:<18} {}",
                role, account.name, account.password
            )?;
        }
    }
    writeln!(out, "\n  证书 / certificates:")?;
    for certificate in &demo.certificates {
        writeln!(
            out,
            "    {:<14} {}  {address}/v/{}",
            certificate.state, certificate.number, certificate.id
        )?;
    }
    if let Some(valid) = demo
        .certificates
        .iter()
        .find(|certificate| certificate.state == "valid")
    {
        let picture = certs::qr::terminal(&valid.qr_text).map_err(Problem::internal)?;
        writeln!(
            out,
            "\n{picture}\n  扫码查验 / scan to check: {}",
            valid.number
        )?;
    }
    writeln!(
        out,
        "\n  Ctrl+C 结束;数据随之清除 / ends it and removes the data"
    )?;
    out.flush()?;
    Ok(())
}
