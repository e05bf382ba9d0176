//! The asker's end of the socket.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Answer, Ask, Reply, places};

/// Longer than the player takes to give up.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest picture: more than any wall has.
const LARGEST_PICTURE: usize = 256 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens, or we may not speak.
    #[error("{0} 没有正在运行的播放器，或当前用户无权控制它（请用播放器所属用户或 root 运行）：{1}")]
    NoPlayer(PathBuf, io::Error),
    /// The connection broke.
    #[error("与播放器的连接中断：{0}")]
    Broken(#[from] io::Error),
    /// The answer is not one.
    #[error("播放器的答复无法识别：{0}")]
    Nonsense(#[from] serde_json::Error),
    /// The player did not do it.
    #[error("{0}")]
    Refused(String),
}

/// Asks the player that runs with this data folder.
pub fn ask(data: &Path, what: &Ask) -> Result<Reply, AskError> {
    let mut player = connect(data)?;
    player.set_read_timeout(Some(PATIENCE))?;
    player.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    player.write_all(&line)?;
    let mut reader = BufReader::new(player);
    let mut said = String::new();
    reader.read_line(&mut said)?;
    match serde_json::from_str(&said)? {
        Answer::Refused(why) => Err(AskError::Refused(why)),
        Answer::Picture(bytes) => {
            let mut picture = vec![0; bytes.min(LARGEST_PICTURE)];
            reader.read_exact(&mut picture)?;
            Ok((Answer::Picture(bytes), picture))
        }
        other => Ok((other, Vec::new())),
    }
}

fn connect(data: &Path) -> Result<UnixStream, AskError> {
    let mut first = None;
    for place in places(data) {
        match UnixStream::connect(&place) {
            Ok(player) => return Ok(player),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(AskError::NoPlayer(data.to_owned(), first.unwrap_or_else(|| io::ErrorKind::NotFound.into())))
}
