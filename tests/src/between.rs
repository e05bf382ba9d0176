//! Somebody on the line between a player and its server, who passes everything on, or answers in the server's place.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The line.
pub struct Between {
    address: SocketAddr,
    line: Arc<Mutex<Line>>,
    told: Arc<AtomicUsize>,
}

/// How the line is.
#[derive(Debug, Clone, Copy)]
pub enum Line {
    /// Everything is passed on.
    Good,
    /// Something is answered in the server's place.
    Lies(Lie),
    /// Answers come byte by byte, ten a second.
    Drips,
    /// Of every answer only the first half comes, and then the end.
    CutShort,
    /// Requests are read, and then nothing more is said.
    HalfClosed,
    /// Connections are taken and nothing is read or said.
    Silent,
    /// Requests for these paths, after the API's prefix, are lost before the server hears of them.
    Without(&'static [&'static str]),
    /// The server does what requests for these paths ask for, and nobody hears its answer.
    Unheard(&'static [&'static str]),
}

/// For how long a bad line keeps a connection.
const HELD: Duration = Duration::from_mins(1);

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
        let (line, told) = (Arc::new(Mutex::new(Line::Good)), Arc::new(AtomicUsize::new(0)));
        let (lines, counted) = (line.clone(), told.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, lines, counted) = (server.clone(), lines.clone(), counted.clone());
                // A connection that breaks is the player's to live with.
                std::thread::spawn(move || pass_on(client, &server, &lines, &counted));
            }
        });
        Self { address, line, told }
    }

    /// Where the player goes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers so from now on; `None`: passes everything on.
    pub fn says(&self, lie: Option<Lie>) {
        self.is(lie.map_or(Line::Good, Line::Lies));
    }

    /// The line is so from now on.
    pub fn is(&self, line: Line) {
        *self.line.lock().expect("not poisoned") = line;
        self.told.store(0, Ordering::SeqCst);
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many requests have met a bad line since it became so.
    pub fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }
}

/// One request a connection.
fn pass_on(mut client: TcpStream, server: &str, line: &Mutex<Line>, told: &AtomicUsize) -> std::io::Result<()> {
    // The lock is not held while nothing is said.
    let silent = matches!(*line.lock().expect("not poisoned"), Line::Silent);
    if silent {
        told.fetch_add(1, Ordering::SeqCst);
        thread::sleep(HELD);
        return Ok(());
    }
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
    // Browsers connect before they have anything to ask: what counts is how the line is when they ask.
    let line = *line.lock().expect("not poisoned");
    let ask = || {
        let mut upstream = TcpStream::connect(server)?;
        upstream.write_all(head.as_bytes())?;
        upstream.write_all(&body)?;
        Ok::<_, std::io::Error>(upstream)
    };
    let path = head.split_whitespace().nth(1).and_then(|path| path.strip_prefix("/player/v1/")).unwrap_or_default();
    let is_for = |paths: &[&str]| paths.contains(&path.split('?').next().unwrap_or_default());
    match line {
        Line::Without(paths) if is_for(paths) => {
            told.fetch_add(1, Ordering::SeqCst);
        }
        Line::Unheard(paths) if is_for(paths) => {
            std::io::copy(&mut ask()?, &mut std::io::sink())?;
            told.fetch_add(1, Ordering::SeqCst);
        }
        Line::Lies(lie) if !head.contains("/player/v1/time") => {
            told.fetch_add(1, Ordering::SeqCst);
            write!(client, "{lie}")?;
        }
        Line::Good | Line::Lies(_) | Line::Without(_) | Line::Unheard(_) => {
            std::io::copy(&mut ask()?, &mut client)?;
        }
        Line::Silent => {}
        Line::HalfClosed => {
            told.fetch_add(1, Ordering::SeqCst);
            // What was asked for is done; only nobody hears of it.
            std::io::copy(&mut ask()?, &mut std::io::sink())?;
            client.shutdown(Shutdown::Write)?;
            thread::sleep(HELD);
            return Ok(());
        }
        Line::Drips | Line::CutShort => {
            told.fetch_add(1, Ordering::SeqCst);
            let mut answer = Vec::new();
            ask()?.read_to_end(&mut answer)?;
            if let Line::CutShort = line {
                client.write_all(&answer[..answer.len() / 2])?;
            } else {
                for byte in answer.chunks(1) {
                    client.write_all(byte)?;
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }
    client.shutdown(Shutdown::Write)
}

impl std::fmt::Display for Lie {
    /// The whole answer.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let problem = format!(r#"{{"type":"urn:xuanping:problem:{}","title":"x","detail":"x"}}"#, self.kind);
        write!(
            f,
            "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{problem}",
            self.status,
            problem.len()
        )
    }
}
