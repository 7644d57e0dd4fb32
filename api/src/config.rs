//! One configuration, read once in `main` and passed down.

/// Names, addresses and limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// Public address of the registry, without a trailing slash: links, QR texts, DID.
    pub public_url: String,
    /// Host in QR texts: the host of `public_url`.
    pub host: String,
    /// Name of the registry site.
    pub site_name: String,
    /// English name of the registry site.
    pub site_name_en: String,
    /// Neutral name on the verification pages: a scan tells nothing about disability.
    pub verify_name: String,
    /// English neutral name.
    pub verify_name_en: String,
    /// Telephone of the help line.
    pub phone: String,
    /// Whether time is written by hand (the demo makes its past): the log then only keeps its own order.
    pub scripted_clock: bool,
    /// This program, started again with little memory to read old workbooks; without it they are refused.
    pub program: Option<std::path::PathBuf>,
    /// First line of checkpoints.
    pub log_origin: String,
}

impl Config {
    /// Configuration for a public address such as `https://mingzheng.example`.
    pub fn for_public_url(public_url: &str) -> Result<Self, &'static str> {
        let url = public_url.trim_end_matches('/');
        let host = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .ok_or("the public address begins with https:// or http://")?;
        let good = !host.is_empty()
            && host.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
            });
        if !good {
            return Err("the public address is a scheme and a host, without a path");
        }
        Ok(Self {
            public_url: url.to_owned(),
            host: host.to_owned(),
            site_name: "全国残疾人职业培训登记平台".to_owned(),
            site_name_en: "National Registry of Vocational Training for Disabled People".to_owned(),
            verify_name: "全国职业培训证书查验".to_owned(),
            verify_name_en: "National Vocational Training Certificate Check".to_owned(),
            phone: "010-00000000".to_owned(),
            scripted_clock: false,
            program: std::env::current_exe().ok(),
            log_origin: format!("{}/log", host.to_ascii_lowercase()),
        })
    }
}
