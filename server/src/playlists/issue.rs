//! Manifests: decided for a screen whenever what it should do changes, stored, announced to the player that waits, and
//! signed when it asks.
//!
//! Screens are told in batches, each one transaction: ten thousand manifests cost twenty commits, and those of a takeover one.
//! Batches take turns, so that a takeover waits for one batch of a planning that is under way, never for the whole of it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use xuanping_core::{
    campaign::ScreenFacts,
    digest::Digest,
    geometry::ZoneName,
    id::{ScreenId, TakeoverId},
    playlist::{
        EvidenceOrders, Instruction, MANIFEST_VERSION, Manifest, ProgrammeItem, ScreenOrders, Takeover, TakeoverItem,
    },
    sign::Context,
    time::UtcMillis,
    vocabulary::CreativeKind,
};

use super::{
    Issued, MANIFEST_LIFE, PlaylistError, Playlists, REISSUE_AFTER, REISSUE_WITHIN, Words,
    evidence::{self, Nonces},
    programme::Facts,
    store,
};
use crate::{
    campaigns::{TakeoverOrder, booking_of},
    screens::Candidate,
};

/// How many screens are told in one transaction.
pub(super) const BATCH: usize = 500;

/// How many screens are told in one transaction that a takeover starts or stops. Whoever is told asks again at once, and the
/// others would wait until those questions are answered: told together, all have their answer first.
const TAKEN_OVER_AT_ONCE: usize = 10_000;

/// How many versions a restored backup may be behind. What claims more is no player of ours.
const MOST_BEHIND: u64 = 1_000_000;

/// How long a superseded manifest is kept whole, in milliseconds: 30 days.
const KEPT_WHOLE: i64 = 30 * 86_400_000;

/// What a screen is to play besides takeovers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Orders {
    /// This playlist.
    Play(Digest),
    /// What it was told before.
    AsBefore,
}

/// A screen, and what it is to play.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub screen: Arc<Candidate>,
    pub orders: Orders,
}

/// Whether a screen's manifest is so old that it is decided anew though nothing changed. Screens take turns, by their ids:
/// whenever a day begins, or whenever they were all told something at once, they come back for the next one over hours.
pub(super) fn due(screen: ScreenId, last: Option<&Issued>, now: UtcMillis) -> bool {
    let turn = i64::from(screen.uuid().as_u128() as u16);
    last.is_none_or(|last| now.since(last.issued) >= REISSUE_AFTER + REISSUE_WITHIN * turn / i64::from(u16::MAX))
}

impl Playlists {
    /// Issues manifests to every screen that a takeover starts or stops on; answers how many. This is the fast way from
    /// the button to the walls: playlists stay as they are.
    pub async fn issue_takeovers(&self, now: UtcMillis) -> Result<usize, PlaylistError> {
        let mut screens = self.known_screens();
        if screens.is_empty() {
            // Nothing was planned yet since this process began.
            screens = self.screens.candidates().await?.into_iter().map(Arc::new).collect();
        }
        let orders = screens.into_iter().map(|screen| Order { screen, orders: Orders::AsBefore });
        self.issue_by(TAKEN_OVER_AT_ONCE, &orders.collect::<Vec<_>>(), now).await
    }

    /// Decides a manifest for each of these screens to which it says something new or whose last one is old. Answers for
    /// how many.
    pub(super) async fn issue(&self, screens: &[Order], now: UtcMillis) -> Result<usize, PlaylistError> {
        self.issue_by(BATCH, screens, now).await
    }

    async fn issue_by(&self, at_once: usize, screens: &[Order], now: UtcMillis) -> Result<usize, PlaylistError> {
        let mut issued = 0;
        for batch in screens.chunks(at_once) {
            issued += self.issue_batch(batch, now).await?;
        }
        Ok(issued)
    }

