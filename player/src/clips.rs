//! Clips and sound as the loop sees them: per zone what was prepared and what plays, and the newest frame of each.
//!
//! The worker names preparations, the state names zones and files; this keeps the two together, so that the same clip can
//! run to its end while its next showing is being prepared.

use std::{collections::HashMap, io, path::PathBuf, sync::Arc};

use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    playlist::{Item, Percent, Show},
};

use crate::{
    event::{Event, Fault, Media},
    media::{Clip, ClipId, Decoder, MediaWorker, News, Reason, Wake},
    stage::{Fresh, Picture},
};

/// All clips of a wall.
pub struct Clips {
    worker: MediaWorker,
    /// Asked for, their files being verified.
    wanted: HashMap<(ZoneName, Digest), Option<Size>>,
    prepared: HashMap<(ZoneName, Digest), ClipId>,
    playing: HashMap<ZoneName, (Digest, ClipId)>,
    sizes: HashMap<ClipId, Option<Size>>,
    frames: HashMap<ZoneName, Shown>,
    decoder: Option<Decoder>,
    paced: Paced,
}

/// Frames of the clips that ran to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paced {
    /// Those that were shown.
    pub shown: u64,
    /// Those that would have come too late.
    pub dropped: u64,
}

/// The picture of a zone's clip.
struct Shown {
    picture: Arc<Picture>,
    /// A frame has come; before that the wall keeps what it shows.
    begun: bool,
}

impl Clips {
    /// Nothing yet; `program` is the worker's.
    pub fn new(program: Option<PathBuf>, wake: Wake) -> io::Result<Self> {
        Ok(Self {
            worker: MediaWorker::start(program, wake)?,
            wanted: HashMap::new(),
            prepared: HashMap::new(),
            playing: HashMap::new(),
            sizes: HashMap::new(),
            frames: HashMap::new(),
            decoder: None,
            paced: Paced::default(),
        })
    }

    /// A zone will need this; its file is being verified.
    pub fn want(&mut self, zone: ZoneName, item: &Item, zone_size: Option<Size>) {
        let size = matches!(item.show, Show::Clip { .. }).then_some(zone_size).flatten();
        self.wanted.insert((zone, item.asset), size);
    }

    /// Its file is what it should be: has the worker open it. Without `volume` it stays silent.
    pub fn prepare(&mut self, zone: ZoneName, item: &Item, path: PathBuf, volume: Option<Percent>) {
        let volume = volume.map(Percent::get);
        let Some(size) = self.wanted.remove(&(zone, item.asset)) else { return };
        let id = self.worker.prepare(&Clip { path, size, duration: item.duration, volume });
        self.sizes.insert(id, size);
        if let Some(before) = self.prepared.insert((zone, item.asset), id) {
            self.stop_id(before);
        }
    }

    /// Its file is not there or damaged. Answers whether anybody still wanted to know.
    pub fn refused(&mut self, zone: ZoneName, asset: Digest) -> bool {
        self.wanted.remove(&(zone, asset)).is_some()
    }

    /// Lets what was prepared begin, this loud; it should have been running for `late` milliseconds.
    pub fn start(&mut self, zone: ZoneName, asset: Digest, late: u64, volume: Option<Percent>) {
        let Some(id) = self.prepared.remove(&(zone, asset)) else { return };
        self.worker.play(id, late, volume.map(Percent::get));
        self.frames.remove(&zone);
        if let Some((_, before)) = self.playing.insert(zone, (asset, id)) {
            self.stop_id(before);
        }
    }

    /// Ends what plays in a zone, if it is this.
    pub fn stop(&mut self, zone: ZoneName, asset: Digest) {
        if self.playing.get(&zone).is_some_and(|(playing, _)| *playing == asset)
            && let Some((_, id)) = self.playing.remove(&zone)
        {
            self.stop_id(id);
            self.frames.remove(&zone);
        }
    }

    /// Forgets what was prepared for a zone.
    pub fn drop_prepared(&mut self, zone: ZoneName, asset: Digest) {
        self.wanted.remove(&(zone, asset));
        if let Some(id) = self.prepared.remove(&(zone, asset)) {
            self.stop_id(id);
        }
    }

