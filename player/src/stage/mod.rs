//! What the wall looks like: scenes made of layers, composed into a frame, touching only the pixels that changed.
//!
//! Pure: the same scene at the same instant gives the same pixels, on every screen of the county.

mod frame;
mod identity;
mod lettering;
mod pairing;
mod picture;
#[cfg(test)]
mod sheets;
mod standby;
mod strip;
#[cfg(test)]
mod tests;
mod transition;

pub use frame::{Colour, Frame};
pub use identity::Identity;
pub use picture::{Picture, PictureError};
pub use strip::strip_offset;

use std::sync::Arc;

use transition::Passing;
use xuanping_core::{
    geometry::{Rect, Size, ZoneName},
    playlist::{Percent, Transition},
    time::UtcMillis,
    vocabulary::ScreenKind,
};

use crate::pacing::FrameNumber;

/// What the whole wall shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Scene {
    /// The pairing screen, with the code as soon as there is one.
    Pairing {
        /// Eight digits.
        code: Option<String>,
    },
    /// Black: somebody at the machine wants it so.
    Dark,
    /// Who this screen is, because the office wants to see it.
    Identity(Arc<Identity>),
    /// The standby picture over everything.
    Standby,
    /// The zones of the screen.
    Zones(Vec<Layer>),
}

/// One zone's part of the wall.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Where.
    pub rect: Rect,
    /// What.
    pub content: Content,
}

/// What one zone shows.
#[derive(Debug, Clone)]
pub enum Content {
    /// Black: a takeover that has nothing for this zone.
    Black,
    /// The standby picture, or its ground in a zone too small for it.
    Standby,
    /// A still.
    Picture(Arc<Picture>),
    /// A line of text, standing or scrolling.
    Strip {
        /// Its pixels.
        strip: Arc<Picture>,
        /// Its speed when it scrolls.
        pixels_per_second: u32,
        /// When its pass began; `None`: it is held, and passes without end.
        start: Option<UtcMillis>,
    },
    /// The newest frame of what the media worker plays in this zone.
    Clip(ZoneName),
}

impl PartialEq for Content {
    /// Pictures are compared by identity: they are decoded once.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Black, Self::Black) | (Self::Standby, Self::Standby) => true,
            (Self::Picture(a), Self::Picture(b)) => Arc::ptr_eq(a, b),
            (
                Self::Strip { strip: a, pixels_per_second: speed_a, start: start_a },
                Self::Strip { strip: b, pixels_per_second: speed_b, start: start_b },
            ) => Arc::ptr_eq(a, b) && speed_a == speed_b && start_a == start_b,
            (Self::Clip(a), Self::Clip(b)) => a == b,
            _ => false,
        }
    }
}

/// The wall a stage draws for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// Its pixels.
    pub size: Size,
    /// What it is made of: LED gets crisp bitmap digits and black grounds.
    pub kind: ScreenKind,
    /// A line for the operator on the pairing screen, e.g. the server's address.
    pub note: String,
}

/// How a stage draws besides what it draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Light {
    /// How bright.
    pub brightness: Percent,
    /// How one still gives way to the next.
    pub transition: Transition,
}

/// Draws scenes, remembering what is drawn already.
#[derive(Debug)]
pub struct Stage {
    wall: Wall,
    light: Light,
    frame: Frame,
    drawn: Option<Scene>,
    offsets: Vec<Option<i64>>,
    passing: Vec<Option<Passing>>,
}

/// Which frame of a clip will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fresh {
    /// Only one that was not drawn yet.
    Needed,
    /// The newest there is: the zone showed something else before.
    Any,
}

/// Gives frames of the clips that play in zones; `None`: the zone stays as it is.
pub type Frames<'a> = dyn FnMut(ZoneName, Fresh) -> Option<Arc<Picture>> + 'a;

/// How often a scrolling strip moves at most, in frames per second.
pub const FRAMES_PER_SECOND: i64 = 60;

impl Stage {
    /// A stage whose frame is black.
    pub fn new(wall: Wall) -> Self {
        let frame = Frame::new(wall.size);
        let light = Light { brightness: Percent::FULL, transition: Transition::Cut };
        Self { wall, light, frame, drawn: None, offsets: Vec::new(), passing: Vec::new() }
    }

    /// Draws like this from now on. What is drawn is drawn anew if it is to be brighter or darker.
    pub fn set_light(&mut self, light: Light) {
        if light.brightness != self.light.brightness {
            self.drawn = None;
        }
        self.light = light;
    }

    /// When it has to be drawn again because one still gives way to the next.
    pub fn next_step(&self, at: UtcMillis) -> Option<UtcMillis> {
        self.passing.iter().any(Option::is_some).then(|| at.plus(transition::STEP))
    }

