//! `mingzheng serve` and `mingzheng migrate`.

use std::net::SocketAddr;

use clap::{Args, ValueEnum as _};
use tokio::net::TcpListener;

use super::registry::{CommandError, Printing, RegistryArgs, settings_of};
use crate::boot;
use crate::config::load::Named;
use crate::config::{Role, safety};
use crate::problem::Problem;
use crate::server;

/// Serve a registry.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// 监听地址,端口 0 为任意 / address to listen on, port 0 for any
    #[arg(long, value_name = "ADDRESS:PORT", env = "MINGZHENG_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// 服务角色 / which part of the service: everything, only the public part, or only the desks
    #[arg(long, env = "MINGZHENG_ROLE")]
    pub role: Option<Role>,
    /// 工作人员是否必须使用第二因素 / whether staff must have a second factor
    #[arg(
        long,
        value_name = "BOOL",
        env = "MINGZHENG_REQUIRE_SECOND_FACTOR",
        action = clap::ArgAction::Set
    )]
    pub require_second_factor: Option<bool>,
    /// 消息发送方式:outbox、console 或 http 地址 / how messages to people are sent: outbox (files in the data folder), console, or the http address of a gateway
    #[arg(long, value_name = "TARGET", env = "MINGZHENG_DELIVERY")]
    pub delivery: Option<String>,
}

impl ServeArgs {
    /// These options as fields of the configuration.
    pub(super) fn named(&self) -> Vec<Named> {
        vec![
            Named {
                field: "server.listen",
                value: self.listen.map(|listen| listen.to_string()),
                source: "--listen",
            },
            Named {
                field: "server.role",
                value: self
                    .role
                    .and_then(|role| role.to_possible_value())
                    .map(|role| role.get_name().to_owned()),
                source: "--role",
            },
            Named {
                field: "server.require_second_factor",
                value: self.require_second_factor.map(|needed| needed.to_string()),
                source: "--require-second-factor",
            },
            Named {
                field: "server.delivery",
                value: self.delivery.clone(),
                source: "--delivery",
            },
        ]
    }
}

/// Runs `serve` until the process is told to stop.
pub async fn serve(
    args: ServeArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let file = registry.sound(args.named())?;
    let refusals = safety::refusals(&file);
    if !refusals.is_empty() {
        return Err(CommandError::Config(refusals));
    }
    for (zh, en) in safety::warnings(file.server.listen, &file) {
        eprintln!("mingzheng: {}", print.words(&zh, &en));
    }
    let app = boot::open(&settings_of(&file, false)?).await?;
    if safety::is_public(&file) {
        let tables = app.store.open_to_change().await.map_err(Problem::from)?;
        if let Some(refusal) = safety::grants(&tables) {
            return Err(CommandError::Config(vec![refusal]));
        }
    }
    // Before anything is signed: does anybody know more of the log than the database?
    app.standing.ensure(&app).await?;
    let listener = TcpListener::bind(file.server.listen).await?;
    let address = listener.local_addr()?;
    let mut told = serde_json::json!({ "address": format!("http://{address}") });
    if let Some(inside) = file.server.metrics_listen {
        let listener = TcpListener::bind(inside).await?;
        told["metrics"] = format!("http://{}", listener.local_addr()?).into();
        let router = server::health::inside(app.clone());
        // It ends with the process: nobody waits for figures.
        tokio::spawn(axum::serve(listener, router).into_future());
    }
    let stop = stopped();
    print.show(&told)?;
    let worker = tokio::spawn(crate::audit::anchor::work(app.clone()));
    let witnesses = tokio::spawn(crate::log::witnesses::work(app.clone()));
    let standing = tokio::spawn(crate::log::standing::work(app.clone()));
    let alarms = tokio::spawn(crate::cases::alarms::work(app.clone()));
    let bundles = tokio::spawn(crate::bundles::work(app.clone()));
    let surveys = tokio::spawn(crate::surveys::invite::work(app.clone()));
    let served = server::serve(app.clone(), listener, stop).await;
    worker.abort();
    witnesses.abort();
    alarms.abort();
    bundles.abort();
    surveys.abort();
    standing.abort();
    crate::audit::denials::flush_all(&app).await;
    let _ = app.standing.note(&app).await;
    served?;
    app.store
        .close()
        .await
        .map_err(crate::problem::Problem::from)?;
    Ok(())
}

/// Runs `migrate`: makes the keys of a new registry, brings schema and reference data up to date.
pub async fn migrate(registry: &RegistryArgs, print: Printing) -> Result<(), CommandError> {
    let settings = registry.settings(true)?;
    let existed = crate::keyring::exists(&settings.data.join("keys"));
    let app = boot::open(&settings).await?;
    let regions = app.regions.len();
    print.show(&serde_json::json!({
        "data": settings.data,
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

/// Ends with the interrupt or termination signal. It listens from the call on: call it before anybody is told that the
/// service is there.
pub fn stopped() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        let [interrupt, terminate] = signals;
        match (interrupt, terminate) {
            (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            },
            // Without handlers the signals end the process by themselves.
            _ => std::future::pending().await,
        }
    }
}