    fn stop_id(&mut self, id: ClipId) {
        self.worker.stop(id);
        self.sizes.remove(&id);
    }

    /// What the worker had to say, as events of the zones concerned.
    pub fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((id, news)) = self.worker.poll() {
            let playing = self.playing.iter().find(|(_, (_, p))| *p == id).map(|(zone, (asset, _))| (*zone, *asset));
            let prepared = self.prepared.iter().find(|(_, p)| **p == id).map(|(key, _)| *key);
            if let News::Failed { reason, detail } = &news {
                tracing::warn!(?reason, detail, "a clip failed");
                self.sizes.remove(&id);
            }
            if let News::Ended { frames, dropped, .. } = &news {
                self.paced.shown += frames;
                self.paced.dropped += dropped;
            }
            if let News::Ready { decoder: Some(decoder), .. } = &news
                && self.decoder.as_ref() != Some(decoder)
            {
                tracing::info!(name = decoder.name, hardware = decoder.hardware, "clips are decoded");
                self.decoder = Some(decoder.clone());
            }
            let event = match (playing, prepared, news) {
                (Some((zone, asset)), _, News::Failed { reason, .. }) => {
                    self.playing.remove(&zone);
                    self.frames.remove(&zone);
                    Event::Media(zone, asset, Media::Failed(fault(reason)))
                }
                (Some((zone, asset)), _, news) => match heard(&news) {
                    Some(media) => Event::Media(zone, asset, media),
                    None => continue,
                },
                (None, Some((zone, asset)), News::Failed { reason, .. }) => {
                    self.prepared.remove(&(zone, asset));
                    // Nothing is known against a clip whose worker died over another one.
                    let fault = (reason != Reason::Lost).then(|| fault(reason));
                    Event::Media(zone, asset, Media::Unready(fault))
                }
                // Nothing to see and nobody to hear it: that is no showing, and is not to be recorded as one.
                (None, Some((zone, asset)), News::Ready { audible: false, .. }) if self.is_sound_only(id) => {
                    self.drop_prepared(zone, asset);
                    Event::Media(zone, asset, Media::Unready(Some(Fault::Hardware)))
                }
                (None, Some((zone, asset)), News::Ready { .. }) => Event::Media(zone, asset, Media::Ready),
                _ => continue,
            };
            events.push(event);
        }
        events
    }

    /// What decoded the picture of the newest clip.
    pub fn decoder(&self) -> Option<&Decoder> {
        self.decoder.as_ref()
    }

    /// How many frames of clips were shown, and how many were not.
    pub fn paced(&self) -> Paced {
        self.paced
    }

    fn is_sound_only(&self, id: ClipId) -> bool {
        self.sizes.get(&id).is_some_and(Option::is_none)
    }

    /// The newest frame of a zone's clip.
    pub fn frame(&mut self, zone: ZoneName, fresh: Fresh) -> Option<Arc<Picture>> {
        let (_, id) = self.playing.get(&zone)?;
        let size = self.sizes.get(id).copied().flatten()?;
        let black = || Shown { picture: Arc::new(Picture::black(size)), begun: false };
        let shown = self.frames.entry(zone).or_insert_with(black);
        if shown.picture.size() != size {
            *shown = black();
        }
        // Nobody else keeps it: it is drawn and let go, so this copies nothing.
        let newer = self.worker.copy_frame(*id, Arc::make_mut(&mut shown.picture).pixels_mut());
        shown.begun |= newer;
        (newer || (shown.begun && fresh == Fresh::Any)).then(|| shown.picture.clone())
    }
}

fn heard(news: &News) -> Option<Media> {
    match news {
        News::Ready { .. } | News::Failed { .. } => None,
        News::Started => Some(Media::Started),
        News::Progress { presented, .. } => Some(Media::Progress(*presented)),
        News::Ended { presented, .. } => Some(Media::Ended(*presented)),
    }
}

fn fault(reason: Reason) -> Fault {
    match reason {
        Reason::Unreadable => Fault::Missing,
        reason if reason.blames_file() => Fault::Unplayable,
        _ => Fault::Hardware,
    }
}
