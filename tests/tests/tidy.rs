//! The rules of the house that the compiler does not know, as tests (ARCHITECTURE.md, "Rules").

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files that git tracks or would track, relative to the root.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<_> = listed
        .lines()
        .filter(|name| endings.iter().any(|e| name.ends_with(e)))
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect();
    assert!(!files.is_empty(), "no file ends in {endings:?}: the rule would check nothing");
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// Shipped code of a file: everything before its inline test module.
fn shipped(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

fn is_shipped_source(path: &Path) -> bool {
    let path = path.to_string_lossy();
    ["core/src/", "server/src/", "player/src/", "player/media/src/"].iter().any(|p| path.starts_with(p))
        && !path.ends_with("/tests.rs")
        && !path.contains("/tests/")
        && !path.ends_with("/testing.rs")
}

/// Fails with a list "file:line: text" of the lines of shipped code that `offends`.
fn forbid(rule: &str, applies: impl Fn(&str) -> bool, offends: impl Fn(&str) -> bool) {
    let mut found = Vec::new();
    for path in files(&[".rs"]).into_iter().filter(|p| is_shipped_source(p)) {
        let name = path.to_string_lossy().into_owned();
        if !applies(&name) {
            continue;
        }
        let text = read(&path);
        for (number, line) in shipped(&text).lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//") && offends(code) {
                found.push(format!("{name}:{}: {code}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{rule}\n{}", found.join("\n"));
}

#[test]
fn core_depends_only_on_its_allow_list() {
    let allowed = [
        "base64",
        "chrono",
        "chrono-tz",
        "coset",
        "ed25519-dalek",
        "hex",
        "minicbor",
        "rrule",
        "serde",
        "serde_json",
        "sha2",
        "thiserror",
        "utoipa",
        "uuid",
    ];
    let manifest = read(Path::new("core/Cargo.toml"));
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|l| l.contains('=')) {
        let name = line.split(['.', ' ', '=']).next().unwrap();
        assert!(allowed.contains(&name), "core may not depend on {name}: it must stay pure");
    }
}

#[test]
fn server_and_player_do_not_know_each_other() {
    assert!(!read(Path::new("server/Cargo.toml")).contains("xuanping-player"));
    assert!(!read(Path::new("player/Cargo.toml")).contains("xuanping-server"));
    assert!(!read(Path::new("player/media/Cargo.toml")).contains("xuanping-server"));
}

#[test]
fn core_does_no_input_output_and_reads_no_clock() {
    forbid(
        "core is pure",
        |file| file.starts_with("core/"),
        |code| {
            [
                "std::fs",
                "std::net",
                "std::env",
                "std::process",
                "std::thread",
                "async fn",
                "SystemTime",
                "Instant",
                "println!",
            ]
            .iter()
            .any(|word| code.contains(word))
        },
    );
}

#[test]
fn only_the_clock_rooms_say_now() {
    forbid(
        "only clock.rs says now; pass the time as a parameter",
        |file| !file.ends_with("/clock.rs"),
        |code| ["SystemTime::now", "Utc::now", "Local::now"].iter().any(|word| code.contains(word)),
    );
}

#[test]
fn only_db_names_a_database() {
    forbid(
        "only server/src/db speaks to sqlx",
        |file| file.starts_with("server/src/") && !file.starts_with("server/src/db"),
        |code| ["sqlx::", "Sqlite", "Postgres"].iter().any(|word| code.contains(word)) && !code.contains("db::"),
    );
}

const DOMAINS: [&str; 7] = ["accounts", "screens", "content", "campaigns", "playlists", "plays", "supervision"];

#[test]
fn a_domain_never_reaches_into_another_ones_store() {
    forbid(
        "use the other domain's mod, never its store",
        |file| file.starts_with("server/src/"),
        |code| DOMAINS.iter().any(|domain| code.contains(&format!("crate::{domain}::store"))),
    );
}

#[test]
fn an_earlier_domain_does_not_know_a_later_one() {
    let order = |name: &str| DOMAINS.iter().position(|d| *d == name);
    for path in files(&[".rs"]).into_iter().filter(|p| is_shipped_source(p)) {
        let name = path.to_string_lossy().into_owned();
        let Some(own) = name.strip_prefix("server/src/").and_then(|rest| order(rest.split('/').next()?)) else {
            continue;
        };
        for (number, line) in
            shipped(&read(&path)).lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//"))
        {
            for later in &DOMAINS[own + 1..] {
                // Screens and content lie side by side: both come before campaigns, neither before the other.
                assert!(
                    !line.contains(&format!("crate::{later}::")),
                    "{name}:{}: {} may not use {later}; leave a job row instead\n{line}",
                    number + 1,
                    DOMAINS[own],
                );
            }
        }
    }
}

#[test]
fn no_file_is_named_after_nothing() {
    for path in files(&[".rs", ".ts", ".tsx"]) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let vague = ["util", "utils", "helper", "helpers", "common", "misc", "manager"];
        assert!(!vague.contains(&stem.as_str()), "{}: name the idea", path.display());
    }
}

#[test]
fn files_are_one_idea_long() {
    let limit = 600;
    let long: Vec<_> = files(&[".rs", ".ts", ".tsx"])
        .into_iter()
        .filter(|p| !p.ends_with("schema.d.ts"))
        .map(|p| (read(&p).lines().count(), p))
        .filter(|(lines, _)| *lines > limit)
        .collect();
    assert!(long.is_empty(), "longer than {limit} lines: {long:?}");
}

#[test]
fn nothing_unfinished_is_shipped() {
    forbid(
        "finish it or write it into the closing note",
        |_| true,
        |code| ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"].iter().any(|word| code.contains(word)),
    );
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |dialect: &str| -> Vec<String> {
        files(&[".sql"])
            .into_iter()
            .filter_map(|p| {
                p.to_string_lossy().strip_prefix(&format!("server/migrations/{dialect}/")).map(str::to_owned)
            })
            .collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn no_secret_and_no_machine_is_named_in_the_repository() {
    let mut found = Vec::new();
    for path in files(&[
        ".rs",
        ".ts",
        ".tsx",
        ".toml",
        ".json",
        ".md",
        ".sql",
        ".sh",
        ".yml",
        "Makefile",
        "setup",
        "with-postgres",
    ]) {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            let words = [
                concat!("/wo", "rk/"),
                concat!("/ro", "ot/"),
                concat!("registry.", "npmjs"),
                concat!("BEGIN PRIVATE", " KEY"),
            ];
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:?}");
}

/// Whether an SPDX expression can be satisfied with licences of deny.toml's list.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    expression.replace('/', " OR ").split(" OR ").any(|choice| {
        choice
            .trim_matches(|c| c == '(' || c == ')' || c == ' ')
            .split(" AND ")
            .all(|one| allowed.iter().any(|a| a == one.trim_matches(|c| c == '(' || c == ')' || c == ' ')))
    })
}

#[test]
fn everything_we_link_is_permissively_licensed() {
    let deny = read(Path::new("deny.toml"));
    let list = deny.split("allow = [").nth(1).unwrap().split(']').next().unwrap();
    let allowed: Vec<String> =
        list.split(',').map(|l| l.trim().trim_matches('"').to_owned()).filter(|l| !l.is_empty()).collect();
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("cargo metadata answers");
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "the dependency tree was read");
    let refused: Vec<_> = packages
        .iter()
        .filter(|p| !permitted(p["license"].as_str().unwrap_or("none"), &allowed))
        .map(|p| format!("{} {}: {}", p["name"], p["version"], p["license"]))
        .collect();
    assert!(refused.is_empty(), "not permitted by deny.toml:\n{}", refused.join("\n"));
}

#[test]
fn every_fault_of_the_peers_has_the_test_that_is_named_for_it() {
    let table = read(Path::new("server/src/plays/tests/peers.rs"));
    let named: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect();
    let mut found = 0;
    for pair in named[1..].chunks(2) {
        let [file, test] = pair else { panic!("{pair:?}: a file, and a test in it") };
        let text = read(Path::new(file));
        assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
        found += 1;
    }
    assert!(found >= 10, "{found}");
}
