//! How the configuration file is laid under the environment and the command line, and what is wrong with it.
//!
//! A field counts from the last place that names it: the default, the file (`--config FILE` or `MINGZHENG_CONFIG`), a variable
//! such as `MINGZHENG__TIMEOUTS__HANDLER_MS`, then a variable or an option of its own (`MINGZHENG_LISTEN`, `--listen`).
//! A variable that is there but empty counts as not there. A field that does not exist is a fault, never ignored.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize as _, Serialize};
use toml::{Table, Value};

use super::Config;
use super::file::{ConfigFile, database_of};

/// Beginning of the variables that name a field by its path.
pub const VARIABLES: &str = "MINGZHENG__";

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Path of the field, such as `timeouts.handler_ms`.
    pub field: String,
    /// Where it was said.
    pub source: String,
    /// Stable code.
    pub code: &'static str,
    /// What to do, in Chinese.
    pub zh: String,
    /// What to do, in English.
    pub en: String,
}

/// A configuration as it was understood, with everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What counts.
    pub file: ConfigFile,
    /// Where each field that is not the default was said.
    pub sources: BTreeMap<String, String>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// A named option or variable that goes before the file.
#[derive(Debug)]
pub struct Named {
    /// Path of the field.
    pub field: &'static str,
    /// The value, when it was given.
    pub value: Option<String>,
    /// Where, for people.
    pub source: &'static str,
}

/// Lays file, variables and named options over the defaults.
pub fn load(
    path: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
    named: Vec<Named>,
) -> Loaded {
    let mut layers = Layers::default();
    if let Some(path) = path {
        layers.read(path);
    }
    let mut variables: Vec<_> = variables
        .filter(|(name, value)| name.starts_with(VARIABLES) && !value.is_empty())
        .collect();
    variables.sort();
    for (name, value) in variables {
        let field: Vec<String> = name[VARIABLES.len()..]
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        layers.text(&field, &value, &name);
    }
    for one in named {
        if let Some(value) = one.value {
            let field: Vec<String> = one.field.split('.').map(str::to_owned).collect();
            let value = match value.parse() {
                Ok(switch) => Value::Boolean(switch),
                Err(_) => Value::String(value),
            };
            layers.set(&field, value, one.source);
        }
    }
    let mut loaded = Loaded {
        file: parse(&layers.table).unwrap_or_default(),
        sources: layers.sources,
        faults: layers.faults,
    };
    check(&mut loaded);
    loaded
}

struct Layers {
    table: Table,
    sources: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            table: Table::try_from(ConfigFile::default()).unwrap_or_default(),
            sources: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}

fn parse(table: &Table) -> Result<ConfigFile, String> {
    ConfigFile::deserialize(table.clone()).map_err(|error| error.message().to_owned())
}

impl Layers {
    fn read(&mut self, path: &Path) {
        let source = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return self.fault(
                    "",
                    &source,
                    "unreadable",
                    format!("配置文件无法读取:{error}"),
                    format!("The configuration file cannot be read: {error}"),
                );
            }
        };
        match text.parse::<Table>() {
            Ok(table) => self.walk(&mut Vec::new(), table, &source),
            Err(error) => {
                let line = error.span().map_or(1, |span| {
                    text[..span.start.min(text.len())].matches('\n').count() + 1
                });
                self.fault(
                    "",
                    &source,
                    "syntax",
                    format!("配置文件第 {line} 行写法不对:{}", error.message()),
                    format!("Line {line} of the configuration file: {}", error.message()),
                );
            }
        }
    }

    /// Sets the leaves of a table one by one, so that every fault is told.
    fn walk(&mut self, at: &mut Vec<String>, table: Table, source: &str) {
        for (name, value) in table {
            at.push(name);
            match value {
                Value::Table(inner) if !inner.is_empty() => self.walk(at, inner, source),
                value => self.set(at, value, source),
            }
            at.pop();
        }
    }

    /// A text whose type is that of the field: tried as a TOML value, then as a text.
    fn text(&mut self, field: &[String], text: &str, source: &str) {
        let value = format!("v = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::String(text.to_owned()));
        self.set(field, value, source);
    }

    fn set(&mut self, field: &[String], value: Value, source: &str) {
        let mut table = self.table.clone();
        let path = field.join(".");
        let outcome = match put(&mut table, field, value) {
            Some(()) => parse(&table).map(|_| ()),
            None => Err("unknown field".to_owned()),
        };
        match outcome {
            Ok(()) => {
                self.table = table;
                self.sources.insert(path, source.to_owned());
            }
            Err(error) if error.contains("unknown field") => self.fault(
                &path,
                source,
                "unknown-field",
                "没有这个配置项,请删去或改正写法。".to_owned(),
                "There is no such field: remove it or mend its name.".to_owned(),
            ),
            // The parser's message may quote the value; a value may be a secret.
            Err(error) => {
                let expected = error.split("expected ").nth(1).unwrap_or("another value");
                self.fault(
                    &path,
                    source,
                    "wrong-type",
                    format!("值的类型或写法不对,应为 {expected}。"),
                    format!("Wrong type or form: expected {expected}."),
                );
            }
        }
    }

    fn fault(&mut self, field: &str, source: &str, code: &'static str, zh: String, en: String) {
        self.faults.push(Fault {
            field: field.to_owned(),
            source: source.to_owned(),
            code,
            zh,
            en,
        });
    }
}

