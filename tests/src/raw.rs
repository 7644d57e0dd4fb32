//! A client that speaks as badly as it likes: slowly, too much, or not at all.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An open connection.
#[derive(Debug)]
pub struct Raw(TcpStream);

/// The head and the body of an answer.
#[derive(Debug)]
pub struct RawAnswer {
    /// Status; 0 when the connection ended without an answer.
    pub status: u16,
    /// Head, in lower case.
    pub head: String,
    /// What came after it.
    pub body: String,
}

impl Raw {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// Sends bytes; a server that has closed is no fault here.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.0.write_all(bytes.as_ref()).await;
        let _ = self.0.flush().await;
        self
    }

    /// Waits until the server asks for the body of a request that said `Expect: 100-continue`: it has taken the request up.
    pub async fn continued(&mut self) -> &mut Self {
        const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut told = [0; GO_ON.len()];
        self.0.read_exact(&mut told).await.expect("it goes on");
        assert_eq!(told, GO_ON);
        self
    }

    /// Reads until the server closes.
    pub async fn end(&mut self) -> RawAnswer {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes).await;
        RawAnswer::of(&bytes)
    }
}

impl RawAnswer {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Self {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Whether it is a problem document of this code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{} {}", self.head, self.body);
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{}",
            self.head
        );
        assert!(
            self.body.contains(&format!("\"code\":\"{code}\"")),
            "{}",
            self.body
        );
    }
}

/// One request from its bytes, and the answer to it.
pub async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> RawAnswer {
    let mut raw = Raw::connect(address).await;
    raw.send(request).await;
    raw.end().await
}
