//! A playlist from any bytes: reading it, and asking it for any instant, ends with an answer; written again it is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::{geometry::ZoneName, playlist::Playlist, time::UtcMillis};

fuzz_target!(|bytes: &[u8]| {
    let Ok(playlist) = Playlist::from_bytes(bytes) else { return };
    assert_eq!(Playlist::from_bytes(&playlist.to_bytes()), Ok(playlist.clone()));
    for at in [i64::MIN, 0, 1_764_000_000_000, 1_800_000_000_000, i64::MAX] {
        for zone in [ZoneName::Main, ZoneName::Ticker, ZoneName::Audio] {
            let _ = playlist.on_air(zone, UtcMillis(at));
        }
    }
});