fn put(table: &mut Table, field: &[String], value: Value) -> Option<()> {
    match field {
        [] => None,
        [last] => {
            table.insert(last.clone(), value);
            Some(())
        }
        [first, rest @ ..] => match table
            .entry(first.clone())
            .or_insert_with(|| Value::Table(Table::new()))
        {
            Value::Table(inner) => put(inner, rest, value),
            _ => None,
        },
    }
}

/// What types cannot say.
fn check(loaded: &mut Loaded) {
    let mut faults = Vec::new();
    let file = &loaded.file;
    let mut fault = |field: &str, code: &'static str, zh: String, en: String| {
        let source = loaded
            .sources
            .get(field)
            .cloned()
            .unwrap_or_else(|| "default".to_owned());
        faults.push(Fault {
            field: field.to_owned(),
            source,
            code,
            zh,
            en,
        });
    };
    if let Err(error) = Config::for_public_url(&file.registry.public_url) {
        fault(
            "registry.public_url",
            "public-url",
            "对外地址由 http:// 或 https:// 和主机名组成,不带路径。".to_owned(),
            error.to_owned(),
        );
    }
    if let Some(database) = &file.registry.database {
        if let Err(error) = database.0.parse::<store::DatabaseUrl>() {
            fault(
                "registry.database",
                "database",
                "数据库地址以 sqlite: 或 postgres:// 开头。".to_owned(),
                error.to_owned(),
            );
        }
        let from_variable = loaded.sources.get("registry.database").map(String::as_str)
            == Some("MINGZHENG_DATABASE");
        if database
            .password()
            .is_some_and(|password| !password.is_empty())
            && !from_variable
        {
            fault(
                "registry.database",
                "secret-in-place",
                "密码不写在配置文件或命令行中:把整个地址写入只有所有者可读的文件,用 registry.database_file 指出。".to_owned(),
                "A password does not belong into the file or on the command line: put the whole address into a file that only its owner may read, and name it in registry.database_file.".to_owned(),
            );
        }
        if file.registry.database_file.is_some() {
            fault(
                "registry.database_file",
                "twice",
                "database 与 database_file 只能给出一个。".to_owned(),
                "Give either database or database_file.".to_owned(),
            );
        }
    }
    if let Some(path) = &file.registry.database_file
        && let Err(error) = database_of(path)
    {
        fault("registry.database_file", "secret", error.clone(), error);
    }
    if let Err(error) = file.witnesses.witnesses() {
        fault(
            "witnesses",
            "witnesses",
            "每个见证方写成公钥行、空格和 http 地址,名称和公钥不得重复;quorum 多于一半且不超过总数,没有见证方时为 0。".to_owned(),
            error.to_owned(),
        );
    }
    let table = Table::try_from(file).unwrap_or_default();
    for (field, least, most) in RANGES {
        let value = field
            .split('.')
            .try_fold(None::<&Value>, |at, name| match at {
                None => table.get(name).map(Some),
                Some(value) => value.get(name).map(Some),
            })
            .flatten()
            .and_then(Value::as_integer);
        if value.is_some_and(|value| !(*least..=*most).contains(&value)) {
            fault(
                field,
                "range",
                format!("应在 {least} 至 {most} 之间。"),
                format!("It is between {least} and {most}."),
            );
        }
    }
    for (section, names) in [
        ("limits", &["per_minute", "burst"][..]),
        ("pools", &["running"]),
    ] {
        for (class, value) in table[section].as_table().into_iter().flatten() {
            for name in names {
                if value.get(*name).and_then(Value::as_integer) == Some(0) {
                    fault(
                        &format!("{section}.{class}.{name}"),
                        "range",
                        "至少为 1。".to_owned(),
                        "It is at least 1.".to_owned(),
                    );
                }
            }
        }
    }
    loaded.faults.extend(faults);
}

/// Least and greatest values.
const RANGES: &[(&str, i64, i64)] = &[
    ("server.nodes", 1, 1_000),
    ("server.disk_free_percent", 0, 90),
    ("timeouts.header_ms", 1, 600_000),
    ("timeouts.body_ms", 1, 600_000),
    ("timeouts.upload_ms", 1, 3_600_000),
    ("timeouts.photographs_ms", 1, 7_200_000),
    ("timeouts.rate_grace_ms", 0, 600_000),
    ("timeouts.body_bytes_per_second", 1, 1_000_000_000),
    ("timeouts.handler_ms", 1, 600_000),
    ("timeouts.drain_ms", 0, 60_000),
    ("timeouts.grace_ms", 0, 600_000),
    ("sizes.header_bytes", 1_024, 65_536),
    ("sizes.url_bytes", 256, 65_534),
    ("sizes.json_bytes", 1_024, 16_777_216),
    ("sizes.verify_bytes", 1_024, 67_108_864),
    ("sizes.photographs_bytes", 1_024, 17_179_869_184),
    ("sizes.photograph_bytes", 1_024, 20_971_520),
    ("sizes.upload_bytes", 1_024, 1_073_741_824),
    ("sizes.body_memory_bytes", 1_048_576, 1_099_511_627_776),
    ("sizes.upload_memory_bytes", 1_048_576, 1_099_511_627_776),
    ("sizes.connections", 1, 1_000_000),
    ("lookup.wrong_per_number_and_day", 1, 1_000),
    ("lookup.wrong_per_source_and_day", 1, 10_000_000),
    ("lookup.alarm_times_usual", 2, 10_000),
    ("lookup.other_names_per_account_and_day", 1, 100_000),
    ("lookup.other_names_alarm", 1, 100_000),
];
