//! A graphics card: which displays it has, and how they are reached.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd, BorrowedFd},
    path::{Path, PathBuf},
};

use drm::{
    Device as _,
    control::{Device as _, Mode, ModeTypeFlags, connector, crtc, dumbbuffer::DumbBuffer},
};

use crate::output::OutputError;

/// An open card.
pub(super) struct Card(File);

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Card {}
impl drm::control::Device for Card {}

/// A connector as it is now.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub connector: connector::Handle,
    /// As the kernel calls it: `HDMI-A-1`.
    pub name: String,
    pub state: connector::State,
    pub modes: Vec<Mode>,
}

impl Seen {
    /// What the display would like best.
    pub(super) fn mode(&self) -> Option<Mode> {
        let preferred = self.modes.iter().find(|mode| mode.mode_type().contains(ModeTypeFlags::PREFERRED));
        preferred.or(self.modes.first()).copied()
    }
}

/// The display to be shown on: the one that was named, else the first that is connected, else the first of which nobody
/// can say whether it is (a plain VGA cable).
pub(super) fn choose<'a>(seen: &'a [Seen], name: Option<&str>) -> Option<&'a Seen> {
    let mut named = seen.iter().filter(|seen| name.is_none_or(|name| seen.name == name));
    let unknown = |seen: &&Seen| seen.state == connector::State::Unknown && !seen.modes.is_empty();
    named.clone().find(|seen| seen.state == connector::State::Connected).or_else(|| named.find(unknown))
}

fn cards() -> Vec<PathBuf> {
    let entries = fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let is_card = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("card"));
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(is_card).collect();
    found.sort();
    found
}

/// Whether there is a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// None yet.
    Absent,
    /// One that may not be opened.
    Closed,
    /// One that may.
    Open,
}

impl Card {
    /// Whether there is a card to be opened.
    pub(super) fn presence(path: Option<&Path>) -> Presence {
        let candidates = path.map_or_else(cards, |path| vec![path.to_owned()]);
        let opened = candidates.iter().map(|path| File::options().read(true).write(true).open(path));
        opened.fold(Presence::Absent, |best, result| match result {
            Ok(_) => Presence::Open,
            Err(error) if error.kind() == io::ErrorKind::NotFound => best,
            Err(_) if best == Presence::Absent => Presence::Closed,
            Err(_) => best,
        })
    }

    /// Opens the card that was named, else the first with a display, else the first that could have one.
    pub(super) fn open(path: Option<&Path>, connector: Option<&str>) -> Result<Self, OutputError> {
        let candidates = path.map_or_else(cards, |path| vec![path.to_owned()]);
        let mut without_display = None;
        let mut faults = Vec::new();
        let mut names = Vec::new();
        for path in &candidates {
            match Self::try_open(path) {
                Ok((card, seen)) => {
                    let fits = connector.is_none_or(|name| seen.iter().any(|seen| seen.name == name));
                    names.extend(seen.iter().map(|seen| seen.name.clone()));
                    match choose(&seen, connector) {
                        Some(_) => return Ok(card),
                        None if fits && !seen.is_empty() => without_display = without_display.or(Some(card)),
                        None => {}
                    }
                }
                Err(error) => faults.push(format!("{}: {error}", path.display())),
            }
        }
        without_display.ok_or_else(|| {
            let wanted = connector.map(|name| format!("no connector {name} (there are: {})", names.join(", ")));
            let all = wanted.into_iter().filter(|_| !names.is_empty()).chain(faults).collect::<Vec<_>>().join("; ");
            OutputError::Display(if all.is_empty() { "there is no graphics card in /dev/dri".to_owned() } else { all })
        })
    }

    fn try_open(path: &Path) -> io::Result<(Self, Vec<Seen>)> {
        let card = Self(File::options().read(true).write(true).open(path)?);
        // Whoever opens a card first owns it already; then this only says so again.
        let _ = card.acquire_master_lock();
        let seen = card.displays(true)?;
        Ok((card, seen))
    }

    /// All connectors; with `probe`, the displays are asked, which takes a moment each.
    pub(super) fn displays(&self, probe: bool) -> io::Result<Vec<Seen>> {
        let mut seen = Vec::new();
        for handle in self.resource_handles()?.connectors() {
            let info = self.get_connector(*handle, probe)?;
            seen.push(Seen {
                connector: *handle,
                name: info.to_string(),
                state: info.state(),
                modes: info.modes().to_vec(),
            });
        }
        Ok(seen)
    }

    /// What feeds a connector: what feeds it now, else the first that can.
    pub(super) fn crtc_for(&self, connector: connector::Handle) -> io::Result<crtc::Handle> {
        let info = self.get_connector(connector, false)?;
        let now = info.current_encoder().and_then(|encoder| self.get_encoder(encoder).ok()?.crtc());
        if let Some(crtc) = now {
            return Ok(crtc);
        }
        let resources = self.resource_handles()?;
        let encoders = info.encoders().iter().filter_map(|encoder| self.get_encoder(*encoder).ok());
        let mut possible = encoders.flat_map(|encoder| resources.filter_crtcs(encoder.possible_crtcs()));
        possible.next().ok_or_else(|| io::Error::other("the card cannot feed this connector"))
    }

    /// No pointer that somebody left behind.
    pub(super) fn hide_cursor(&self, crtc: crtc::Handle) {
        #[expect(deprecated, reason = "what replaces it needs planes, which not every driver shows")]
        let _ = self.set_cursor(crtc, None::<&DumbBuffer>);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn seen(number: u32, name: &str, state: connector::State) -> Seen {
        let connector = connector::Handle::from(NonZeroU32::new(number).unwrap());
        Seen { connector, name: name.to_owned(), state, modes: Vec::new() }
    }

    #[test]
    fn the_display_that_was_named_is_taken_and_else_the_first_that_is_connected() {
        let all = [
            seen(1, "VGA-1", connector::State::Disconnected),
            seen(2, "HDMI-A-1", connector::State::Connected),
            seen(3, "HDMI-A-2", connector::State::Connected),
        ];
        let chosen = |name| choose(&all, name).map(|seen| seen.name.as_str());
        assert_eq!(chosen(None), Some("HDMI-A-1"));
        assert_eq!(chosen(Some("HDMI-A-2")), Some("HDMI-A-2"));
        assert_eq!(chosen(Some("VGA-1")), None, "it is off");
        assert_eq!(chosen(Some("DP-1")), None, "there is none");
        assert!(choose(&[seen(1, "VGA-1", connector::State::Unknown)], None).is_none(), "nothing is known of it");
    }

    #[test]
    fn a_card_is_there_as_soon_as_one_of_them_can_be_opened() {
        assert_eq!(Card::presence(Some(Path::new("/nonexistent/card7"))), Presence::Absent);
        assert_eq!(Card::presence(Some(Path::new("/dev"))), Presence::Closed, "nobody writes to a folder");
        assert_eq!(Card::presence(Some(Path::new("/dev/null"))), Presence::Open);
    }

    #[test]
    fn a_card_that_is_not_there_is_an_error_that_names_it() {
        let Err(error) = Card::open(Some(Path::new("/nonexistent/card7")), None) else { panic!("it is not there") };
        assert!(error.to_string().contains("/nonexistent/card7"), "{error}");
    }
}
