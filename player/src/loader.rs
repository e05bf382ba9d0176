//! Reads, verifies and decodes files on a thread of its own, so that a large poster never holds up a scrolling line.

use std::{
    collections::HashSet,
    io,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
};

use xuanping_core::{digest::Digest, geometry::ZoneName, playlist::Item};

use crate::{
    cache::{Cache, CacheError},
    event::{Event, Fault},
    inbox::Inbox,
    stage::Picture,
};

enum Job {
    Load(Item),
    Verify(ZoneName, Item),
    Retain(HashSet<Digest>),
}

/// The thread. It ends when this is dropped.
pub struct Loader {
    jobs: Sender<Job>,
}

impl Loader {
    /// Starts it.
    pub fn start(cache: Cache, inbox: Inbox) -> io::Result<Self> {
        // The state asks for at most two files per zone at a time: the queue needs no other bound.
        let (jobs, queue) = channel();
        std::thread::Builder::new().name("loader".into()).spawn(move || {
            for job in queue {
                match job {
                    Job::Load(item) => {
                        let loaded = load(&cache, &item);
                        inbox.send(Event::Loaded(item.asset, loaded));
                    }
                    Job::Verify(zone, item) => {
                        let path = cache.verified_path(&item.asset).map_err(|error| fault(&error));
                        inbox.send(Event::Verified(zone, item, path));
                    }
                    Job::Retain(wanted) => match cache.retain(&wanted) {
                        Ok(0) => {}
                        Ok(deleted) => tracing::info!(deleted, "files that are no longer needed made room"),
                        Err(error) => tracing::warn!(%error, "files that are no longer needed could not be deleted"),
                    },
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Loads a picture or strip; the answer is an [`Event::Loaded`].
    pub fn load(&self, item: Item) {
        // The thread lives as long as this does.
        let _ = self.jobs.send(Job::Load(item));
    }

    /// Verifies the file of a clip or sound; the answer is an [`Event::Verified`].
    pub fn verify(&self, zone: ZoneName, item: Item) {
        let _ = self.jobs.send(Job::Verify(zone, item));
    }

    /// What is not in `wanted` may be deleted from the cache.
    pub fn retain(&self, wanted: HashSet<Digest>) {
        let _ = self.jobs.send(Job::Retain(wanted));
    }
}

fn load(cache: &Cache, item: &Item) -> Result<Arc<Picture>, Fault> {
    let bytes = cache.read(&item.asset).map_err(|error| fault(&error))?;
    Picture::decode(item, &bytes).map(Arc::new).map_err(|error| {
        tracing::error!(asset = %item.asset, %error, "a file cannot be shown");
        Fault::Unplayable
    })
}

fn fault(error: &CacheError) -> Fault {
    tracing::warn!(%error, "a file cannot be used");
    match error {
        CacheError::Missing(_) => Fault::Missing,
        CacheError::Damaged(_) => Fault::Damaged,
        CacheError::NoRoom { .. } | CacheError::Disk(_) => Fault::Missing,
    }
}