    /// The frame as last drawn.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Draws the scene as it is at `at`, with the clips' `frames`. Returns what changed.
    pub fn draw(&mut self, scene: &Scene, at: UtcMillis, frames: &mut Frames<'_>) -> Vec<Rect> {
        if self.wall.size.width == 0 || self.wall.size.height == 0 {
            // A loudspeaker.
            return Vec::new();
        }
        let same = self.drawn.as_ref() == Some(scene);
        match scene {
            Scene::Zones(layers) => self.draw_layers(layers, at, frames),
            Scene::Pairing { .. } | Scene::Standby | Scene::Dark | Scene::Identity(_) if same => Vec::new(),
            Scene::Pairing { code } => {
                pairing::draw(&mut self.frame, &self.wall, code.as_deref());
                self.whole(scene)
            }
            Scene::Identity(identity) => {
                identity::draw(&mut self.frame, &self.wall, identity);
                self.whole(scene)
            }
            Scene::Dark => {
                self.frame.fill(self.wall.size.rect(), Colour::BLACK);
                self.whole(scene)
            }
            Scene::Standby => {
                standby::draw(&mut self.frame, self.wall.size.rect(), self.wall.kind);
                self.whole(scene)
            }
        }
    }

    fn whole(&mut self, scene: &Scene) -> Vec<Rect> {
        self.drawn = Some(scene.clone());
        self.offsets.clear();
        self.passing.clear();
        self.dim(self.wall.size.rect());
        vec![self.wall.size.rect()]
    }

    /// What was just drawn, as bright as it shall be.
    fn dim(&mut self, rect: Rect) {
        if self.light.brightness < Percent::FULL {
            self.frame.dim(rect, self.light.brightness.get());
        }
    }

    fn draw_layers(&mut self, layers: &[Layer], at: UtcMillis, frames: &mut Frames<'_>) -> Vec<Rect> {
        let mut damage = Vec::new();
        let before = match self.drawn.take() {
            Some(Scene::Zones(before)) if rects(&before).eq(rects(layers)) => before,
            _ => {
                // Whatever no zone covers is black.
                self.frame.fill(self.wall.size.rect(), Colour::BLACK);
                damage.push(self.wall.size.rect());
                self.offsets.clear();
                self.passing.clear();
                Vec::new()
            }
        };
        self.offsets.resize(layers.len(), None);
        self.passing.resize_with(layers.len(), || None);
        for (place, layer) in layers.iter().enumerate() {
            let Some(rect) = self.frame.clip(layer.rect) else { continue };
            let same = before.get(place).is_some_and(|b| b.content == layer.content);
            if same && let Some(passing) = &self.passing[place] {
                damage.push(passing.draw(&mut self.frame, at));
                if passing.is_over(at) {
                    self.passing[place] = None;
                }
                continue;
            }
            let gives_way = match (before.get(place).map(|layer| &layer.content), &layer.content) {
                (Some(Content::Picture(_)), Content::Picture(_)) if !same && !self.light.transition.is_cut() => {
                    Some(transition::part(&self.frame, rect))
                }
                _ => None,
            };
            if !same {
                self.passing[place] = None;
            }
            match &layer.content {
                Content::Black if !same => self.frame.fill(rect, Colour::BLACK),
                Content::Standby if !same => standby::draw(&mut self.frame, rect, self.wall.kind),
                Content::Picture(picture) if !same => self.frame.blit_centred(rect, picture),
                Content::Strip { strip, pixels_per_second, start } => {
                    let offset = strip_offset(strip.size(), layer.rect.size(), *pixels_per_second, *start, at);
                    if same && self.offsets[place] == Some(offset) {
                        continue;
                    }
                    self.offsets[place] = Some(offset);
                    strip::draw(&mut self.frame, layer.rect, strip, offset);
                }
                Content::Clip(zone) => match frames(*zone, if same { Fresh::Needed } else { Fresh::Any }) {
                    Some(picture) => self.frame.blit_centred(rect, &picture),
                    None => continue,
                },
                _ => continue,
            }
            self.dim(rect);
            self.passing[place] =
                gives_way.map(|from| Passing::new(self.light.transition, rect, from, &self.frame, at));
            if let Some(passing) = &self.passing[place] {
                passing.draw(&mut self.frame, at);
            }
            damage.push(rect);
        }
        self.drawn = Some(Scene::Zones(layers.to_vec()));
        damage
    }
}

fn rects(layers: &[Layer]) -> impl Iterator<Item = Rect> + '_ {
    layers.iter().map(|layer| layer.rect)
}

/// What moves on a scene: which of its frames is due at `at`; `None` if nothing does.
pub fn moving(scene: &Scene, at: UtcMillis) -> Option<FrameNumber> {
    let Scene::Zones(layers) = scene else { return None };
    let anchor = |layer: &Layer| match &layer.content {
        Content::Strip { strip, start, .. } if strip.size().width > layer.rect.width => {
            Some(start.unwrap_or(UtcMillis(0)))
        }
        _ => None,
    };
    let anchor = layers.iter().find_map(anchor)?;
    Some((anchor, (at.since(anchor) * FRAMES_PER_SECOND).div_euclid(1000)))
}

/// When a scene must be drawn again because a strip in it moves; `None` if none does (clips wake the loop with each frame). The instant is the middle of
/// the next frame, so that being woken a few milliseconds early or late never skips or repeats a pixel.
pub fn next_frame(scene: &Scene, at: UtcMillis) -> Option<UtcMillis> {
    let (anchor, frame) = moving(scene, at)?;
    let middle = (2 * frame + 3) * 1000;
    Some(anchor.plus((middle + 2 * FRAMES_PER_SECOND - 1).div_euclid(2 * FRAMES_PER_SECOND)))
}
