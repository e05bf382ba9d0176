//! Keep-alive connections of one thread, as light as can be: a request goes out in one write, an answer is read when the
//! kernel says that there is one.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
};
use xuanping_core::{sign::SecretKey, time::UtcMillis, wire::RequestProof};

/// A `GET` by the holder of a device key, signed as of an instant, without the empty line at its end: what is not signed can
/// still be added.
pub fn signed_get(key: &SecretKey, path: &str, at: UtcMillis) -> Vec<u8> {
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (name, value) in RequestProof::make(key, "GET", path, at, b"").headers() {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.into_bytes()
}

/// The same with the tag of what is known already.
pub fn unless_still(mut request: Vec<u8>, tag: &str) -> Vec<u8> {
    request.extend_from_slice(format!("if-none-match: {tag}\r\n\r\n").as_bytes());
    request
}

/// An answer that has come in whole.
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    head: &'a [u8],
    /// What follows the head.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// A header by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// Bytes on the wire.
    pub fn bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = head.split(|byte| *byte == b'\n');
    let found = lines.filter(|line| line.get(name.len()) == Some(&b':'));
    let mut found = found.filter(|line| line[..name.len()].eq_ignore_ascii_case(name.as_bytes()));
    std::str::from_utf8(&found.next()?[name.len() + 1..]).ok().map(str::trim)
}

/// One connection.
pub struct Connection {
    socket: TcpStream,
    inbox: Vec<u8>,
    answered: usize,
}

impl Connection {
    /// Opens it.
    pub fn open(to: SocketAddr) -> Self {
        let socket = TcpStream::connect(to).expect("it listens");
        socket.set_nodelay(true).expect("a socket");
        socket.set_nonblocking(true).expect("a socket");
        Self { socket, inbox: Vec::with_capacity(1_024), answered: 0 }
    }

    /// Sends a request; the answer before has come.
    pub fn send(&mut self, request: &[u8]) {
        self.inbox.clear();
        let sent = self.socket.write(request).expect("the connection stands");
        assert_eq!(sent, request.len(), "a request fits into the socket's buffer");
    }

    /// Reads what has come; the answer if it is whole.
    pub fn read(&mut self) -> Option<Answer<'_>> {
        let mut some = [0; 4_096];
        loop {
            match self.socket.read(&mut some) {
                Ok(0) => panic!("the connection was closed after {} answers", self.answered),
                Ok(read) => {
                    self.inbox.extend_from_slice(&some[..read]);
                    if read < some.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("the connection failed after {} answers: {error}", self.answered),
            }
        }
        let end = self.inbox.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let (head, body) = self.inbox.split_at(end);
        let status = std::str::from_utf8(&head[9..12]).expect("digits").parse().expect("a status");
        let length = header(head, "content-length").map_or(0, |length| length.parse().expect("a number"));
        if body.len() < length {
            return None;
        }
        assert_eq!(body.len(), length, "nobody asked for more");
        self.answered += 1;
        Some(Answer { status, head, body })
    }
}

/// Says which of some connections have something to read.
pub struct Watch {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Watch {
    /// Watches these, which it names by their places.
    pub fn over<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("epoll");
        for (place, connection) in connections.into_iter().enumerate() {
            let place = EventData::new_u64(place as u64);
            epoll::add(&epoll, &connection.socket, place, EventFlags::IN).expect("a socket");
        }
        Self { epoll, events: Vec::with_capacity(256) }
    }

    /// The places of those that have, as soon as one has; none if it takes longer than this.
    pub fn ready(&mut self, patience: Duration) -> impl Iterator<Item = usize> {
        let timeout = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: i64::from(patience.subsec_nanos()) };
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)).expect("epoll");
        self.events.drain(..).map(|event| event.data.u64() as usize)
    }
}
