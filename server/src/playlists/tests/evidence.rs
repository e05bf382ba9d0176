//! What screens are told of evidence pictures: only those that can, nothing that others could foresee, waking nobody.

use xuanping_core::{
    playlist::{EvidenceOrders, MANIFEST_VERSION, MANIFEST_VERSION_2},
    wire::{PlayerAbilities, PlayerStatus},
};

use super::*;
use crate::county::report;
use crate::screens::EVIDENCE_PER_DAY;

const WEEK: i64 = 7 * 24 * HOUR;

impl County {
    /// A player reports what it understands; everything is done that follows from that.
    async fn reports(&self, screen: &Screen, evidence: bool) {
        let status =
            PlayerStatus { abilities: PlayerAbilities { evidence, instructions: evidence, keys: false }, ..report() };
        self.app.screens.report(screen.id, &status, clock::now());
        self.app.screens.store_reports().await.unwrap();
        self.work().await;
    }

    fn evidence(&self, screen: &Screen) -> Option<EvidenceOrders> {
        self.manifest(screen).orders.evidence
    }
}

#[tokio::test]
async fn a_player_that_does_not_say_that_it_can_take_pictures_is_told_nothing_it_would_refuse() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [web, native, _] = three(&county).await;
        county.reports(&web, false).await;
        assert_eq!((county.manifest(&web).format, county.evidence(&web)), (MANIFEST_VERSION, None));
        let before = county.issued(&native).version;
        county.reports(&native, true).await;
        assert_eq!(county.issued(&native).version, before + 1, "it is told at once");
        assert_eq!(county.manifest(&native).format, MANIFEST_VERSION_2);
        assert_eq!(county.evidence(&native).unwrap().per_day, EVIDENCE_PER_DAY);
        assert_eq!(county.evidence(&web), None);
        // The same report again is no news; an older program on the same machine understands less.
        county.reports(&native, true).await;
        assert_eq!(county.issued(&native).version, before + 1);
        county.reports(&native, false).await;
        assert_eq!((county.manifest(&native).format, county.evidence(&native)), (MANIFEST_VERSION, None));
    })
    .await;
}

#[tokio::test]
async fn a_nonce_is_each_screens_own_kept_for_a_week_and_a_new_one_wakes_nobody() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [first, second, _] = three(&county).await;
        county.reports(&first, true).await;
        county.reports(&second, true).await;
        let (one, two) = (county.evidence(&first).unwrap(), county.evidence(&second).unwrap());
        assert_ne!(one.nonce, two.nonce);
        // Off and on again: no other moments for it.
        county.reports(&first, false).await;
        county.reports(&first, true).await;
        assert_eq!(county.evidence(&first), Some(one));
        // Told anew after hours, and with a takeover in between, it stays as it is.
        let slogan = county.slogan("紧急").await;
        county.start(takeover("紧急", vec![slogan])).await;
        assert_eq!(county.evidence(&first), Some(one));
        let now = clock::now();
        county.replan(now.plus(24 * HOUR)).await;
        assert_eq!(county.evidence(&first), Some(one));
        // What a manifest that is not old yet says is not said anew for the sake of a nonce…
        let told = county.issued(&first).issued;
        county.replan(now.plus(WEEK)).await;
        let version = county.issued(&first).version;
        assert!(county.issued(&first).issued > told);
        let other = county.evidence(&first).unwrap();
        assert_ne!(other.nonce, one.nonce, "a week is over");
        county.replan(now.plus(WEEK + HOUR)).await;
        assert_eq!((county.issued(&first).version, county.evidence(&first)), (version, Some(other)));
        // … and another server process on the same database goes on with it.
        let again = crate::app::App::with_database(db.clone(), county.folder.path()).await.unwrap();
        let says = again.playlists.issued(first.id).unwrap().says.clone().unwrap();
        assert_eq!(says.orders.evidence, Some(other));
    })
    .await;
}
