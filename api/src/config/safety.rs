//! Settings with which `mingzheng serve` does not start, and why.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::DeliveryTarget;
use super::file::{ConfigFile, Transport};
use super::load::Fault;

/// Name of the file that marks the folder of a demo, whose passwords everybody has seen.
pub const DEMO_MARK: &str = "demo-registry";

/// Everything that is unsafe about serving with these settings.
pub fn refusals(file: &ConfigFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, code: &'static str, zh: &str, en: &str| {
        faults.push(Fault {
            field: field.to_owned(),
            source: "serve".to_owned(),
            code,
            zh: zh.to_owned(),
            en: en.to_owned(),
        });
    };
    if let Err(en) = file.delivery_secret() {
        fault(
            "server.delivery_secret_file",
            "secret",
            "消息网关的密钥文件不能使用:至少 32 个随机字符,权限 600。",
            en,
        );
    }
    let url = &file.registry.public_url;
    let public = is_public(file);
    if url.starts_with("http://") && !is_loopback_host(url.trim_start_matches("http://")) {
        fault(
            "registry.public_url",
            "public-url-http",
            "对外地址不是本机,必须用 https://。",
            "A public address that is not this machine begins with https://.",
        );
    }
    if !file.server.listen.ip().is_loopback() && file.server.transport == Transport::Loopback {
        fault(
            "server.transport",
            "transport",
            "监听的地址他人可达,而本程序不做 TLS:请在前面设置 TLS 代理,写明 server.transport = \"proxy\" 和 server.trusted_proxies;或只监听 127.0.0.1。",
            "Others reach the address to listen on, and this program ends no TLS: put a TLS proxy in front and say server.transport = \"proxy\" with server.trusted_proxies, or listen on 127.0.0.1.",
        );
    }
    if file.server.transport == Transport::Proxy && file.server.trusted_proxies.is_empty() {
        fault(
            "server.trusted_proxies",
            "proxies-missing",
            "请写明代理的地址,否则所有人会被当作同一来源。",
            "Name the proxies, or everybody counts as one source.",
        );
    }
    if file
        .server
        .trusted_proxies
        .iter()
        .any(|net| net.prefix_len() == 0)
    {
        fault(
            "server.trusted_proxies",
            "proxies-everybody",
            "不能信任所有地址:任何人都可以伪造来源。",
            "Everybody is trusted: anybody could forge where they come from.",
        );
    }
    if public && url == "https://mingzheng.example" {
        fault(
            "registry.public_url",
            "public-url-example",
            "对外地址还是示例,签发的二维码会永远指向它:请设置 registry.public_url。",
            "The public address is the example, and every QR code issued would point to it for ever: set registry.public_url.",
        );
    }
    if file
        .server
        .metrics_listen
        .is_some_and(|address| address == file.server.listen && address.port() != 0)
    {
        fault(
            "server.metrics_listen",
            "metrics-public",
            "运行指标要用另一个地址或端口。",
            "Metrics need an address or a port of their own.",
        );
    }
    if public && file.registry.data.join(DEMO_MARK).exists() {
        fault(
            "registry.data",
            "demo-registry",
            "这是演示登记簿,其口令是公开的,不能对外提供服务。",
            "This is a demo registry; its passwords are known. It is not served to others.",
        );
    }
    if public && let Ok(filter) = std::env::var("MINGZHENG_LOG") {
        let filter = filter.to_ascii_lowercase();
        if filter.contains("debug") || filter.contains("trace") {
            fault(
                "MINGZHENG_LOG",
                "debug-log",
                "对外服务时不能开调试日志,其中可能有个人信息。",
                "No debug log while serving others: it may hold personal data.",
            );
        }
    }
    if public && !file.server.require_second_factor {
        fault(
            "server.require_second_factor",
            "second-factor-off",
            "对外服务时不能关闭工作人员的第二因素。",
            "Staff need a second factor while others are served.",
        );
    }
    if public && file.server.delivery == "console" {
        fault(
            "server.delivery",
            "delivery-console",
            "对外服务时不能把登录码和重置码写进服务日志:请用 outbox 或消息网关。",
            "While others are served, sign-in codes are not written into the log of the service: use outbox or a gateway.",
        );
    }
    if !gateway_is_near(&file.server.delivery) {
        fault(
            "server.delivery",
            "delivery-gateway",
            "消息网关用 http 传送号码和登录码,只能是本机或内网地址(如 http://10.1.0.5:8025):请写 IP 地址;远处的网关请经本机的 TLS 转发。",
            "Numbers and sign-in codes go to the gateway by plain http: it is this machine or a private address, such as http://10.1.0.5:8025, written as an IP address; reach one elsewhere by a TLS tunnel on this machine.",
        );
    }
    // One from a file was checked when it was read; this one may stand in a variable (trust.md KY-9).
    if let Some(password) = file
        .registry
        .database
        .as_ref()
        .and_then(|database| database.password())
        && super::secrets::check(password.as_bytes()).is_err()
    {
        fault(
            "registry.database",
            "database-password",
            "数据库密码少于 32 个字节、过于单调或是示例:请换成至少 32 个随机字符。",
            "The password of the database has fewer than 32 bytes, repeats itself or is a sample: use at least 32 random characters.",
        );
    }
    faults.extend(open_keys(&file.registry.data.join("keys")));
    faults
}

