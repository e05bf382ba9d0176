//! `xuanping-server witness`: run by an auditor, somewhere else than the server. It follows a play log, signs each
//! checkpoint that continues what it saw before, remembers it in a file, and refuses a log whose past has changed.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use xuanping_core::{
    digest::Digest,
    tlog::{
        Checkpoint, Cosigner, KeyName, Refusal, TileId, TilePath, Tiles, VerifierKey, Witnessed, consistency, root,
        tiles_for_consistency,
    },
};

use crate::{clock, signing};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any answer has.
const MOST_BYTES: usize = 1 << 20;

/// How to watch a log.
#[derive(Debug, Clone, Args)]
pub struct Witness {
    /// Where the log is, like `https://xuanping.example/log`.
    #[arg(long)]
    pub log: reqwest::Url,
    /// The log's key, as the office made it public; needed the first time unless it is to be believed as the server says it.
    #[arg(long)]
    pub key: Option<VerifierKey>,
    /// The folder of the witness: its secret key, and `witness.txt`, what it has seen. Keep it away from the office.
    #[arg(long)]
    pub state: PathBuf,
    /// The witness's name, needed the first time, like `审计局/witness`.
    #[arg(long)]
    pub name: Option<KeyName>,
    /// Look once, and end.
    #[arg(long)]
    pub once: bool,
    /// Seconds between looks.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
}

/// How a look ended.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{url}: {why}")]
    Fetch { url: String, why: String },
    #[error("{path}: {why}")]
    State { path: String, why: String },
    #[error("the tiles of the log do not lead to the root that its checkpoint says")]
    Tiles,
    #[error("give the witness a name the first time: --name")]
    NoName,
    #[error("this folder's witness follows another log: {0}")]
    OtherLog(Box<VerifierKey>),
}

impl Fault {
    /// Whether the log itself is to blame.
    const fn is_fraud(&self) -> bool {
        matches!(self, Self::Refused(Refusal::Forked { .. } | Refusal::RolledBack { .. }) | Self::Tiles)
    }
}

impl Witness {
    /// Watches until `stop`, or looks once.
    pub async fn run(&self, stop: impl Future<Output = ()>, out: &mut impl Write) -> ExitCode {
        // A second provider cannot be installed, and need not be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        tokio::pin!(stop);
        loop {
            match self.look(out).await {
                Err(fault) if fault.is_fraud() => {
                    eprintln!("见证拒绝：日志与先前所见不符。{fault}");
                    return ExitCode::from(1);
                }
                Err(fault) if self.once => {
                    eprintln!("见证未完成：{fault}");
                    return ExitCode::from(2);
                }
                Err(fault) => eprintln!("见证未完成，稍后再试：{fault}"),
                Ok(()) if self.once => return ExitCode::SUCCESS,
                Ok(()) => {}
            }
            tokio::select! {
                () = &mut stop => return ExitCode::SUCCESS,
                () = tokio::time::sleep(Duration::from_secs(self.every)) => {}
            }
        }
    }

    async fn look(&self, out: &mut impl Write) -> Result<(), Fault> {
        let fetcher = Fetcher::new(&self.log)?;
        let (cosigner, mut witnessed) = self.open(&fetcher, out).await?;
        let note = fetcher.text("checkpoint").await?;
        let (checkpoint, _) = Checkpoint::open(&note, &witnessed.log).map_err(Refusal::from)?;
        let before = witnessed.newest().map_or(0, |(size, _)| size);
        let seen = witnessed.newest() == Some((checkpoint.size, checkpoint.root));
        // Seen, and the server shows our word for it; one that did not take it is told again.
        if seen && note.contains(&format!("— {} ", cosigner.verifier().name())) {
            return Ok(());
        }
        let proof = match fetcher.proof(before, &checkpoint).await {
            Ok(proof) => proof,
            Err(fault) => {
                // A network that failed proves nothing against anybody.
                if fault.is_fraud() {
                    self.keep_evidence(&note)?;
                }
                return Err(fault);
            }
        };
        let at = u64::try_from(clock::now().0 / 1_000).unwrap_or_default();
        let cosigned = match witnessed.accept(&note, &proof, &cosigner, at) {
            Ok(cosigned) => cosigned,
            Err(refusal) => {
                let fault = Fault::from(refusal);
                if fault.is_fraud() {
                    self.keep_evidence(&note)?;
                }
                return Err(fault);
            }
        };
        // Remembered before anybody hears of it: what was signed once is never forgotten.
        write_whole(&self.memory(), &witnessed.to_string())?;
        let told = fetcher.tell(cosigned.to_string()).await;
        let mut say = |line: String| writeln!(out, "{line}").and_then(|()| out.flush());
        // Nobody may be reading what we say.
        if !seen {
            let _ = say(format!("已见证 {} 个批次，根 {}", checkpoint.size, checkpoint.root));
        }
        if let Err(fault) = told {
            let _ = say(format!("服务器没有接受见证签名（不影响本文件）：{fault}"));
        }
        Ok(())
    }

