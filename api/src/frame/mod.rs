//! The frame of every page: skip link, brand, service bar, navigation, breadcrumb, main, footer (pages.md 1).
//!
//! Two brands share it: the registry, and the neutral name under which certificates are verified, so that a scan tells
//! nothing about disability (design decision 2).

pub mod assets;

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use domain::access::Role;

use crate::app::App;
use crate::audit::origin::{self, OnThisPage};
use crate::config::Config;
use crate::extract::Locale;
use crate::problem::Problem;

/// What a page knows of its request.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Language.
    pub lang: Locale,
    /// Whether the large mode is on.
    pub large: bool,
    /// Path without the language.
    pub path: String,
    /// Query with its question mark, or nothing.
    pub query: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let path = parts.uri.path();
        Ok(Self {
            lang: Locale::of(&parts.headers, path),
            large: wants_large(&parts.headers),
            path: bare_path(path).to_owned(),
            query: parts
                .uri
                .query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default(),
        })
    }
}

/// The path without its language.
fn bare_path(path: &str) -> &str {
    match path.strip_prefix("/en") {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// Whether the asker chose the large mode (长辈版): a cookie, no sign-in.
pub fn wants_large(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .any(|pair| pair.trim() == "large=1")
}

/// Under which name a page speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brand {
    /// The registry.
    Registry,
    /// The neutral verification.
    Verify,
}

/// Everything around `main`.
#[derive(Clone, Debug)]
pub struct Frame {
    lang: Locale,
    /// Whether the large mode is on.
    pub large: bool,
    path: String,
    query: String,
    title: String,
    brand: Brand,
    config: Config,
    trail: Vec<(String, String)>,
    now: chrono::DateTime<chrono::Utc>,
    who: Option<OnThisPage>,
}

impl Frame {
    /// The frame of a page with this title.
    pub fn new(app: &App, visit: &Visit, brand: Brand, title: impl Into<String>) -> Self {
        Self {
            lang: visit.lang,
            large: visit.large,
            path: visit.path.clone(),
            query: visit.query.clone(),
            title: title.into(),
            brand,
            config: (*app.config).clone(),
            trail: Vec::new(),
            now: app.now(),
            who: origin::recognised().page,
        }
    }

    /// The frame of a page that is reached from the desk.
    pub fn desk(app: &App, visit: &Visit, title: impl Into<String>) -> Self {
        Self::new(app, visit, Brand::Registry, title).at_desk()
    }

    /// The same page below the desk.
    #[must_use]
    pub fn at_desk(self) -> Self {
        let word = self.lang.pick("工作台", "Desk");
        self.under("/desk", word)
    }

    /// Who is signed in at this page; `None` on a page for anybody.
    pub fn who(&self) -> Option<&OnThisPage> {
        self.who.as_ref()
    }

    /// The role of a signed-in person in the service bar.
    pub fn signed_in_as(&self) -> String {
        self.who.as_ref().map_or_else(String::new, |who| {
            self.lang.pick(who.role.zh(), who.role.en()).to_owned()
        })
    }

    /// Where that word leads: a trainee's record, or the desk.
    pub fn own_href(&self) -> String {
        let trainee = self
            .who
            .as_ref()
            .is_some_and(|who| who.role == Role::Trainee);
        self.href(if trainee { "/me" } else { "/desk" })
    }

    /// Adds a step to the breadcrumb: address and word.
    #[must_use]
    pub fn under(mut self, path: &str, word: &str) -> Self {
        self.trail.push((path.to_owned(), word.to_owned()));
        self
    }

    /// One of two texts by language.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(zh, en)
    }

    /// Language.
    pub fn lang(&self) -> Locale {
        self.lang
    }

    /// The attribute of a Chinese passage on an English page (WCAG 3.1.2); nothing on a Chinese one. To be put in unescaped.
    pub fn zh(&self) -> &'static str {
        self.lang.pick("", " lang=\"zh-CN\"")
    }

    /// The same for an English passage on a Chinese page.
    pub fn en(&self) -> &'static str {
        self.lang.pick(" lang=\"en\"", "")
    }

    /// The same for a text that may be Chinese or not.
    pub fn lang_of(&self, text: &str) -> &'static str {
        let is_han = |one: char| ('\u{3400}'..='\u{9fff}').contains(&one);
        if text.contains(is_han) { self.zh() } else { "" }
    }

    /// Whether the page is English: where two words are not enough.
    pub fn is_english(&self) -> bool {
        matches!(self.lang, Locale::En)
    }

    /// `zh-CN` or `en`.
    pub fn html_lang(&self) -> &'static str {
        self.lang.pick("zh-CN", "en")
    }

    /// Language of the switch.
    pub fn other_lang(&self) -> &'static str {
        self.lang.pick("en", "zh-CN")
    }

    /// An address in the language of the page.
    pub fn href(&self, path: &str) -> String {
        match self.lang {
            Locale::Zh => path.to_owned(),
            Locale::En if path == "/" => "/en/".to_owned(),
            Locale::En => format!("/en{path}"),
        }
    }

    /// This page in the other language, query included.
    pub fn switch_href(&self) -> String {
        let path = match self.lang {
            Locale::En => self.path.clone(),
            Locale::Zh if self.path == "/" => "/en/".to_owned(),
            Locale::Zh => format!("/en{}", self.path),
        };
        format!("{path}{}", self.query)
    }

    /// Switches the large mode and comes back here.
    pub fn large_href(&self) -> String {
        let back: String = format!("{}{}", self.href(&self.path), self.query)
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect();
        format!("/large?on={}&to={back}", u8::from(!self.large))
    }

    /// Name of the site.
    pub fn site_name(&self) -> &str {
        match self.brand {
            Brand::Registry => self.t(&self.config.site_name, &self.config.site_name_en),
            Brand::Verify => self.t(&self.config.verify_name, &self.config.verify_name_en),
        }
    }

    /// Whether this is the registry itself, not the neutral verification.
    pub fn is_registry(&self) -> bool {
        self.brand == Brand::Registry
    }

    /// Title of the window.
    pub fn window_title(&self) -> String {
        if self.title.is_empty() {
            self.site_name().to_owned()
        } else {
            format!("{} - {}", self.title, self.site_name())
        }
    }

    /// Where the mark leads.
    pub fn home_href(&self) -> String {
        self.href(if self.is_registry() { "/" } else { "/verify" })
    }

    /// Help, privacy or accessibility: the neutral verification has its own page, which tells no more than it does.
    pub fn help(&self, topic: &str) -> String {
        match self.brand {
            Brand::Registry => self.href(&format!("/{topic}")),
            Brand::Verify => format!("{}#{topic}", self.href("/verify/help")),
        }
    }

    /// The breadcrumb before this page.
    pub fn trail(&self) -> &[(String, String)] {
        &self.trail
    }

    /// Whether a navigation entry is the present one.
    pub fn here(&self, path: &str) -> bool {
        self.path == path || (path != "/" && self.path.starts_with(&format!("{path}/")))
    }

    /// Telephone of the help line.
    pub fn phone(&self) -> &str {
        &self.config.phone
    }

    /// The only genuine address.
    pub fn public_url(&self) -> &str {
        &self.config.public_url
    }

    /// The address of this page, for paper.
    pub fn full_address(&self) -> String {
        format!(
            "{}{}{}",
            self.config.public_url,
            self.href(&self.path),
            self.query
        )
    }

    /// When the page was made, for paper.
    pub fn printed_at(&self) -> String {
        self.moment(self.now)
    }

    /// Host of the only genuine address.
    pub fn host(&self) -> &str {
        &self.config.host
    }

    /// Address of the stylesheet.
    pub fn style(&self) -> &'static str {
        assets::style_path()
    }

    /// The day in China of a moment (RFC 3339).
    pub fn day_of(&self, moment: &str) -> String {
        self.shown(moment, 0)
    }

    /// The last day of what ends with a moment: the end is exclusive.
    pub fn last_day(&self, end: &str) -> String {
        self.shown(end, 1)
    }

    /// So many days before the day of a moment; what is none is shown as it is.
    fn shown(&self, moment: &str, before: u64) -> String {
        let at = moment.parse::<chrono::DateTime<chrono::Utc>>().ok();
        let day = at.map(domain::calendar::today);
        let day = day.and_then(|day| day.checked_sub_days(chrono::Days::new(before)));
        day.map_or_else(|| moment.to_owned(), |day| self.date(day))
    }

    /// A civil date as pages write it.
    pub fn date(&self, day: chrono::NaiveDate) -> String {
        use chrono::Datelike as _;
        match self.lang {
            Locale::Zh => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
            Locale::En => day.to_string(),
        }
    }

    /// A moment in China as pages write it.
    pub fn moment(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        let local = at + chrono::Duration::hours(8);
        format!(
            "{} {}",
            self.date(local.date_naive()),
            local.format("%H:%M:%S")
        )
    }
}

/// Caching of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Public data that may be a minute old.
    Minute,
    /// Never kept: verdicts, errors.
    Never,
}

/// Renders a page.
pub fn page(
    status: StatusCode,
    template: &impl Template,
    caching: Caching,
) -> Result<Response, Problem> {
    let html = template.render().map_err(Problem::internal)?;
    let caching = match caching {
        Caching::Minute => "public, max-age=60",
        Caching::Never => "no-store",
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, caching),
        (header::VARY, "Cookie"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((status, headers, html).into_response())
}

/// Nothing from elsewhere, no script, no inline style (trust.md WEB-3).
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A route in both languages.
pub fn both(
    router: axum::Router<App>,
    path: &str,
    handler: MethodRouter<App>,
) -> axum::Router<App> {
    let english = if path == "/" {
        "/en/".to_owned()
    } else {
        format!("/en{path}")
    };
    router.route(path, handler.clone()).route(&english, handler)
}
