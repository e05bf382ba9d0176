//! An auditor who trusts nobody: a witness on a machine of their own, and a bundle that a stranger's program examines too.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use xuanping_core::{playlog::SignedBatch, tlog::Witnessed};
use xuanping_tests::{
    databases::Database,
    device::Device,
    office::Office,
    on_both_databases, programs,
    reporting::{Chain, reporting_screen},
};

on_both_databases!(an_auditor_follows_the_log_and_a_stranger_examines_what_is_exported);

/// The auditor's machine.
struct Auditor {
    folder: TempDir,
}

impl Auditor {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn witness_file(&self) -> std::path::PathBuf {
        self.folder.path().join("witness/witness.txt")
    }

    /// Looks at the log once.
    fn look(&self, office: &Office) -> Output {
        let log = format!("{}/log", office.server.url());
        self.run(&["witness", "--log", &log, "--name", "审计局/witness", "--state", "witness", "--once"])
    }

    fn seen(&self) -> Witnessed {
        fs::read_to_string(self.witness_file()).unwrap().parse().unwrap()
    }

    fn verify(&self, bundle: &[u8], key: &str) -> Output {
        fs::write(self.folder.path().join("b.xpbundle"), bundle).unwrap();
        self.run(&["verify", "b.xpbundle", "--key", key, "--witness", "witness/witness.txt"])
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(programs::server());
        command.args(arguments).env_clear().current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap()
    }
}

fn report(device: &Device, chain: &mut Chain, batches: usize) {
    for _ in 0..batches {
        let batch = SignedBatch::sign(chain.next_batch(), &device.key);
        device.report(&batch).unwrap();
        chain.follow(&batch);
    }
}

fn an_auditor_follows_the_log_and_a_stranger_examines_what_is_exported(database: Database) {
    let mut office = Office::open(database);
    let (device, mut chain) = reporting_screen(&office);
    let screen = chain.screen;
    let key = device.publisher().to_string();
    report(&device, &mut chain, 5);
    let export = |office: &Office| office.auditor.file(&format!("plays/bundle?screen={screen}")).unwrap();
    // Exporting has the log numbered; then the auditor looks, and is registered.
    export(&office);
    let auditor = Auditor::new();
    let output = auditor.look(&office);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(auditor.seen().newest().unwrap().0, 5);
    office.server.command(&["admin", "add-witness", "--key", &auditor.seen().witness.to_string()]);
    report(&device, &mut chain, 3);
    export(&office);
    assert!(auditor.look(&office).status.success());

    // What is exported now was seen by the witness, says our program; and so says a stranger's.
    let exported = export(&office);
    let said = auditor.verify(&exported, &key);
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.status.code(), Some(0), "{words}");
    assert!(words.contains("✓ 与见证方所见一致 × 1") && words.contains("✓ 批次已在公开日志中 × 8"), "{words}");
    let file = auditor.folder.path().join("b.xpbundle");
    let stranger = examined_by_a_stranger(&file, &key, &auditor.witness_file());
    assert_eq!(stranger, Ok(json!({ "batches": 8, "plays": 8, "records": 8 })));
    // The console says how far it was witnessed.
    let log = office.auditor.get("plays/log").unwrap();
    assert_eq!(
        (&log["size"], &log["witnessed"], &log["witnesses"]),
        (&json!(8), &json!(8), &json!(["审计局/witness"]))
    );

    // The plug is pulled while batches come in: the log goes on where it was, and the witness finds nothing amiss.
    report(&device, &mut chain, 2);
    office.server.kill();
    office.server.restart();
    report(&device, &mut chain, 1);
    export(&office);
    let output = auditor.look(&office);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(auditor.seen().newest().unwrap().0, 11);

    // The log's key is lost: the log is not begun anew under another one, and goes on when the key is back.
    let key_file = office.server.data().join("keys/log.key");
    let kept = key_file.with_extension("backup");
    office.server.stop();
    fs::rename(&key_file, &kept).unwrap();
    office.server.restart();
    report(&device, &mut chain, 1);
    let refusal = office.auditor.file(&format!("plays/bundle?screen={screen}")).unwrap_err();
    assert_eq!(refusal.status, 500, "{refusal:?}");
    assert!(auditor.look(&office).status.success());
    assert_eq!(auditor.seen().newest().unwrap().0, 11);
    office.server.stop();
    fs::rename(&kept, &key_file).unwrap();
    office.server.restart();
    export(&office);
    assert!(auditor.look(&office).status.success());
    assert_eq!(auditor.seen().newest().unwrap().0, 12);
    // The bundle of before is still good.
    assert_eq!(auditor.verify(&exported, &key).status.code(), Some(0));
}

/// What `tests/interop/examine.py` says: a program that shares no code and no library with ours.
fn examined_by_a_stranger(bundle: &Path, key: &str, witness: &Path) -> Result<Value, String> {
    let interop = programs::repository().join("tests/interop");
    let output = Command::new(interop.join(".venv/bin/python"))
        .arg(interop.join("examine.py"))
        .args([bundle.as_os_str(), key.as_ref(), witness.as_os_str()])
        .output()
        .map_err(|error| format!("{error}; make stories installs what it needs"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
