//! Which decoder shows a clip: that of the graphics chip where there is one, for a small processor has better to do; and the
//! processor's own when that fails.
//!
//! GStreamer takes the decoder of the highest rank that takes the stream. Debian ranks some drivers' decoders below those
//! in software, or not at all; here all that call themselves hardware are ranked above. Ranks that whoever set this machine
//! up gave by `GST_PLUGIN_FEATURE_RANK` are left alone.

use gstreamer::{Bin, ElementFactory, ElementFactoryType, Rank, prelude::*};

use crate::protocol::Decoder;

/// Above every decoder in software.
const FIRST: i32 = 512;
/// Decoders that are hardware but do not say so, by the names of their elements, separated by commas.
const FURTHER: &str = "XUANPING_HARDWARE_DECODERS";
/// GStreamer's own setting of ranks.
const RANKS: &str = "GST_PLUGIN_FEATURE_RANK";

/// Has the chip's decoders tried first.
pub fn prefer_hardware() {
    rank_hardware(Rank::from(FIRST));
}

/// Has them tried no more.
pub fn avoid_hardware() {
    rank_hardware(Rank::NONE);
}

fn rank_hardware(rank: Rank) {
    let said = std::env::var(RANKS).unwrap_or_default();
    let is_said = |name: &str| said.split(',').any(|pair| pair.split(':').next().is_some_and(|n| n.trim() == name));
    let kind = ElementFactoryType::DECODER | ElementFactoryType::MEDIA_VIDEO;
    for factory in ElementFactory::factories_with_type(kind, Rank::NONE) {
        if is_hardware(&factory) && !is_said(&factory.name()) {
            factory.set_rank(rank);
        }
    }
}

fn is_hardware(factory: &ElementFactory) -> bool {
    let further = std::env::var(FURTHER).unwrap_or_default();
    class(factory).contains("Hardware") || further.split(',').any(|name| name.trim() == factory.name())
}

fn class(factory: &ElementFactory) -> String {
    factory.metadata("klass").unwrap_or_default().to_owned()
}

/// The one that decodes the picture of an open pipeline.
pub fn of(pipeline: &impl IsA<Bin>) -> Option<Decoder> {
    // Elements come and go while it is being looked at: what cannot be read right now is left out.
    let mut factories = pipeline.iterate_recurse().into_iter().filter_map(|element| element.ok()?.factory());
    let found = factories.find(|factory| {
        let class = class(factory);
        class.contains("Decoder") && class.contains("Video")
    })?;
    Some(Decoder { name: found.name().to_string(), hardware: is_hardware(&found) })
}
