//! Where data lies and where the server listens: flags, then `XUANPING_*` environment variables, then defaults.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::{
    content::render::fonts::DEFAULT_FONT_FILES,
    db,
    plays::evidence::{EVIDENCE_DAYS, FEWEST_EVIDENCE_DAYS},
    web_files::Embedder,
};

/// Settings of a running server.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Folder of everything the server keeps: database, blobs, keys.
    #[arg(long, env = "XUANPING_DATA", default_value = "var/server")]
    pub data: PathBuf,
    /// Address to listen on. Anything beyond the machine belongs behind a TLS proxy.
    #[arg(long, env = "XUANPING_LISTEN", default_value = "127.0.0.1:8410")]
    pub listen: SocketAddr,
    /// `sqlite` (a file in the data folder) or a `postgres://` URL.
    #[arg(long, env = "XUANPING_DATABASE", default_value = "sqlite", hide_env_values = true)]
    pub database: String,
    /// Font files that slogans are set in: Noto Sans CJK, regular and bold.
    #[arg(long, env = "XUANPING_FONTS", value_delimiter = ':', default_values = DEFAULT_FONT_FILES)]
    pub fonts: Vec<PathBuf>,
    /// Days that evidence pictures are kept: at least half a year, as logs. Their digests stay in the signed batches for good.
    #[arg(long, env = "XUANPING_EVIDENCE_DAYS", default_value_t = EVIDENCE_DAYS,
        value_parser = clap::value_parser!(u16).range(i64::from(FEWEST_EVIDENCE_DAYS)..))]
    pub evidence_days: u16,
    /// Sites whose pages may frame the web player, e.g. `https://www.example.gov.cn`; without any, only this server's own.
    #[arg(long = "web-embedder", env = "XUANPING_WEB_EMBEDDERS", value_delimiter = ',')]
    pub embedders: Vec<Embedder>,
}

/// The database setting is neither `sqlite` nor a PostgreSQL URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--database is \"sqlite\" or a postgres:// URL")]
pub struct UnknownDatabase;

impl Config {
    /// Which database, and where.
    pub fn database(&self) -> Result<db::Target, UnknownDatabase> {
        match self.database.as_str() {
            "sqlite" => Ok(db::Target::Sqlite(self.data.join("xuanping.db"))),
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(db::Target::Postgres(url.to_owned()))
            }
            _ => Err(UnknownDatabase),
        }
    }
}
