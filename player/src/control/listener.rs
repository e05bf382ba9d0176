//! The player's end of the socket: a thread that lets in one asker after the other.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread::JoinHandle,
    time::Duration,
};

use rustix::{net::sockopt::socket_peercred, process::getuid};

use super::{Answer, Ask, Asker, LONGEST_ASK, Reply, places};
use crate::{event::Event, inbox::Inbox};

/// How long an asker may take to ask and to listen, and the loop to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open socket. Dropping it closes it.
pub struct Listener {
    path: PathBuf,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Opens the socket of the player with this data folder, which must be alone with it; questions go to `inbox`.
    pub fn open(data: &Path, inbox: Inbox) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for path in places(data) {
            match bind(&path) {
                Ok(socket) => return Self::start(path, socket, inbox),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn start(path: PathBuf, socket: UnixListener, inbox: Inbox) -> io::Result<Self> {
        let closing = Arc::new(AtomicBool::new(false));
        let closed = closing.clone();
        let thread = std::thread::Builder::new().name("control".into()).spawn(move || {
            for asker in socket.incoming() {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                match asker.and_then(|asker| serve(asker, &inbox)) {
                    Ok(()) => {}
                    Err(error) => {
                        tracing::debug!(%error, "somebody at the machine did not get an answer");
                        // A socket that lets nobody in for want of memory or descriptors is not asked without a pause.
                        std::thread::sleep(Duration::from_millis(50));
                    }
                }
            }
        })?;
        Ok(Self { path, closing, thread: Some(thread) })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // Wakes the thread. If nobody can get in any more, it has nothing to do either, and ends with the process.
        let woken = UnixStream::connect(&self.path).is_ok();
        let _ = fs::remove_file(&self.path);
        if let Some(thread) = self.thread.take().filter(|_| woken)
            && thread.join().is_err()
        {
            tracing::error!("the thread for people at the machine ended badly");
        }
    }
}

/// A fresh socket for this user alone. The lock of the data folder says that no other player uses one that is left over.
fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(socket)
}

fn serve(asker: UnixStream, inbox: &Inbox) -> io::Result<()> {
    asker.set_read_timeout(Some(PATIENCE))?;
    asker.set_write_timeout(Some(PATIENCE))?;
    let who = socket_peercred(&asker)?.uid;
    if !who.is_root() && who != getuid() {
        // The file's mode says so already; a mode can be changed by mistake.
        return say(asker, (Answer::Refused("只有播放器所属用户和 root 可以控制播放器。".to_owned()), Vec::new()));
    }
    let mut line = String::new();
    BufReader::new(asker.try_clone()?.take(LONGEST_ASK)).read_line(&mut line)?;
    if line.is_empty() {
        return Ok(());
    }
    let reply = match serde_json::from_str::<Ask>(&line) {
        Err(_) => (Answer::Refused("播放器不认识这条命令，请使用与播放器同一版本的程序。".to_owned()), Vec::new()),
        Ok(ask) => asked(ask, inbox),
    };
    say(asker, reply)
}

fn asked(ask: Ask, inbox: &Inbox) -> Reply {
    let (answer, answered) = sync_channel(1);
    inbox.send(Event::Asked(ask, Asker(answer)));
    let silent = || (Answer::Refused("播放器没有及时答复，请稍后重试。".to_owned()), Vec::new());
    answered.recv_timeout(PATIENCE).unwrap_or_else(|_| silent())
}

fn say(mut asker: UnixStream, (answer, picture): Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(&answer).map_err(io::Error::other)?;
    line.push(b'\n');
    asker.write_all(&line)?;
    asker.write_all(&picture)
}
