//! Whether the wall gives light: told to the journal whenever it changes, so that every second without a play has its
//! reason, and nothing that nobody could see counts as shown.

use xuanping_core::{
    playlog::{WallChange, WallReason, WallState},
    wire::DisplayState,
};

use super::life::Life;
use crate::{clock::Moment, journal::Record};

/// What decides whether the wall gives light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Somebody at the machine made it black.
    pub ordered: bool,
    /// Its hours make it black.
    pub hours: bool,
    /// The output refused the frame.
    pub refused: bool,
    /// What the output can tell.
    pub seen: WallState,
    /// What the kernel says of the displays, if anything.
    pub display: Option<DisplayState>,
}

impl Look {
    /// How the wall is, and if it is not on, why.
    fn state(self) -> (WallState, WallReason) {
        let display = match (self.seen, self.display) {
            (WallState::Unknown, Some(DisplayState::Asleep)) => WallState::Off,
            // A splitter in between may hide a display that shows everything.
            (WallState::Unknown, Some(DisplayState::Unplugged)) => WallState::Unknown,
            (WallState::Unknown, _) => WallState::On,
            (said, _) => said,
        };
        match (display, self) {
            (_, Self { ordered: true, .. }) => (WallState::Off, WallReason::Order),
            (_, Self { hours: true, .. }) => (WallState::Off, WallReason::Hours),
            (_, Self { refused: true, .. }) => (WallState::Off, WallReason::Fault),
            (WallState::On, _) => (WallState::On, WallReason::NotKnown),
            (state, _) => (state, WallReason::Fault),
        }
    }
}

impl Life<'_> {
    /// Writes down how the wall is, if that is news. `shown`: the output took the frame.
    pub(super) fn watch_wall(&mut self, seen: WallState, shown: bool, now: Moment) {
        if self.journal.is_none() {
            return;
        }
        let look = Look {
            ordered: self.state.is_dark(),
            hours: self.state.is_off(),
            refused: !shown,
            seen,
            display: self.health.display,
        };
        let (state, why) = look.state();
        let before = self.lamp.replace((state, why));
        if before == Some((state, why)) {
            return;
        }
        // What made it dark is what is over when it is lit again.
        let why = if state == WallState::On { before.map_or(why, |(_, why)| why) } else { why };
        tracing::info!(?state, ?why, "the wall");
        self.write(&Record::Wall(WallChange { from: now.wall, state, why }, now.monotonic));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIT: Look =
        Look { ordered: false, hours: false, refused: false, seen: WallState::On, display: Some(DisplayState::On) };

    #[test]
    fn a_wall_is_on_unless_something_says_that_nobody_can_see_it() {
        let off = |why| (WallState::Off, why);
        for (look, state) in [
            (LIT, (WallState::On, WallReason::NotKnown)),
            (Look { ordered: true, hours: true, refused: true, ..LIT }, off(WallReason::Order)),
            (Look { hours: true, refused: true, ..LIT }, off(WallReason::Hours)),
            (Look { refused: true, ..LIT }, off(WallReason::Fault)),
            (Look { seen: WallState::Off, ..LIT }, off(WallReason::Fault)),
        ] {
            assert_eq!(look.state(), state, "{look:?}");
        }
    }

    #[test]
    fn where_the_output_cannot_tell_the_kernel_is_asked() {
        let seen = |display| Look { seen: WallState::Unknown, display, ..LIT }.state().0;
        assert_eq!(seen(Some(DisplayState::On)), WallState::On);
        assert_eq!(seen(Some(DisplayState::Asleep)), WallState::Off);
        assert_eq!(seen(Some(DisplayState::Unplugged)), WallState::Unknown, "perhaps behind a splitter");
        assert_eq!(seen(None), WallState::On, "no kernel knows of it, and nothing says otherwise");
    }
}