    async fn issue_batch(&self, screens: &[Order], now: UtcMillis) -> Result<usize, PlaylistError> {
        // Two at once would give the same version twice.
        let _turn = self.issuing.lock().await;
        // Read within the turn: whoever took a turn before may have been told of newer ones.
        let mut takeovers = self.campaigns.active_takeovers(now).await?;
        takeovers.retain(|order| {
            let chosen = order.selector.matcher();
            screens.iter().any(|each| chosen.matches(&each.screen.facts))
        });
        let ids = takeovers.iter().flat_map(|order| order.creatives.iter().copied());
        let facts = if takeovers.is_empty() {
            Facts::default()
        } else {
            self.facts(ids, screens.iter().map(|each| each.screen.facts.surface()), now).await?
        };
        let new_here: Vec<_> =
            screens.iter().map(|each| each.screen.facts.screen).filter(|id| self.issued(*id).is_none()).collect();
        let versions = store::last_versions(&self.db, &new_here).await?;
        let nonces = self.nonces(screens, now).await?;
        let instructions = self.pending_instructions(now).await?;
        let mut news = Vec::new();
        for some in screens.chunks(BATCH) {
            news.extend(some.iter().filter_map(|each| {
                let takeovers = takeovers_of(&facts, &each.screen.facts, &takeovers);
                let told = Said { takeovers, nonces: &nonces, instructions: &instructions };
                self.manifest_if_new(each, told, &versions, now)
            }));
            // Others are to be answered meanwhile.
            tokio::task::yield_now().await;
        }
        let other_evidence = |says: &&Manifest| {
            let before = self.issued(says.screen);
            evidence::news(says, before.as_deref().and_then(|before| before.says.as_ref()))
        };
        let evidence: Vec<_> = news.iter().filter(other_evidence).map(evidence_told).collect();
        let news: Vec<_> = news.into_iter().map(decided).collect();
        // Stored before they are announced: a version that a player has seen must never be signed for something else.
        store::insert_manifests(&self.db, &news, &evidence).await?;
        let count = news.len();
        self.announce(news);
        Ok(count)
    }

    /// What a screen is to be told, if it is news to it or what it was told is old.
    fn manifest_if_new(
        &self,
        Order { screen, orders }: &Order,
        Said { takeovers, nonces, instructions }: Said<'_>,
        versions: &HashMap<ScreenId, u64>,
        now: UtcMillis,
    ) -> Option<Manifest> {
        let id = screen.facts.screen;
        let last = self.issued(id);
        let last_version = last.as_ref().map(|l| l.version).or_else(|| versions.get(&id).copied());
        let mut says = Manifest {
            format: MANIFEST_VERSION,
            screen: id,
            version: last_version.unwrap_or(0),
            issued: now,
            expires: now.plus(MANIFEST_LIFE),
            playlist: match orders {
                Orders::Play(playlist) => Some(*playlist),
                Orders::AsBefore => last.as_ref().and_then(|l| l.playlist),
            },
            orders: ScreenOrders {
                name: format!("{} {}", screen.venue, screen.name),
                timezone: screen.timezone.clone(),
                zones: screen.facts.zones.clone(),
                wall: screen.wall.clone(),
                evidence: nonces
                    .get(&id)
                    .map(|nonce| EvidenceOrders { nonce: *nonce, per_day: screen.evidence_per_day }),
                size: ScreenOrders::size_beyond(&screen.facts.zones, screen.size),
            },
            takeovers,
            instructions: instructions.get(&id).cloned().unwrap_or_default(),
        };
        says.format = Manifest::format_of(&says.orders, &says.instructions);
        let before = last.as_ref().filter(|last| !due(id, Some(last), now));
        if let Some(before) = before.and_then(|last| last.says.as_ref()) {
            // Put at the same moment, to see whether anything else differs.
            (says.issued, says.expires) = (before.issued, before.expires);
            if says == *before {
                return None;
            }
            (says.issued, says.expires) = (now, now.plus(MANIFEST_LIFE));
        }
        says.version += 1;
        Some(says)
    }

    /// A player follows a manifest that is newer than the newest we know of: the database was restored from a backup. The
    /// player would refuse whatever we sign as a rollback, until we went beyond.
    pub(super) async fn go_beyond(&self, screen: ScreenId, followed: u64, now: UtcMillis) -> Result<(), PlaylistError> {
        let _turn = self.issuing.lock().await;
        let behind = self.issued(screen).filter(|l| l.version < followed && followed - l.version <= MOST_BEHIND);
        let Some(mut says) = behind.and_then(|last| last.says.clone()) else { return Ok(()) };
        tracing::warn!(%screen, from = says.version, to = followed + 1, "a player is ahead of the database");
        says.version = followed + 1;
        (says.issued, says.expires) = (now, now.plus(MANIFEST_LIFE));
        let news = vec![decided(says)];
        store::insert_manifests(&self.db, &news, &[]).await?;
        self.announce(news);
        Ok(())
    }

