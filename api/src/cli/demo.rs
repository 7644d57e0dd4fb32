//! `mingzheng demo`: makes a throw-away registry, serves it, and says how to look at it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;

use super::registry::{CommandError, Printing};
use super::serving::stopped;
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
}

/// Runs `demo` until the process is told to stop. Without a folder everything is removed at the end.
pub async fn run(
    args: DemoArgs,
    data: Option<PathBuf>,
    config: Config,
    print: Printing,
) -> Result<(), CommandError> {
    // The port first: one that is taken is told at once.
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        CommandError::Usage(format!(
            "无法监听 {0} / cannot listen on {0}: {error}",
            args.listen
        ))
    })?;
    let address = format!("http://{}", listener.local_addr()?);
    let temporary = match &data {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("mingzheng-demo-")
                .tempdir()?,
        ),
    };
    let folder = match (&data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => return Err(CommandError::Usage("no folder".to_owned())),
    };
    if crate::keyring::exists(&folder.join("keys")) {
        return Err(CommandError::Usage(
            "演示需要一个空目录 / the demo needs an empty folder: this one holds a registry"
                .to_owned(),
        ));
    }
    let bar = super::progress::spinner("建立演示登记簿 / making the demo registry");
    let built = demo::build(&folder, config, |step| bar.set_message(step)).await;
    bar.finish_and_clear();
    let demo = built?;
    let stop = stopped();
    if print.json {
        print.value(&serde_json::json!({
            "address": address,
            "accounts": demo.accounts,
            "certificates": demo.certificates,
            "issuer_keys": demo.issuer_keys,
        }))?;
    } else {
        tell(&demo, &address)?;
    }
    server::serve(demo.app.clone(), listener, stop).await?;
    demo.app.store.close().await.map_err(Problem::from)?;
    if let Some(temporary) = temporary {
        temporary.close()?;
    }
    Ok(())
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
