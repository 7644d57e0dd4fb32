//! `mingzheng serve` and `mingzheng migrate`.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::boot;
use crate::config::DeliveryTarget;
use crate::server;

/// Serve a registry.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// 监听地址,端口 0 为任意 / address to listen on, port 0 for any
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "MINGZHENG_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,
    /// 工作人员是否必须使用第二因素 / whether staff must have a second factor
    #[arg(
        long,
        value_name = "BOOL",
        env = "MINGZHENG_REQUIRE_SECOND_FACTOR",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub require_second_factor: bool,
    /// 可信的反向代理地址 / address of a proxy whose X-Forwarded-For is believed; may be repeated
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "MINGZHENG_TRUSTED_PROXIES",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<std::net::IpAddr>,
    /// 消息发送方式:outbox、console 或 http 地址 / how messages to people are sent: outbox (files in the data folder), console, or the http address of a gateway
    #[arg(long, value_name = "TARGET", env = "MINGZHENG_DELIVERY", default_value = "outbox", value_parser = delivery)]
    pub delivery: DeliveryTarget,
}

fn delivery(text: &str) -> Result<DeliveryTarget, String> {
    match text {
        "outbox" => Ok(DeliveryTarget::Outbox),
        "console" => Ok(DeliveryTarget::Console),
        address if address.starts_with("http://") => Ok(DeliveryTarget::Http(address.to_owned())),
        _ => Err("outbox, console, http://…".to_owned()),
    }
}

/// Runs `serve` until the process is told to stop.
pub async fn serve(
    args: ServeArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let mut settings = registry.settings(false)?;
    settings.config.require_second_factor = args.require_second_factor;
    settings.config.trusted_proxies = args.trusted_proxy;
    settings.config.delivery = args.delivery;
    let app = boot::open(&settings).await?;
    let listener = TcpListener::bind(args.listen).await?;
    let address = listener.local_addr()?;
    print.show(&serde_json::json!({ "address": format!("http://{address}") }))?;
    server::serve(app.clone(), listener, stopped()).await?;
    app.store
        .close()
        .await
        .map_err(crate::problem::Problem::from)?;
    Ok(())
}

/// Runs `migrate`: makes the keys of a new registry, brings schema and reference data up to date.
pub async fn migrate(registry: &RegistryArgs, print: Printing) -> Result<(), CommandError> {
    let existed = crate::keyring::exists(&registry.data().join("keys"));
    let app = boot::open(&registry.settings(true)?).await?;
    let regions = app.regions.len();
    print.show(&serde_json::json!({
        "data": registry.data(),
        "created": !existed,
        "regions": regions,
        "policy": app.policy.name(),
        "log_vkey": app.keyring.log_vkey(),
    }))?;
    app.store
        .close()
        .await
        .map_err(crate::problem::Problem::from)?;
    Ok(())
}

/// Ends with the interrupt or termination signal.
pub async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