    pub(super) fn announce(&self, news: Vec<(ScreenId, Issued)>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        for (screen, issued) in news {
            current.entry(screen).or_default().send_replace(Some(Arc::new(issued)));
        }
    }

    /// Forgets a screen that is out of service; its player, should it be waiting for news, is answered at once.
    pub(super) fn forget(&self, screen: ScreenId) {
        self.current.write().unwrap_or_else(PoisonError::into_inner).remove(&screen);
    }

    /// What is signed of a manifest of ours; `None` if it is not ours.
    pub(super) fn payload(&self, words: &Words) -> Option<Vec<u8>> {
        match words {
            Words::Payload(payload) => Some(payload.clone()),
            Words::Signed(signed) => self.publisher.public().verify(Context::Manifest, signed).ok(),
        }
    }

    /// A manifest as its player gets it: COSE_Sign1, the same bytes whenever it is asked for.
    pub(crate) fn signed(&self, issued: &Issued) -> Vec<u8> {
        match &issued.words {
            Words::Payload(payload) => self.publisher.manifest(payload.clone()),
            Words::Signed(signed) => signed.clone(),
        }
    }

    /// Drops of long superseded manifests what nobody needs any more. What stays is which playlist each screen was told to
    /// play from when on, and every word about takeovers: plays are judged by both.
    pub(super) async fn thin(&self, now: UtcMillis) -> Result<(), PlaylistError> {
        for some in store::screens_told(&self.db).await?.chunks(BATCH) {
            store::thin_manifests(&self.db, some, now.plus(-KEPT_WHOLE)).await?;
        }
        Ok(())
    }
}

/// What a manifest says beside how its screen is set up and what it plays.
struct Said<'a> {
    takeovers: Vec<Takeover>,
    nonces: &'a Nonces,
    instructions: &'a HashMap<ScreenId, Vec<Instruction>>,
}

/// What is kept of what a manifest says of evidence pictures.
fn evidence_told(says: &Manifest) -> (ScreenId, u64, UtcMillis, Option<EvidenceOrders>) {
    (says.screen, says.version, says.issued, says.orders.evidence)
}

fn decided(says: Manifest) -> (ScreenId, Issued) {
    let (version, issued, playlist) = (says.version, says.issued, says.playlist);
    let words = Words::Payload(says.to_payload());
    (says.screen, Issued { version, issued, playlist, says: Some(says), words })
}

/// The takeovers that concern a screen, as its manifest says them. One without anything ready for it yet is left out:
/// when its rendition is there, planning comes this way again.
fn takeovers_of(facts: &Facts, about: &ScreenFacts, orders: &[TakeoverOrder]) -> Vec<Takeover> {
    let mut all = Vec::new();
    for order in orders.iter().filter(|order| order.selector.matches(about)) {
        let mut items: Vec<_> =
            order.creatives.iter().filter_map(|&creative| facts.item(about.surface(), creative).ok()).collect();
        items.extend(as_cards(facts, about, order, &items));
        let items: Vec<_> = items.into_iter().map(|item| taken(order.id, item)).collect();
        if !items.is_empty() {
            let (id, level, starts, expires) = (order.id, order.level, order.starts, order.expires);
            all.push(Takeover { id, level, starts, expires, items });
        }
    }
    all.sort_by_key(|t| std::cmp::Reverse((t.level, t.starts, t.id)));
    all
}

/// A takeover leaves nothing else on the wall. If it has only words, they fill the main zone too, instead of running
/// under a black one.
fn as_cards(facts: &Facts, about: &ScreenFacts, order: &TakeoverOrder, items: &[ProgrammeItem]) -> Vec<ProgrammeItem> {
    let main = about.zones.iter().any(|zone| zone.name == ZoneName::Main);
    if !main || items.iter().any(|item| item.zone == ZoneName::Main) {
        return Vec::new();
    }
    let slogans = order.creatives.iter().filter_map(|id| facts.creative(*id));
    let slogans = slogans.filter(|creative| creative.content.kind == CreativeKind::Slogan);
    slogans.filter_map(|slogan| facts.item_in(about.surface(), slogan, ZoneName::Main).ok()).collect()
}

fn taken(takeover: TakeoverId, item: ProgrammeItem) -> TakeoverItem {
    TakeoverItem { zone: item.zone, item: item.listed(booking_of(takeover), None) }
}
