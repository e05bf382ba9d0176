//! Manifests: signed for a screen whenever what it should do changes, stored, and announced to the player that waits.

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

impl Playlists {
    /// Issues manifests to every screen that a takeover starts or stops on; answers how many. This is the fast way from
    /// the button to the walls: playlists stay as they are.
    pub async fn issue_takeovers(&self, now: UtcMillis) -> Result<usize, PlaylistError> {
        let _one_at_a_time = self.planning.lock().await;
        let takeovers = self.campaigns.active_takeovers(now).await?;
        let mut issued = 0;
        for screen in self.screens.list(&ScreenFilter::default()).await? {
            let Some(about) = facts_of(&screen) else { continue };
            let playlist = self.issued(screen.id).and_then(|i| i.playlist);
            issued += usize::from(self.issue(&screen, &about, playlist, &takeovers, now).await?);
        }
        Ok(issued)
    }

    /// Signs a manifest if it says something new or the last one is old. Answers whether it did.
    pub(super) async fn issue(
        &self,
        screen: &Screen,
        about: &ScreenFacts,
        playlist: Option<Digest>,
        takeovers: &[TakeoverOrder],
        now: UtcMillis,
    ) -> Result<bool, PlaylistError> {
        let takeovers = self.takeovers_of(about, takeovers, now).await?;
        let orders = ScreenOrders {
            name: format!("{} {}", screen.venue.name, screen.name),
            timezone: screen.timezone.clone(),
            zones: about.zones.clone(),
        };
        let last = self.issued(screen.id);
        let mut manifest = Manifest {
            format: MANIFEST_VERSION,
            screen: screen.id,
            version: last.as_ref().map_or(0, |l| l.version) + 1,
            issued: now,
            expires: now.plus(MANIFEST_LIFE),
            playlist,
            orders,
            takeovers,
        };
        if let Some(last) = &last
            && now.since(last.issued) < REISSUE_AFTER
        {
            // The same manifest at the same moment, to see whether anything else differs.
            let before = self.says(&last.signed);
            let same = before.is_some_and(|before| {
                let now_says = Manifest {
                    version: before.version,
                    issued: before.issued,
                    expires: before.expires,
                    ..manifest.clone()
                };
                now_says == before
            });
            if same {
                return Ok(false);
            }
        }
        self.sign_and_announce(screen.id, &mut manifest, now).await?;
        Ok(true)
    }

    async fn sign_and_announce(
        &self,
        screen: ScreenId,
        manifest: &mut Manifest,
        now: UtcMillis,
    ) -> Result<(), PlaylistError> {
        let signed = self.publisher.manifest(manifest);
        let issued = Issued { version: manifest.version, issued: now, playlist: manifest.playlist, signed };
        // Stored before it is announced: a version that a player has seen must never be signed again for something else.
        store::insert_manifest(&self.db, screen, &issued, &manifest.takeovers).await?;
        self.announce(screen, issued);
        Ok(())
    }

    pub(super) fn says(&self, signed: &[u8]) -> Option<Manifest> {
        let payload = self.publisher.public().verify(xuanping_core::sign::Context::Manifest, signed).ok()?;
        Manifest::from_payload(&payload).ok()
    }

    /// The takeovers that concern a screen, as its manifest says them. One without anything ready for it yet is left out:
    /// when its rendition is there, planning comes this way again.
    async fn takeovers_of(
        &self,
        about: &ScreenFacts,
        orders: &[TakeoverOrder],
        now: UtcMillis,
    ) -> Result<Vec<Takeover>, PlaylistError> {
        let mut all = Vec::new();
        for order in orders.iter().filter(|order| order.selector.matches(about)) {
            let mut facts = self.facts(Vec::new(), now).await?;
            facts.add(self.content.creatives(&order.creatives).await?);
            let mut items = Vec::new();
            for &creative in &order.creatives {
                items.extend(self.item(&mut facts, about, creative).await?.ok());
            }
            items.extend(self.as_cards(&mut facts, about, order, &items).await?);
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
