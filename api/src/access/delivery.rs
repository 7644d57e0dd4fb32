//! The one way by which secrets reach people: invitations, password resets, sign-in codes.
//!
//! It runs after the commit, because it may fail or be repeated: whoever got nothing asks again, and the earlier
//! token opens nothing any more. The HTTP target is the operator's own gateway; its address comes from the
//! configuration alone, and nothing that anybody sends can change it.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::Serialize;
use store::one_time_tokens::Contact;

use crate::app::App;
use crate::config::DeliveryTarget;
use crate::problem::{Code, Problem};

/// How long a gateway may take.
const GATEWAY: std::time::Duration = std::time::Duration::from_secs(5);

/// A message to one person.
#[derive(Serialize)]
pub struct Message<'a> {
    /// Number of the message: a gateway that gets it twice sends it once.
    pub id: String,
    /// `email`, `phone`, or `counter` when only the office can hand it over.
    pub by: &'a str,
    /// Address or number.
    pub to: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub text: &'a str,
}

/// Shows how it goes, not to whom or what.
impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({}, ***)", self.by)
    }
}

/// Sends a message to a contact; without one it is for the counter.
pub async fn send(
    app: &App,
    contact: Option<&Contact>,
    account: &str,
    subject: &str,
    text: &str,
) -> Result<(), Problem> {
    let id = app.random.id(app.now()).to_string();
    let message = match contact {
        Some(contact) => Message {
            id,
            by: contact.kind.as_str(),
            to: &contact.value,
            subject,
            text,
        },
        None => Message {
            id,
            by: "counter",
            to: account,
            subject,
            text,
        },
    };
    let failed = |error: String| {
        // The cause names no person: it is a file error or a status.
        tracing::error!("a message was not delivered: {error}");
        Problem::new(Code::Unavailable)
            .with_detail(
                "消息没有发出,请稍后再试。",
                "The message could not be sent; try again later.",
            )
            .retry_after(30)
    };
    match &app.config.delivery {
        DeliveryTarget::Console => {
            eprintln!("[{}] {}: {}\n{}", message.by, message.to, subject, text);
            Ok(())
        }
        DeliveryTarget::Folder(folder) => {
            let name = format!("{}.json", message.id);
            write(folder, &name, &message).map_err(|error| failed(error.to_string()))
        }
        // Without a data folder there is nowhere to put it.
        DeliveryTarget::Outbox => Err(failed("no outbox".to_owned())),
        DeliveryTarget::Http(url) => {
            let client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(GATEWAY)
                .timeout(GATEWAY)
                .no_proxy()
                .build()
                .map_err(|error| failed(error.to_string()))?;
            let mut request = client.post(url).json(&message);
            if let Some(secret) = &app.config.delivery_secret {
                request = request.bearer_auth(secret.expose());
            }
            let answer = request
                .send()
                .await
                .map_err(|error| failed(error.without_url().to_string()))?;
            if answer.status().is_success() {
                Ok(())
            } else {
                Err(failed(format!("the gateway answered {}", answer.status())))
            }
        }
    }
}

/// The host of a gateway as the client will read its address: `http://127.0.0.1@elsewhere/` and `http://2130706433/` are
/// what it makes of them.
pub(crate) fn host_of(address: &str) -> Option<String> {
    let address = reqwest::Url::parse(address).ok()?;
    address.host_str().map(str::to_owned)
}

fn write(folder: &Path, name: &str, message: &Message<'_>) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join(name))?;
    serde_json::to_writer(file, message)?;
    Ok(())
}
