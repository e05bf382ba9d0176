//! What this machine can play, found out without playing anything.

use gstreamer::{Caps, ElementFactory, ElementFactoryType, Rank};

use crate::{
    protocol::{Abilities, VERSION},
    speaker::Speakers,
};

/// Elements without which nothing is shown, and those without which nothing sounds.
const FOR_CLIPS: [&str; 4] = ["playbin", "qtdemux", "videoconvertscale", "appsink"];
const FOR_SOUND: [&str; 5] = ["playbin", "audioconvert", "audioresample", "appsink", "appsrc"];
/// Media types to be decoded.
const CLIP_TYPES: [&str; 2] = ["video/x-h264", "audio/mpeg, mpegversion=(int)4"];
const SOUND_TYPES: [&str; 2] = ["audio/mpeg, mpegversion=(int)1, layer=(int)3", "audio/mpeg, mpegversion=(int)4"];

/// Asks the registry; opens the sound device for a moment.
pub fn of_this_machine() -> Abilities {
    let mut missing = Vec::new();
    let clips = all(&FOR_CLIPS, &CLIP_TYPES, &mut missing);
    let sound = all(&FOR_SOUND, &SOUND_TYPES, &mut missing);
    missing.sort_unstable();
    missing.dedup();
    Abilities {
        protocol: VERSION,
        gstreamer: gstreamer::version_string().to_string(),
        clips,
        sound,
        sound_device: Speakers::default().any(),
        missing,
    }
}

fn all(elements: &[&str], types: &[&str], missing: &mut Vec<String>) -> bool {
    let before = missing.len();
    missing.extend(elements.iter().filter(|name| ElementFactory::find(name).is_none()).map(|&name| name.to_owned()));
    let decoders = ElementFactory::factories_with_type(ElementFactoryType::DECODER, Rank::MARGINAL);
    let decodable = |text: &str| text.parse::<Caps>().is_ok_and(|c| decoders.iter().any(|d| d.can_sink_any_caps(&c)));
    missing.extend(types.iter().filter(|text| !decodable(text)).map(|&text| text.to_owned()));
    missing.len() == before
}
