//! Making an export bundle: which batches and records, with whose keys and names. The file itself is made in `core`.

use std::collections::{BTreeMap, BTreeSet};

use xuanping_core::{
    id::ScreenId,
    playlog::{
        BatchError,
        bundle::{self, BundleBooking, BundleCreative, BundleScreen, Contents, PlayRef, ProvenBy},
    },
    time::UtcMillis,
};

use super::{Filter, Order, PlayError, Plays, flags, grounds::Held, names::Names};

/// Records of the largest bundle: it is made in memory (BENCHMARKS.md says of how much), and an auditor opens it on an office
/// computer.
pub const MOST_RECORDS: usize = 1_000_000;
/// Records whose places are noted at once: the records themselves are not kept.
const NOTED_AT_ONCE: usize = 1000;
/// Bytes of signed batches in the largest bundle.
const MOST_BYTES: usize = 256 << 20;

const TAKEOVER: &str = "紧急插播";

pub(super) fn damaged(screen: ScreenId, sequence: u64) -> PlayError {
    let why = BatchError::Malformed("what is stored of it does not fit together".into());
    PlayError::Damaged { screen, sequence, why }
}

impl Plays {
    /// The batches that hold the plays asked for, the screens' keys, and the plays in words, as one signed file.
    pub async fn bundle(&self, filter: &Filter, now: UtcMillis) -> Result<Vec<u8>, PlayError> {
        let _alone = self.bundling.lock().await;
        let mut walk = self.walk(filter, Order::OldestFirst, None).await?;
        let mut places: Vec<(ScreenId, u64, u32)> = Vec::new();
        loop {
            let some = walk.next(NOTED_AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            places.extend(some.iter().map(|record| (record.screen, record.sequence, record.position)));
            if places.len() > MOST_RECORDS {
                return Err(PlayError::TooMany);
            }
        }
        drop(walk);
        places.sort_unstable();
        if places.is_empty() {
            return Err(PlayError::Nothing);
        }
        let mut names = Names::open(self).await?;
        let mut wanted: BTreeSet<(ScreenId, u64)> =
            places.iter().map(|(screen, sequence, _)| (*screen, *sequence)).collect();
        let asked_for: Vec<_> = wanted.iter().copied().collect();
        let checkpoint = self.log.covering(&asked_for, now).await?.ok_or(PlayError::Nothing)?;
        let newest = self.with_neighbours(&mut wanted, checkpoint.size).await?;
        names.learn_screens(self, wanted.iter().map(|(screen, _)| *screen).collect()).await?;
        let mut batches = Vec::with_capacity(wanted.len());
        let mut held = Held::new();
        let mut bytes = 0;
        for (screen, sequence) in wanted {
            let kept = self.kept(screen, sequence).await?.ok_or(PlayError::Nothing)?;
            let signed = self.signed(&kept).await?.ok_or_else(|| damaged(screen, sequence))?;
            bytes += signed.len();
            if bytes > MOST_BYTES {
                return Err(PlayError::TooMany);
            }
            let keys = &names.screen(screen).ok_or(PlayError::Nothing)?.keys;
            let verified = keys.verify(signed).map_err(|why| PlayError::Damaged { screen, sequence, why })?;
            let flags = flags::read(&kept.flags, verified.batch().plays.len());
            held.insert((screen, sequence), (kept.received, flags.ok_or_else(|| damaged(screen, sequence))?));
            batches.push(verified);
        }
        let items = || batches.iter().flat_map(|batch| &batch.batch().items);
        let creatives: BTreeSet<_> = items().map(|item| item.creative).collect();
        let bookings: BTreeSet<_> = items().map(|item| (item.booking, item.playlist.is_none())).collect();
        names.learn_creatives(self, creatives.clone()).await?;
        let campaigns = self.campaigns.names().await?;
        let campaign_of = |booking| {
            campaigns
                .iter()
                .find(|n| n.booking == booking)
                .and_then(|n| n.campaign.as_ref())
                .map(|(_, name)| name.clone())
        };
        let mut keys = Vec::new();
        let mut ends: BTreeMap<ScreenId, u64> = BTreeMap::new();
        for batch in &batches {
            ends.insert(batch.batch().screen, batch.batch().sequence);
        }
        for (screen, end) in ends {
            let changes = names.screen(screen).map(|known| known.key_changes.as_slice()).unwrap_or_default();
            // Later ones say nothing of batches that are here.
            keys.extend(changes.iter().filter(|change| change.change().from <= end).cloned());
        }
        let screens: BTreeSet<_> = batches.iter().map(|batch| batch.batch().screen).collect();
        let wanted: Vec<(ScreenId, u64)> = batches.iter().map(|b| (b.batch().screen, b.batch().sequence)).collect();
        let proofs = self.log.prove_under(&checkpoint, &wanted).await?;
        let judged = Some(self.grounds(&batches, held, &newest).await?);
        let proofs = wanted.into_iter().zip(proofs).collect();
        let log = ProvenBy { key: self.log.verifier().clone(), proofs, judged };
        let contents = Contents {
            exported: now,
            filter: filter.in_words(),
            timezone: chrono_tz::Asia::Shanghai,
            screens: screens
                .into_iter()
                .filter_map(|id| {
                    let screen = names.screen(id)?;
                    let (name, venue) = (screen.name.clone(), screen.venue.clone());
                    Some(BundleScreen { id, name, venue, key: screen.keys.first() })
                })
                .collect(),
            creatives: creatives
                .into_iter()
                .filter_map(|id| Some(BundleCreative { id, title: names.creative(id)?.title.clone() }))
                .collect(),
            bookings: bookings
                .into_iter()
                .filter_map(|(id, takeover)| {
                    let name = names.booking(id)?.to_owned();
                    let campaign = if takeover { TAKEOVER.to_owned() } else { campaign_of(id)? };
                    Some(BundleBooking { id, name, campaign })
                })
                .collect(),
            batches,
            records: places.into_iter().map(|(screen, sequence, play)| PlayRef { screen, sequence, play }).collect(),
            keys,
            log: Some(log),
        };
        let publisher = self.publisher.clone();
        // A million records take seconds.
        let written = tokio::task::spawn_blocking(move || {
            bundle::write(contents, publisher.public(), |statement| publisher.bundle(statement))
        });
        Ok(written.await.map_err(std::io::Error::other)??)
    }

    /// Adds the batches before and after what was asked for of each screen, as far as the log had them when it had so many
    /// entries: so nothing can be left out at the edges. Answers the number of each screen's newest batch then.
    async fn with_neighbours(
        &self,
        wanted: &mut BTreeSet<(ScreenId, u64)>,
        size: u64,
    ) -> Result<BTreeMap<ScreenId, u64>, PlayError> {
        let mut ends: BTreeMap<ScreenId, (u64, u64)> = BTreeMap::new();
        for (screen, sequence) in wanted.iter().copied() {
            ends.entry(screen).or_insert((sequence, sequence)).1 = sequence;
        }
        let mut newest = BTreeMap::new();
        for (screen, (first, last)) in ends {
            let in_log = self.log.newest_of(screen, size).await?;
            newest.insert(screen, in_log);
            wanted.extend((first > 1).then(|| (screen, first - 1)));
            wanted.extend((last < in_log).then(|| (screen, last + 1)));
        }
        Ok(newest)
    }
}
