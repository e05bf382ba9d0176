//! Manifests: signed for a screen whenever what it should do changes, stored, and announced to the player that waits.
//!
//! Screens are told in batches, each one transaction: ten thousand manifests cost twenty commits. Batches take turns, so that
//! a takeover waits for one batch of a planning that is under way, never for the whole of it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use xuanping_core::{
    campaign::ScreenFacts,
    digest::Digest,
    geometry::ZoneName,
    id::{ScreenId, TakeoverId},
    playlist::{Item, MANIFEST_VERSION, Manifest, ProgrammeItem, ScreenOrders, Takeover, TakeoverItem},
    time::UtcMillis,
    vocabulary::CreativeKind,
};

use super::{Issued, MANIFEST_LIFE, PlaylistError, Playlists, REISSUE_AFTER, plan::Facts, store};
use crate::{
    campaigns::{TakeoverOrder, booking_of, facts_of},
    screens::{Screen, ScreenFilter},
};

/// How many screens are told in one transaction.
const BATCH: usize = 500;

/// How many versions a restored backup may be behind. What claims more is no player of ours.
const MOST_BEHIND: u64 = 1_000_000;

/// What screens are to play besides takeovers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Orders {
    /// This playlist.
    Play(Digest),
    /// What they were told before.
    AsBefore,
}

impl Playlists {
    /// Issues manifests to every screen that a takeover starts or stops on; answers how many. This is the fast way from
    /// the button to the walls: playlists stay as they are.
    pub async fn issue_takeovers(&self, now: UtcMillis) -> Result<usize, PlaylistError> {
        let screens = self.screens.list(&ScreenFilter::default()).await?;
        let screens: Vec<_> = screens.into_iter().filter_map(|s| facts_of(&s).map(|about| (s, about))).collect();
        self.issue(&screens, Orders::AsBefore, now).await
    }

    /// Signs a manifest for each of these screens to which it says something new or whose last one is old. Answers for
    /// how many.
    pub(super) async fn issue(
        &self,
        screens: &[(Screen, ScreenFacts)],
        orders: Orders,
        now: UtcMillis,
    ) -> Result<usize, PlaylistError> {
        let mut issued = 0;
        for batch in screens.chunks(BATCH) {
            issued += self.issue_batch(batch, orders, now).await?;
        }
        Ok(issued)
    }

    async fn issue_batch(
        &self,
        screens: &[(Screen, ScreenFacts)],
        orders: Orders,
        now: UtcMillis,
    ) -> Result<usize, PlaylistError> {
        // Two at once would sign the same version twice.
        let _turn = self.issuing.lock().await;
        // Read within the turn: whoever took a turn before may have been told of newer ones.
        let takeovers = self.campaigns.active_takeovers(now).await?;
        let mut facts = self.facts_of_takeovers(&takeovers, now).await?;
        let new_here: Vec<_> = screens.iter().map(|(s, _)| s.id).filter(|id| self.issued(*id).is_none()).collect();
        let versions = store::last_versions(&self.db, &new_here).await?;
        let mut news = Vec::new();
        for (screen, about) in screens {
            let takeovers = self.takeovers_of(&mut facts, about, &takeovers).await?;
            news.extend(self.manifest_if_new(screen, about, orders, takeovers, &versions, now));
        }
        // Stored before they are announced: a version that a player has seen must never be signed again for something else.
        store::insert_manifests(&self.db, &news).await?;
        let count = news.len();
        self.announce(news);
        Ok(count)
    }