    fn memory(&self) -> PathBuf {
        self.state.join("witness.txt")
    }

    /// The witness of this folder; made the first time.
    async fn open(&self, fetcher: &Fetcher, out: &mut impl Write) -> Result<(Cosigner, Witnessed), Fault> {
        let state = |why: String| Fault::State { path: self.state.display().to_string(), why };
        let key = signing::read_or_draw(&self.state, "witness").map_err(|error| state(error.to_string()))?;
        if self.memory().exists() {
            let text = fs::read_to_string(self.memory()).map_err(|error| state(error.to_string()))?;
            let read: Witnessed = text.parse().map_err(|error| state(format!("witness.txt: {error}")))?;
            if self.key.as_ref().is_some_and(|key| *key != read.log) {
                return Err(Fault::OtherLog(Box::new(read.log)));
            }
            let cosigner = Cosigner::new(read.witness.name().clone(), key);
            if *cosigner.verifier() != read.witness {
                return Err(state("witness.key is not the key of witness.txt".into()));
            }
            return Ok((cosigner, read));
        }
        let log = match &self.key {
            Some(key) => key.clone(),
            None => fetcher
                .text("key")
                .await?
                .trim()
                .parse()
                .map_err(|_| Fault::Fetch { url: self.log.to_string(), why: "no log key there".into() })?,
        };
        let cosigner = Cosigner::new(self.name.clone().ok_or(Fault::NoName)?, key);
        let witnessed = Witnessed::new(log, cosigner.verifier().clone());
        let _ = writeln!(out, "日志密钥（请与主管单位公布的核对）：{}", witnessed.log);
        let _ = writeln!(out, "见证方公钥（请管理员用 admin add-witness 登记）：{}", witnessed.witness);
        write_whole(&self.memory(), &witnessed.to_string())?;
        Ok((cosigner, witnessed))
    }

    /// Keeps the signed checkpoint that was refused: with `witness.txt` it proves that the log shows two histories.
    fn keep_evidence(&self, note: &str) -> Result<(), Fault> {
        let name = format!("refused-{}.txt", &Digest::of(note.as_bytes()).to_string()[..16]);
        write_whole(&self.state.join(name), note)
    }
}

fn write_whole(path: &Path, text: &str) -> Result<(), Fault> {
    let partial = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().map_err(|error| Fault::State { path: path.display().to_string(), why: error.to_string() })
}

struct Fetcher {
    http: reqwest::Client,
    base: String,
}

impl Fetcher {
    fn new(base: &reqwest::Url) -> Result<Self, Fault> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        let http = http.map_err(|error| Fault::Fetch { url: base.to_string(), why: error.to_string() })?;
        Ok(Self { http, base: base.as_str().trim_end_matches('/').to_owned() })
    }

    async fn bytes(&self, path: &str) -> Result<Vec<u8>, Fault> {
        let url = format!("{}/{path}", self.base);
        let fault = |why: String| Fault::Fetch { url: url.clone(), why };
        let said = |error: reqwest::Error| fault(error.without_url().to_string());
        let mut answer =
            self.http.get(&url).send().await.and_then(reqwest::Response::error_for_status).map_err(said)?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(said)? {
            bytes.extend(piece);
            if bytes.len() > MOST_BYTES {
                return Err(fault("answers too much".into()));
            }
        }
        Ok(bytes)
    }

    async fn text(&self, path: &str) -> Result<String, Fault> {
        let bytes = self.bytes(path).await?;
        String::from_utf8(bytes)
            .map_err(|_| Fault::Fetch { url: format!("{}/{path}", self.base), why: "not a text".into() })
    }

    async fn tile(&self, tile: TileId, size: u64) -> Result<Vec<Digest>, Fault> {
        let path = TilePath::Hashes { tile, width: tile.width_in(size) }.to_string();
        let bytes = self.bytes(&path).await?;
        Ok(bytes.chunks_exact(32).filter_map(|hash| Digest::try_from(hash).ok()).collect())
    }

    /// The proof that this checkpoint continues a log of `before` entries, from tiles that lead to its root.
    async fn proof(&self, before: u64, checkpoint: &Checkpoint) -> Result<Vec<Digest>, Fault> {
        let mut tiles = Tiles::new();
        if before > checkpoint.size {
            // Refused by the witness, whatever the proof.
            return Ok(Vec::new());
        }
        for tile in tiles_for_consistency(before, checkpoint.size) {
            tiles.insert(tile, self.tile(tile, checkpoint.size).await?);
        }
        if root(&tiles, checkpoint.size) != Ok(checkpoint.root) {
            return Err(Fault::Tiles);
        }
        consistency(&tiles, before, checkpoint.size).map_err(|_| Fault::Tiles)
    }

    async fn tell(&self, note: String) -> Result<(), Fault> {
        let url = format!("{}/cosignatures", self.base);
        let answer = self.http.post(&url).header("content-type", "text/plain; charset=utf-8").body(note).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        answer.map(|_| ()).map_err(|error| Fault::Fetch { url, why: error.without_url().to_string() })
    }
}
