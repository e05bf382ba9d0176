//! What people call the screens, creatives, campaigns, areas and departments of the records at hand, looked up once.

use std::collections::{BTreeSet, HashMap};

use chrono_tz::Tz;
use xuanping_core::{
    digest::Digest,
    id::{BookingId, CampaignId, CreativeId, ScreenId},
    playlog::{ScreenKeys, SignedKeyChange},
    vocabulary::{CreativeKind, FraudType},
};

use super::{PlayError, PlayRecord, Plays};
use crate::screens::keys_of;

/// What is known of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenNames {
    /// Its name.
    pub name: String,
    /// Its venue's.
    pub venue: String,
    /// The zone its times are read in.
    pub timezone: Tz,
    /// The keys its batches are signed with.
    pub keys: ScreenKeys,
    /// How it came from one to the other.
    pub key_changes: Vec<SignedKeyChange>,
}

/// What is known of a creative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreativeNames {
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: CreativeKind,
    /// What it warns of.
    pub fraud_type: FraudType,
}

/// What is known of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignNames {
    /// Its name.
    pub name: String,
    /// Code of the department that answers for it.
    pub owner_department: String,
}

/// Names by id. What was never there (an invented creative, say) has none.
#[derive(Debug, Clone, Default)]
pub struct Names {
    screens: HashMap<ScreenId, Option<ScreenNames>>,
    creatives: HashMap<CreativeId, Option<CreativeNames>>,
    bookings: HashMap<BookingId, String>,
    campaigns: HashMap<CampaignId, CampaignNames>,
    areas: HashMap<String, String>,
    departments: HashMap<String, String>,
}

impl Names {
    /// Those that are few enough to be looked up at once.
    pub async fn open(plays: &Plays) -> Result<Self, PlayError> {
        let bookings = plays.campaigns.names().await?.into_iter().map(|n| (n.booking, n.name)).collect();
        let campaigns = plays.campaigns.list().await?.into_iter();
        let campaigns =
            campaigns.map(|c| (c.id, CampaignNames { name: c.name, owner_department: c.owner_department })).collect();
        let areas = plays.screens.areas().await?.into_iter().map(|a| (a.code, a.name)).collect();
        let departments = plays.screens.departments().await?.into_iter().map(|d| (d.code, d.name)).collect();
        Ok(Self { bookings, campaigns, areas, departments, ..Self::default() })
    }

    /// Looks up what these records name and is not known yet.
    pub async fn learn(&mut self, plays: &Plays, records: &[PlayRecord]) -> Result<(), PlayError> {
        self.learn_screens(plays, records.iter().map(|r| r.screen).collect()).await?;
        self.learn_creatives(plays, records.iter().map(|r| r.creative).collect()).await
    }

    /// Looks up screens, retired ones too.
    pub async fn learn_screens(&mut self, plays: &Plays, ids: BTreeSet<ScreenId>) -> Result<(), PlayError> {
        let unknown: Vec<_> = ids.into_iter().filter(|id| !self.screens.contains_key(id)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        self.screens.extend(unknown.iter().map(|id| (*id, None)));
        for screen in plays.screens.called(&unknown).await? {
            let key_changes = match screen.key_changed {
                true => plays.screens.key_changes(screen.id).await?,
                false => Vec::new(),
            };
            let names = ScreenNames {
                name: screen.name,
                venue: screen.venue,
                timezone: screen.timezone.parse().unwrap_or(Tz::Asia__Shanghai),
                keys: keys_of(screen.id, screen.public_key, &key_changes)?,
                key_changes,
            };
            self.screens.insert(screen.id, Some(names));
        }
        Ok(())
    }

    /// Looks up creatives, withdrawn ones too.
    pub async fn learn_creatives(&mut self, plays: &Plays, ids: BTreeSet<CreativeId>) -> Result<(), PlayError> {
        let unknown: Vec<_> = ids.into_iter().filter(|id| !self.creatives.contains_key(id)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        self.creatives.extend(unknown.iter().map(|id| (*id, None)));
        for creative in plays.content.creatives(&unknown).await? {
            let said = creative.content;
            let names = CreativeNames { title: said.title, kind: said.kind, fraud_type: said.fraud_type };
            self.creatives.insert(creative.id, Some(names));
        }
        Ok(())
    }

    /// A screen's.
    pub fn screen(&self, id: ScreenId) -> Option<&ScreenNames> {
        self.screens.get(&id)?.as_ref()
    }

    /// A creative's.
    pub fn creative(&self, id: CreativeId) -> Option<&CreativeNames> {
        self.creatives.get(&id)?.as_ref()
    }

    /// A booking's or takeover's.
    pub fn booking(&self, id: BookingId) -> Option<&str> {
        self.bookings.get(&id).map(String::as_str)
    }

    /// A campaign's.
    pub fn campaign(&self, id: CampaignId) -> Option<&CampaignNames> {
        self.campaigns.get(&id)
    }

    /// An area's, by code.
    pub fn area(&self, code: &str) -> Option<&str> {
        self.areas.get(code).map(String::as_str)
    }

    /// A department's, by code.
    pub fn department(&self, code: &str) -> Option<&str> {
        self.departments.get(code).map(String::as_str)
    }

    /// How a player is named to outsiders: the beginning of its first key's fingerprint, 36 characters at most.
    pub fn player_ref(&self, id: ScreenId) -> String {
        let fingerprint = self.screen(id).map_or(Digest::ZERO, |s| s.keys.first().fingerprint());
        fingerprint.to_string().chars().take(32).collect()
    }
}
