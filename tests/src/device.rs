//! A device's side of the player API, spoken by hand: what a stolen, cloned or broken player could send.

use reqwest::{Method, blocking::Response};
use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlist::{Manifest, Playlist},
    playlog::{Receipt, SignedBatch},
    sign::{Context, PublicKey, SecretKey},
    wire::{Capabilities, Enrolment, EnrolmentRequest, EnrolmentState, RequestProof},
};

use crate::{
    clock,
    console::{Refusal, plain_client},
};

/// Somebody who holds a device key.
pub struct Device {
    url: String,
    /// The key.
    pub key: SecretKey,
    /// How far its clock is ahead, in milliseconds.
    ahead: i64,
}

impl Device {
    /// Speaks to the server at `url` with `key`.
    pub fn new(url: &str, key: SecretKey) -> Self {
        Self { url: url.to_owned(), key, ahead: 0 }
    }

    /// The same so many days later: its clock is that of a server that was started days later.
    #[must_use]
    pub fn days_later(mut self, days: u32) -> Self {
        self.ahead = i64::from(days) * 86_400_000;
        self
    }

    /// Sends a request signed by the key.
    pub fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Response, Refusal> {
        let path = format!("/player/v1/{path}");
        let proof = RequestProof::make(&self.key, method.as_str(), &path, clock::now().plus(self.ahead), &body);
        let mut request = plain_client().request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in proof.headers() {
            request = request.header(name, value);
        }
        Refusal::unless_well(request.send().expect("the server answers"))
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        Ok(self.send(Method::GET, path, Vec::new())?.bytes().expect("a whole answer").to_vec())
    }

    /// Introduces itself, as a new player does.
    pub fn introduce(&self, capabilities: Capabilities) -> Result<Enrolment, Refusal> {
        let request = EnrolmentRequest { public_key: self.key.public(), capabilities, token: None };
        let body = serde_json::to_vec(&request).expect("JSON");
        Ok(self.send(Method::POST, "enrolments", body)?.json().expect("an enrolment"))
    }

    /// Where its enrolment stands.
    pub fn enrolment(&self) -> Result<Enrolment, Refusal> {
        Ok(self.send(Method::GET, "enrolments/mine", Vec::new())?.json().expect("an enrolment"))
    }

    /// The code on its screen, or why there is none.
    pub fn waiting_code(&self) -> Result<String, String> {
        match self.enrolment() {
            Ok(Enrolment { state: EnrolmentState::Waiting { code, .. }, .. }) => Ok(code),
            other => Err(format!("{other:?}")),
        }
    }

    /// The screen it is.
    pub fn screen(&self) -> ScreenId {
        match self.enrolment().expect("the server knows the device").state {
            EnrolmentState::Enrolled { screen } => screen,
            EnrolmentState::Waiting { .. } => panic!("the device is not paired"),
        }
    }

    /// The key that signs for the server.
    pub fn publisher(&self) -> PublicKey {
        self.enrolment().expect("the server knows the device").publisher
    }

    /// Its manifest, verified.
    pub fn manifest(&self) -> Result<Manifest, Refusal> {
        let signed = self.bytes("manifest")?;
        let payload = self.publisher().verify(Context::Manifest, &signed).expect("signed by the publisher");
        Ok(Manifest::from_payload(&payload).expect("a manifest"))
    }

    /// A playlist, verified against its name.
    pub fn playlist(&self, digest: Digest) -> Playlist {
        let bytes = self.bytes(&format!("playlists/{digest}")).expect("the playlist is there");
        assert_eq!(Digest::of(&bytes), digest, "a playlist is named by its digest");
        Playlist::from_bytes(&bytes).expect("a playlist")
    }

    /// Reports a batch; the receipt is verified.
    pub fn report(&self, batch: &SignedBatch) -> Result<Receipt, Refusal> {
        self.report_bytes(batch.signed().to_vec())
    }

    /// Reports whatever bytes.
    pub fn report_bytes(&self, bytes: Vec<u8>) -> Result<Receipt, Refusal> {
        let answer = self.send(Method::POST, "play-batches", bytes)?.bytes().expect("a whole answer");
        Ok(Receipt::verify(&answer, &self.publisher()).expect("signed by the publisher"))
    }
}
