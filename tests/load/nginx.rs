//! nginx as Debian has it, our own child on a port of its own, serving files of one folder.

use std::{
    fs::{self, Permissions},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use tempfile::TempDir;
use xuanping_tests::{
    programs,
    waiting::{LONG, until},
};

/// It, until it is dropped.
pub struct Nginx {
    folder: TempDir,
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nginx {
    /// Serves `file` under `path`.
    pub fn serving(path: &str, file: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Its workers are another user if it is started by root.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("our own folder");
        let served = folder.path().join("files").join(path.trim_start_matches('/'));
        fs::create_dir_all(served.parent().expect("a folder")).expect("a folder");
        fs::write(&served, file).expect("a file");
        // Whoever takes the port between us and nginx makes it fail, and this with it.
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let settings = folder.path().join("nginx.conf");
        fs::write(&settings, settings_of(folder.path(), address)).expect("settings");
        let child = Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .arg("-c")
            .arg(&settings)
            .stdin(Stdio::null())
            .spawn()
            .expect("Debian's nginx is there (make load-bench installs it)");
        until("nginx to listen", LONG, || TcpStream::connect(address).map(drop).map_err(|e| e.to_string()));
        Self { folder, child, address }
    }

    /// Which it is.
    pub fn version() -> String {
        let said = Command::new("/usr/sbin/nginx").arg("-v").output().expect("Debian's nginx is there");
        String::from_utf8_lossy(&said.stderr).trim().trim_start_matches("nginx version: ").to_owned()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        programs::signal(&self.child, Signal::TERM);
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default());
        }
    }
}

/// What Debian sets, with a worker for each core, without a log of requests (we write none either), and with connections that
/// are kept as long as ours.
fn settings_of(folder: &Path, address: SocketAddr) -> String {
    let own = folder.display();
    format!(
        "daemon off;
pid {own}/nginx.pid;
worker_processes auto;
events {{ worker_connections 2048; }}
http {{
  sendfile on;
  tcp_nopush on;
  access_log off;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path {own}/body;
  proxy_temp_path {own}/proxy;
  fastcgi_temp_path {own}/fastcgi;
  uwsgi_temp_path {own}/uwsgi;
  scgi_temp_path {own}/scgi;
  server {{ listen {address}; root {own}/files; }}
}}
"
    )
}
