//! `mingzheng config`: what was understood, and every field with its default.

use clap::Subcommand;

use super::registry::{CommandError, Printing, RegistryArgs, faults_text};
use super::serving::ServeArgs;
use crate::config::file::{ConfigFile, DEFAULTS};
use crate::config::load::Fault;
use crate::config::safety;

/// Commands about the configuration.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// 检查配置,说明如何理解 / say what is understood and every fault; ends with 2 when `serve` would not start
    Check(ServeArgs),
    /// 输出带说明的默认配置 / print a file with every field, its default and its meaning
    ShowDefaults,
}

/// Runs a command; answers the exit code.
pub fn run(
    command: ConfigCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    match command {
        ConfigCommand::ShowDefaults if print.json => {
            print.show(&ConfigFile::default())?;
            Ok(0)
        }
        ConfigCommand::ShowDefaults => print.text(DEFAULTS).map(|()| 0),
        ConfigCommand::Check(args) => check(&args, registry, print),
    }
}

fn check(args: &ServeArgs, registry: &RegistryArgs, print: Printing) -> Result<u8, CommandError> {
    let loaded = registry.load(args.named());
    let mut faults = loaded.faults.clone();
    faults.extend(safety::refusals(&loaded.file));
    faults.extend(passphrase(&loaded.file));
    let warnings = safety::warnings(loaded.file.server.listen, &loaded.file);
    let mut shown = loaded.file.clone();
    if let Some(database) = &mut shown.registry.database {
        database.0 = database.masked();
    }
    if print.json {
        let warnings: Vec<_> = warnings
            .iter()
            .map(|(zh, en)| serde_json::json!({ "zh": zh, "en": en }))
            .collect();
        print.value(&serde_json::json!({
            "understood": shown,
            "sources": loaded.sources,
            "warnings": warnings,
            "faults": faults,
        }))?;
    } else {
        let understood =
            toml::to_string(&shown).map_err(|error| CommandError::Usage(error.to_string()))?;
        let mut text = format!("# {}\n", print.words("理解为", "understood as"));
        text.push_str(&understood);
        if !loaded.sources.is_empty() {
            text.push_str(&format!(
                "\n# {}\n",
                print.words("非默认值的来源", "said at")
            ));
        }
        for (field, source) in &loaded.sources {
            text.push_str(&format!("# {field}: {source}\n"));
        }
        for (zh, en) in &warnings {
            text.push_str(&format!(
                "# {}: {}\n",
                print.words("注意", "note"),
                print.words(zh, en)
            ));
        }
        print.text(&text)?;
        if !faults.is_empty() {
            eprintln!("mingzheng: {}", faults_text(&faults, print.lang));
        }
    }
    Ok(if faults.is_empty() { 0 } else { 2 })
}

/// A passphrase that is there is looked at; one that is not there yet is made by `migrate`.
fn passphrase(file: &ConfigFile) -> Option<Fault> {
    let path = file
        .registry
        .passphrase_file
        .clone()
        .unwrap_or_else(|| file.registry.data.join("passphrase"));
    if !path.exists() && file.registry.passphrase_file.is_none() {
        return None;
    }
    let error = crate::keyring::read_passphrase(&path).err()?;
    Some(Fault {
        field: "registry.passphrase_file".to_owned(),
        source: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        code: "secret",
        zh: "密钥口令文件不能使用:至少 32 个随机字符,权限 600。".to_owned(),
        en: error.to_string(),
    })
}
