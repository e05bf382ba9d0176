//! Somebody on the line between a player and its server, who passes everything on, or answers in the server's place.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The line.
pub struct Between {
    address: SocketAddr,
    lie: Arc<Mutex<Option<Lie>>>,
    told: Arc<AtomicUsize>,
}

/// What is answered to everything but the question for the time, which is passed on: the server behind it is the right one.
#[derive(Debug, Clone, Copy)]
pub struct Lie {
    /// HTTP status with its words.
    pub status: &'static str,
    /// The last part of the problem's type.
    pub kind: &'static str,
}

impl Between {
    /// In front of the server at `url`.
    pub fn before(url: &str) -> Self {
        let server = url.strip_prefix("http://").expect("an address").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (lie, told) = (Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
        let (lies, counted) = (lie.clone(), told.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, lies, counted) = (server.clone(), lies.clone(), counted.clone());
                // A connection that breaks is the player's to live with.
                std::thread::spawn(move || pass_on(client, &server, &lies, &counted));
            }
        });
        Self { address, lie, told }
    }

    /// Where the player goes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers so from now on; `None`: passes everything on.
    pub fn says(&self, lie: Option<Lie>) {
        *self.lie.lock().expect("not poisoned") = lie;
        self.told.store(0, Ordering::SeqCst);
    }

    /// How often it answered so.
    pub fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }
}

/// One request a connection.
fn pass_on(client: TcpStream, server: &str, lie: &Mutex<Option<Lie>>, told: &AtomicUsize) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            head.push_str("connection: close\r\n\r\n");
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut client = client;
    let lie = lie.lock().expect("not poisoned").filter(|_| !head.contains("/player/v1/time"));
    if let Some(lie) = lie {
        told.fetch_add(1, Ordering::SeqCst);
        let problem = format!(r#"{{"type":"urn:xuanping:problem:{}","title":"x","detail":"x"}}"#, lie.kind);
        write!(
            client,
            "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{problem}",
            lie.status,
            problem.len()
        )?;
        return client.shutdown(Shutdown::Write);
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(head.as_bytes())?;
    upstream.write_all(&body)?;
    std::io::copy(&mut upstream, &mut client)?;
    client.shutdown(Shutdown::Write)
}
