//! A real browser with the web player in it: what it shows can be read, and it can be ended and started again.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use image::RgbaImage;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    programs::repository,
    waiting::{PATIENCE, until},
};

/// Chromium with its own storage. Ended when dropped.
pub struct WebPlayer {
    folder: TempDir,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl WebPlayer {
    /// Starts a browser whose window has this many pixels.
    pub fn start((width, height): (u32, u32)) -> Self {
        let scripts = repository().join("tests/browser");
        assert!(scripts.join("node_modules/playwright-core").exists(), "make stories installs the browser's driver");
        assert!(repository().join("player/web/dist/index.html").exists(), "make web builds the browser's player");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings =
            json!({ "folder": folder.path(), "chromium": "/usr/bin/chromium", "width": width, "height": height });
        let mut child = Command::new("node")
            .arg(scripts.join("webplayer.mjs"))
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let orders = child.stdin.take().expect("its input is a pipe");
        let answers = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut player = Self { folder, child, orders, answers };
        assert_eq!(player.answer().expect("the browser starts"), "ready");
        player
    }

    /// Does something, and answers what came of it.
    pub fn does(&mut self, command: &str, details: Value) -> Value {
        self.tries(command, details).unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn tries(&mut self, command: &str, mut details: Value) -> Result<Value, String> {
        details["do"] = json!(command);
        writeln!(self.orders, "{details}").expect("the browser listens");
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the browser answers");
        let mut said: Value = serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?;
        match said["fault"].as_str() {
            Some(fault) => Err(fault.to_owned()),
            None => Ok(said["answer"].take()),
        }
    }

    /// The pairing code on the page.
    pub fn pairing_code(&mut self) -> String {
        until("a pairing code on the page", PATIENCE, || {
            let code = self.tries("code", json!({}))?;
            let code = code.as_str().unwrap_or_default();
            if code.len() == 8 { Ok(code.to_owned()) } else { Err(format!("{code:?}")) }
        })
    }

    /// What the page shows.
    pub fn picture(&mut self) -> RgbaImage {
        let file = self.folder.path().join("page.png");
        self.does("picture", json!({ "file": file }));
        image::open(file).expect("a picture").to_rgba8()
    }

    /// Waits until the page shows what is looked for.
    pub fn shows(&mut self, what: &str, look: impl Fn(&RgbaImage) -> Result<(), String>) {
        until(what, PATIENCE, || {
            let picture = self.picture();
            look(&picture).map_err(|why| {
                let said = self.does("said", json!({}));
                let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/webplayer.png");
                let _ = picture.save(&kept);
                format!("{why}; {said}")
            })
        });
    }
}

impl Drop for WebPlayer {
    fn drop(&mut self) {
        // Its driver ends the browser when it is told nothing more; a driver that hangs is ended itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
