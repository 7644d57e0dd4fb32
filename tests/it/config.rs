//! One configuration: what it says, what it refuses, and what it never shows (trust.md KY-9).

use std::os::unix::fs::PermissionsExt as _;

use api::config::file::{ConfigFile, DEFAULTS};
use serde_json::Value;
use tests::Mingzheng;
use tests::answer::text;

fn program() -> Mingzheng {
    Mingzheng::new(env!("CARGO_BIN_EXE_tests"))
}

fn codes(report: &Value) -> Vec<(String, String)> {
    report["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| (text(&fault["field"]), text(&fault["code"])))
        .collect()
}

fn pair(field: &str, code: &str) -> (String, String) {
    (field.to_owned(), code.to_owned())
}

#[test]
fn the_printed_defaults_are_the_defaults_and_name_every_field() {
    let program = program();
    let printed = program.run(&["config", "show-defaults"]);
    assert_eq!((printed.code, printed.out.as_str()), (0, DEFAULTS));
    let file = program.file("defaults.toml", &printed.out);
    let path = file.display().to_string();
    let report = program.json(&["--config", &path, "config", "check"]).good();
    let default = serde_json::to_value(ConfigFile::default()).expect("JSON");
    assert_eq!(report["understood"], default);
    for (section, fields) in default.as_object().expect("sections") {
        assert!(DEFAULTS.contains(&format!("[{section}]")), "{section}");
        for field in fields.as_object().expect("fields").keys() {
            assert!(
                DEFAULTS.contains(&format!("\n{field} = "))
                    || DEFAULTS.contains(&format!("\n# {field} = ")),
                "{section}.{field} is not explained"
            );
        }
    }
}

#[test]
fn the_command_line_goes_before_variables_and_they_before_the_file() {
    let program = program()
        .with("MINGZHENG__SITE__PHONE", "010-2")
        .with("MINGZHENG__TIMEOUTS__HANDLER_MS", "2222")
        .with("MINGZHENG__SERVER__LISTEN", "127.0.0.1:2")
        .with("MINGZHENG__LIMITS__LOOKUP__BURST", "22")
        .with("MINGZHENG_PUBLIC_URL", "https://variable.example");
    let file = program.file(
        "mingzheng.toml",
        "[site]\nname = \"一\"\nphone = \"010-1\"\n[registry]\npublic_url = \"https://file.example\"\n\
         [timeouts]\nhandler_ms = 1111\nbody_ms = 1111\n[server]\nlisten = \"127.0.0.1:1\"\n",
    );
    let path = file.display().to_string();
    let check = [
        "--config",
        &path,
        "config",
        "check",
        "--listen",
        "127.0.0.1:3",
    ];
    let report = program.json(&check).good();
    let understood = &report["understood"];
    assert_eq!(understood["site"]["name"], "一");
    assert_eq!(understood["site"]["phone"], "010-2");
    assert_eq!(understood["timeouts"]["body_ms"], 1111);
    assert_eq!(understood["timeouts"]["handler_ms"], 2222);
    assert_eq!(understood["limits"]["lookup"]["burst"], 22);
    assert_eq!(understood["limits"]["lookup"]["per_minute"], 1200);
    assert_eq!(understood["server"]["listen"], "127.0.0.1:3");
    assert_eq!(
        understood["registry"]["public_url"],
        "https://variable.example"
    );
    assert_eq!(report["sources"]["server.listen"], "--listen");
    assert_eq!(report["sources"]["site.phone"], "MINGZHENG__SITE__PHONE");
    let plain = program.run(&check);
    assert!(
        plain.out.contains("理解为 / understood as"),
        "{}",
        plain.out
    );
    let english = program.run(&["--lang", "en", "--config", &path, "config", "check"]);
    assert!(
        english.out.starts_with("# understood as"),
        "{}",
        english.out
    );
}

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    let program = program();
    let file = program.file(
        "bad.toml",
        "[server]\nlisten = \"nowhere\"\nrole = \"king\"\ntrusted_proxies = [\"10.0.0.0/99\"]\n\
         [timeouts]\nheader_ms = 0\nbody_ms = -1\nhandler_ms = \"soon\"\nlunch_ms = 5\n[kitchen]\nheat = 1\n\
         [limits]\nverify = { per_minute = 0, burst = 1 }\n\
         [registry]\npublic_url = \"ftp://x\"\ndatabase = \"postgres://me:hunter2-hunter2@db/x\"\n",
    );
    let path = file.display().to_string();
    let ran = program.json(&["--config", &path, "config", "check"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    let told = codes(&ran.json());
    for one in [
        pair("server.listen", "wrong-type"),
        pair("server.role", "wrong-type"),
        pair("server.trusted_proxies", "wrong-type"),
        pair("timeouts.header_ms", "range"),
        pair("timeouts.body_ms", "wrong-type"),
        pair("timeouts.handler_ms", "wrong-type"),
        pair("timeouts.lunch_ms", "unknown-field"),
        pair("kitchen.heat", "unknown-field"),
        pair("limits.verify.per_minute", "range"),
        pair("registry.public_url", "public-url"),
        pair("registry.database", "secret-in-place"),
        pair("registry.database", "database-password"),
    ] {
        assert!(told.contains(&one), "{one:?} is missing from {told:?}");
    }
    assert_eq!(told.len(), 12, "{told:?}");
    let all = format!("{}{}", ran.out, ran.err);
    assert!(!all.contains("hunter2"), "no password is shown: {all}");
    // And nothing else starts with it.
    let ran = program.run(&["--config", &path, "migrate"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("timeouts.lunch_ms"), "{}", ran.err);
    let nothing = program.json(&["--config", "no-such-file.toml", "config", "check"]);
    assert_eq!(codes(&nothing.json()), [pair("", "unreadable")]);
    let broken = program.file("broken.toml", "[server\nlisten");
    let ran = program.json(&["--config", &broken.display().to_string(), "config", "check"]);
    assert_eq!(codes(&ran.json()), [pair("", "syntax")]);
}

#[test]
fn secrets_come_from_private_files_of_at_least_thirty_two_bytes() {
    let program = program();
    let good = "postgres://mingzheng:7f3a9c0e5b1d8264af90c3e7125d6b88@db/mingzheng\n";
    let check = |file: &std::path::Path| {
        let path = file.display().to_string();
        let config = program.file("m.toml", format!("[registry]\ndatabase_file = '{path}'\n"));
        program.json(&["--config", &config.display().to_string(), "config", "check"])
    };
    let file = program.secret("database", good);
    let ran = check(&file);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(!ran.out.contains("7f3a9c0e"), "{}", ran.out);
    for (content, mode) in [
        (good, 0o644),
        ("postgres://mingzheng:short@db/mingzheng\n", 0o600),
        (
            "postgres://mingzheng:changeme-changeme-changeme-changeme@db/x\n",
            0o600,
        ),
        (
            "mysql://mingzheng:7f3a9c0e5b1d8264af90c3e7125d6b88@db/x\n",
            0o600,
        ),
    ] {
        let file = program.secret("database", content);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
        let ran = check(&file);
        assert_eq!(ran.code, 2, "{content} {}", ran.out);
        assert_eq!(
            codes(&ran.json()),
            [pair("registry.database_file", "secret")]
        );
    }
    for weak in ["too short", &"a".repeat(64), &"changeme".repeat(5)] {
        let file = program.secret("pass", weak);
        let ran = program.json(&[
            "--passphrase-file",
            &file.display().to_string(),
            "config",
            "check",
        ]);
        assert_eq!(
            codes(&ran.json()),
            [pair("registry.passphrase_file", "secret")]
        );
        let ran = program.run(&["--passphrase-file", &file.display().to_string(), "migrate"]);
        assert_ne!(ran.code, 0, "no registry under {weak}");
    }
    // A variable may hold the database's password; it is not shown, and nothing is served with a weak one.
    for (password, weak) in [
        ("hunter2-hunter2", true),
        ("changeme-changeme-changeme-changeme", true),
        ("abababababababababababababababababab", true),
        ("7f3a9c0e5b1d8264af90c3e7125d6b88", false),
    ] {
        let address = format!("postgres://me:{password}@127.0.0.1:1/x");
        let program =
            Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_DATABASE", &address);
        let ran = program.json(&["config", "check"]);
        assert_eq!(ran.code, if weak { 2 } else { 0 }, "{}", ran.out);
        if weak {
            let told = codes(&ran.json());
            assert_eq!(told, [pair("registry.database", "database-password")]);
            let ran = program.run(&["serve", "--listen", "127.0.0.1:0"]);
            assert_eq!(ran.code, 2, "{}", ran.err);
            assert!(ran.err.contains("[database-password]"), "{}", ran.err);
        }
        assert!(!format!("{}{}", ran.out, ran.err).contains(password));
    }
    let file = ConfigFile {
        registry: api::config::file::Registry {
            database: Some(api::config::file::DatabaseText(
                "postgres://me:hunter2@db/x".to_owned(),
            )),
            ..Default::default()
        },
        ..Default::default()
    };
    let shown = format!("{file:?}");
    assert!(
        shown.contains("***") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn serving_refuses_unsafe_settings_and_says_why() {
    let program = program();
    program.json(&["migrate"]).good();
    let refused = |arguments: &[&str], wanted: &[&str]| {
        let mut all = vec!["serve"];
        all.extend(arguments);
        let ran = program.run(&all);
        assert_eq!(ran.code, 2, "{arguments:?}: {} {}", ran.out, ran.err);
        for one in wanted {
            assert!(ran.err.contains(&format!("[{one}]")), "{one}: {}", ran.err);
        }
    };
    refused(
        &["--listen", "0.0.0.0:0"],
        &["transport", "public-url-example"],
    );
    refused(
        &[
            "--listen",
            "127.0.0.1:0",
            "--public-url",
            "http://registry.example",
        ],
        &["public-url-http"],
    );
    let proxies = |text: &str| {
        let file = program.file("m.toml", text);
        let path = file.display().to_string();
        let ran = program.run(&["--config", &path, "serve", "--listen", "127.0.0.1:0"]);
        (ran.code, ran.err)
    };
    let (code, err) = proxies("[server]\ntransport = 'proxy'\n");
    assert!(code == 2 && err.contains("[proxies-missing]"), "{err}");
    let (code, err) = proxies("[server]\ntransport = 'proxy'\ntrusted_proxies = ['0.0.0.0/0']\n");
    assert!(code == 2 && err.contains("[proxies-everybody]"), "{err}");
    // A key that others can read.
    let key = program.path("registry/keys/log.pem");
    let mode = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    mode(0o644);
    refused(&["--listen", "127.0.0.1:0"], &["key-open"]);
    mode(0o600);
    // What is safe starts.
    let (mut running, line) = program.start(&[
        "--json",
        "--public-url",
        "http://localhost:8080",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert!(line.contains("http://127.0.0.1:"), "{line}");
    // Its memory, in which the keys are, never becomes a file (KY-1).
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id()));
    let limits = limits.expect("Linux tells the limits of a process");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("the limit");
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
    assert_eq!(running.end(), Some(0));
}

#[tokio::test]
async fn each_node_gives_its_share_of_what_a_source_may_ask() {
    let program = program();
    program.json(&["migrate"]).good();
    let text = "[server]\nnodes = 2\n[limits]\nother = { per_minute = 1, burst = 6 }\n";
    let path = program.file("nodes.toml", text).display().to_string();
    let arguments = ["--json", "--config", &path, "serve", "--listen"];
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let (running, line) = program.start(&[&arguments[..], &["127.0.0.1:0"]].concat());
        let told: serde_json::Value = serde_json::from_str(&line).expect("an address");
        nodes.push((running, told["address"].as_str().expect("text").to_owned()));
    }
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    for (_, address) in &nodes {
        let mut told = Vec::new();
        for _ in 0..4 {
            let asked = http.get(format!("{address}/api/v1/regions")).send().await;
            told.push(asked.expect("an answer").status().as_u16());
        }
        assert_eq!(told, [200, 200, 200, 429], "{address}");
    }
    let none = program.file("none.toml", "[server]\nnodes = 0\n");
    let none = none.display().to_string();
    let ran = program.json(&["--config", &none, "config", "check"]);
    assert_eq!(codes(&ran.json()), [pair("server.nodes", "range")]);
}

/// Settings behind a proxy that are safe but for what is added.
const BEHIND: &str = "[registry]\npublic_url = 'https://registry.example.org'\n\
    [server]\ntransport = 'proxy'\ntrusted_proxies = ['127.0.0.1/32']\n";

#[test]
fn a_registry_behind_a_proxy_is_as_public_as_one_that_listens_for_all() {
    let program = program();
    let told = |program: &Mingzheng, text: &str| {
        let file = program.file("m.toml", text);
        let path = file.display().to_string();
        let ran = program.json(&["--config", &path, "config", "check"]);
        codes(&ran.json())
    };
    assert_eq!(told(&program, BEHIND), [], "safe as it is");
    let example = "[server]\ntransport = 'proxy'\ntrusted_proxies = ['127.0.0.1/32']\n";
    assert_eq!(
        told(&program, example),
        [pair("registry.public_url", "public-url-example")]
    );
    let with = |line: &str| format!("{BEHIND}{line}\n");
    for (line, field, code) in [
        (
            "require_second_factor = false",
            "server.require_second_factor",
            "second-factor-off",
        ),
        (
            "delivery = 'console'",
            "server.delivery",
            "delivery-console",
        ),
        (
            "metrics_listen = '127.0.0.1:8080'",
            "server.metrics_listen",
            "metrics-public",
        ),
    ] {
        assert_eq!(told(&program, &with(line)), [pair(field, code)], "{line}");
    }
    for (level, public) in [("debug", true), ("api=trace,info", true), ("info", false)] {
        let program = Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_LOG", level);
        let wanted: &[(String, String)] = if public {
            &[pair("MINGZHENG_LOG", "debug-log")]
        } else {
            &[]
        };
        assert_eq!(told(&program, BEHIND), wanted, "{level}");
    }
    // The folder of a demo, whose passwords everybody has seen.
    std::fs::create_dir_all(program.path("registry")).expect("a folder");
    program.file("registry/demo-registry", "");
    assert_eq!(
        told(&program, BEHIND),
        [pair("registry.data", "demo-registry")]
    );
    let config = program.path("m.toml").display().to_string();
    let ran = program.run(&["--config", &config, "serve"]);
    assert_eq!(ran.code, 2, "{} {}", ran.out, ran.err);
    assert!(ran.err.contains("[demo-registry]"), "{}", ran.err);
    // None of it where only this machine reaches it.
    let alone = "[server]\nrequire_second_factor = false\ndelivery = 'console'\n";
    assert_eq!(told(&program, alone), []);
}

#[test]
fn codes_go_in_the_clear_to_this_machine_or_a_private_address_alone() {
    let program = program();
    let told = |target: &str| {
        let ran = program.json(&["config", "check", "--delivery", target]);
        codes(&ran.json())
    };
    for near in [
        "outbox",
        "http://127.0.0.1:8025/send",
        "http://localhost:8025",
        "http://[::1]:8025/",
        "http://10.1.0.5:8025/sms",
        "http://192.168.3.4/",
        "http://172.31.0.9/",
        "http://[fd12::7]:80/",
    ] {
        assert_eq!(told(near), [], "{near}");
    }
    for away in [
        "http://sms.example.org/send",
        "http://gateway/",
        "http://203.0.113.5/",
        "http://172.32.0.9/",
        "http://169.254.169.254/",
        "http://0.0.0.0:1/",
        "http://[2001:db8::1]/",
        "http://[::ffff:203.0.113.5]/",
        "http://3405803781/",
        "http://127.0.0.1@sms.example.org/",
        "http://localhost.example.org/",
    ] {
        assert_eq!(
            told(away),
            [pair("server.delivery", "delivery-gateway")],
            "{away}"
        );
    }
}