    fn manifest_if_new(
        &self,
        screen: &Screen,
        about: &ScreenFacts,
        orders: Orders,
        takeovers: Vec<Takeover>,
        versions: &HashMap<ScreenId, u64>,
        now: UtcMillis,
    ) -> Option<(ScreenId, Issued)> {
        let last = self.issued(screen.id);
        let last_version = last.as_ref().map(|l| l.version).or_else(|| versions.get(&screen.id).copied());
        let mut says = Manifest {
            format: MANIFEST_VERSION,
            screen: screen.id,
            version: last_version.unwrap_or(0),
            issued: now,
            expires: now.plus(MANIFEST_LIFE),
            playlist: match orders {
                Orders::Play(playlist) => Some(playlist),
                Orders::AsBefore => last.as_ref().and_then(|l| l.playlist),
            },
            orders: ScreenOrders {
                name: format!("{} {}", screen.venue.name, screen.name),
                timezone: screen.timezone.clone(),
                zones: about.zones.clone(),
            },
            takeovers,
        };
        let before = last.as_ref().filter(|last| now.since(last.issued) < REISSUE_AFTER);
        if let Some(before) = before.and_then(|last| last.says.as_ref()) {
            // Put at the same moment, to see whether anything else differs.
            let then = Manifest { issued: before.issued, expires: before.expires, ..says.clone() };
            if then == *before {
                return None;
            }
        }
        says.version += 1;
        let signed = self.publisher.manifest(&says);
        let issued = Issued { version: says.version, issued: now, playlist: says.playlist, says: Some(says), signed };
        Some((screen.id, issued))
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
        let signed = self.publisher.manifest(&says);
        let issued = Issued { version: says.version, issued: now, playlist: says.playlist, says: Some(says), signed };
        let news = vec![(screen, issued)];
        store::insert_manifests(&self.db, &news).await?;
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

    /// What a manifest of ours says; `None` if it is not ours.
    pub(super) fn says(&self, signed: &[u8]) -> Option<Manifest> {
        let payload = self.publisher.public().verify(xuanping_core::sign::Context::Manifest, signed).ok()?;
        Manifest::from_payload(&payload).ok()
    }

    async fn facts_of_takeovers(&self, orders: &[TakeoverOrder], now: UtcMillis) -> Result<Facts, PlaylistError> {
        let mut ids: Vec<_> = orders.iter().flat_map(|order| order.creatives.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut facts = self.facts(Vec::new(), now).await?;
        facts.add(self.content.creatives(&ids).await?);
        Ok(facts)
    }

    /// The takeovers that concern a screen, as its manifest says them. One without anything ready for it yet is left out:
    /// when its rendition is there, planning comes this way again.
    async fn takeovers_of(
        &self,
        facts: &mut Facts,
        about: &ScreenFacts,
        orders: &[TakeoverOrder],
    ) -> Result<Vec<Takeover>, PlaylistError> {
        let mut all = Vec::new();
        for order in orders.iter().filter(|order| order.selector.matches(about)) {
            let mut items = Vec::new();
            for &creative in &order.creatives {
                items.extend(self.item(facts, about, creative).await?.ok());
            }
            items.extend(self.as_cards(facts, about, order, &items).await?);
            let items: Vec<_> = items.into_iter().map(|item| taken(order.id, item)).collect();
            if !items.is_empty() {
                all.push(Takeover {
                    id: order.id,
                    level: order.level,
                    starts: order.starts,
                    expires: order.expires,
                    items,
                });
            }
        }
        all.sort_by_key(|t| std::cmp::Reverse((t.level, t.starts, t.id)));
        Ok(all)
    }

    /// A takeover leaves nothing else on the wall. If it has only words, they fill the main zone too, instead of running
    /// under a black one.
    async fn as_cards(
        &self,
        facts: &mut Facts,
        about: &ScreenFacts,
        order: &TakeoverOrder,
        items: &[ProgrammeItem],
    ) -> Result<Vec<ProgrammeItem>, PlaylistError> {
        let mut cards = Vec::new();
        let main = about.zones.iter().any(|zone| zone.name == ZoneName::Main);
        if !main || items.iter().any(|item| item.zone == ZoneName::Main) {
            return Ok(cards);
        }
        for &id in &order.creatives {
            let slogan = facts.creative(id).filter(|c| c.content.kind == CreativeKind::Slogan).cloned();
            if let Some(slogan) = slogan {
                cards.extend(self.item_in(facts, about, &slogan, ZoneName::Main).await?.ok());
            }
        }
        Ok(cards)
    }
}

fn taken(takeover: TakeoverId, item: ProgrammeItem) -> TakeoverItem {
    TakeoverItem {
        zone: item.zone,
        item: Item {
            booking: booking_of(takeover),
            creative: item.creative,
            asset: item.asset,
            bytes: item.bytes,
            show: item.show,
            duration: item.duration,
            kind: item.kind,
            ends: None,
        },
    }
}