/// The service may change tables that are only ever added to: whoever gets into it could rewrite the audit and the log
/// (trust.md AD-1). Known only once the database is open.
pub fn grants(tables: &[String]) -> Option<Fault> {
    (!tables.is_empty()).then(|| {
        let tables = tables.join(", ");
        Fault {
            field: "registry.database".to_owned(),
            source: "serve".to_owned(),
            code: "database-grants",
            zh: format!("这个数据库角色可以改动只应追加的表({tables}):请由表的所有者运行 docs/grants.sql,另建一个属于 mingzheng_service 的登录角色,serve 用它连接;所有者只用来运行 migrate。"),
            en: format!("This role of the database may change tables that are only ever added to ({tables}): let their owner run docs/grants.sql, make a login role in mingzheng_service, and let serve connect as that; the owner runs migrate alone."),
        }
    })
}

/// Files in the folder of keys that others may read, and a folder that others may write to (trust.md KY-1).
fn open_keys(folder: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut open = |name: String, zh: &str, en: &str| {
        faults.push(Fault {
            field: "registry.data".to_owned(),
            source: name.clone(),
            code: "key-open",
            zh: format!("{name}:{zh}"),
            en: format!("{name}: {en}"),
        });
    };
    let mode = |path: &Path| std::fs::metadata(path).map(|meta| meta.permissions().mode());
    if mode(folder).is_ok_and(|mode| mode & 0o022 != 0) {
        open(
            "keys".to_owned(),
            "他人可写,请 chmod 700。",
            "others may write to it: run chmod 700 on it.",
        );
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if mode(&entry.path()).is_ok_and(|mode| mode & 0o077 != 0) {
            open(
                entry.file_name().to_string_lossy().into_owned(),
                "他人可读,请 chmod 600。",
                "others may read it: run chmod 600 on it.",
            );
        }
    }
    faults
}

/// Whether others than the people of this machine reach the service: by the address it listens on, or by a proxy.
pub fn is_public(file: &ConfigFile) -> bool {
    !file.server.listen.ip().is_loopback() || file.server.transport == Transport::Proxy
}

/// Whether what is sent to a gateway stays on this machine or in the operator's own network. A name tells nothing of where
/// it leads, today or tomorrow: only `localhost` is taken for what it says.
fn gateway_is_near(delivery: &str) -> bool {
    let Ok(DeliveryTarget::Http(address)) = delivery.parse() else {
        return true;
    };
    let Some(host) = crate::access::delivery::host_of(&address) else {
        return false;
    };
    let private = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => match ip.to_canonical() {
            IpAddr::V4(v4) => v4.is_private(),
            IpAddr::V6(v6) => v6.is_unique_local(),
        },
        Err(_) => false,
    };
    private || is_loopback_host(&host)
}

fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_end_matches('/');
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name)
        .trim_matches(['[', ']']);
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What is said, but does not stop the start.
pub fn warnings(listen: SocketAddr, file: &ConfigFile) -> Vec<(String, String)> {
    let mut warnings = Vec::new();
    if listen.ip().is_loopback() && file.registry.public_url == "https://mingzheng.example" {
        warnings.push((
            "对外地址还是示例 https://mingzheng.example".to_owned(),
            "the public address is the example https://mingzheng.example".to_owned(),
        ));
    }
    warnings
}
