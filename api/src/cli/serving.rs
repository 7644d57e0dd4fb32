//! `mingzheng serve` and `mingzheng migrate`.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::boot;
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
}

/// Runs `serve` until the process is told to stop.
pub async fn serve(
    args: ServeArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let app = registry.open().await?;
    let listener = TcpListener::bind(args.listen).await?;
    let address = listener.local_addr()?;
    print.show(&serde_json::json!({ "address": format!("http://{address}") }))?;
    let worker = tokio::spawn(crate::audit::anchor::work(app.clone()));
    let served = server::serve(app.clone(), listener, stopped()).await;
    worker.abort();
    crate::audit::denials::flush_all(&app).await;
    served?;
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
