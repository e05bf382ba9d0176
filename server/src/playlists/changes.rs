//! What changed from one published playlist of a screen to another, in words.

use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlist::{Change, Part, WallSettings, diff},
    time::{UtcInterval, UtcMillis},
};

use super::{PlaylistError, Playlists, store, timeline::Names, words::zone};

/// A playlist that a screen was told to play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The first manifest that said so.
    pub version: u64,
    /// When.
    pub issued: UtcMillis,
    /// Which.
    pub playlist: Digest,
}

impl Playlists {
    /// How a screen was told to run its wall in a stretch of time, and from when on; ascending.
    pub async fn walls_told(
        &self,
        screen: ScreenId,
        during: UtcInterval,
    ) -> Result<Vec<(UtcMillis, WallSettings)>, PlaylistError> {
        Ok(store::walls_told(&self.db, screen, during.start, during.end).await?)
    }

    /// The playlists of a screen, the newest first, each once for every time that the screen turned to it.
    pub async fn told(&self, screen: ScreenId, most: usize) -> Result<Vec<Told>, PlaylistError> {
        self.screens.get(screen).await?;
        let mut told: Vec<Told> = Vec::new();
        for each in store::told(&self.db, screen).await? {
            // From the newest back: the same playlist in one manifest after another counts from the first of them.
            let listed = told.len();
            match told.last_mut() {
                Some(later) if later.playlist == each.playlist => *later = each,
                _ if listed > most => break,
                _ => told.push(each),
            }
        }
        told.truncate(most);
        Ok(told)
    }

    /// What changed from one playlist of a screen to another: days compared, and a sentence for each change.
    pub async fn changes(
        &self,
        screen: ScreenId,
        from: Digest,
        to: Digest,
    ) -> Result<(u32, Vec<String>), PlaylistError> {
        for digest in [from, to] {
            if !self.was_issued(screen, digest).await? {
                return Err(PlaylistError::Unknown);
            }
        }
        let (old, new) = (self.playlist(from).await?, self.playlist(to).await?);
        let mut names = self.names_for(&old).await?;
        names.creatives.extend(self.names_for(&new).await?.creatives);
        let (days, changes) = diff(&old, &new);
        Ok((days, changes.iter().flat_map(|change| sentences(change, &names)).collect()))
    }
}

fn hours(part: &Part) -> String {
    let time = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    if (part.from, part.to) == (0, 1440) { "全天".into() } else { format!("{}–{}", time(part.from), time(part.to)) }
}

fn often(part: &Part) -> String {
    if part.on_event {
        "由事件触发".into()
    } else {
        format!("每天约 {} 次，{}", part.plays_per_day(), hours(part))
    }
}

fn sentences(change: &Change, names: &Names) -> Vec<String> {
    let who = format!("{}：“{}”", zone(change.zone), names.booking(change.booking).0);
    let (before, after) = match (&change.before, &change.after) {
        (None, Some(after)) => return vec![format!("{who}新加入，{}。", often(after))],
        (Some(_), None) => return vec![format!("{who}不再播放。")],
        (Some(before), Some(after)) => (before, after),
        (None, None) => return Vec::new(),
    };
    let mut said = Vec::new();
    let (was, is) = (before.plays_per_day(), after.plays_per_day());
    if was != is {
        let how = if was < is { "增至" } else { "减为" };
        said.push(format!("每天由约 {was} 次{how} {is} 次"));
    }
    if hours(before) != hours(after) {
        said.push(format!("时段由 {} 改为 {}", hours(before), hours(after)));
    }
    if before.days != after.days {
        said.push(format!("播放天数由 {} 天变为 {} 天", before.days, after.days));
    }
    let titles = |ids: Vec<&xuanping_core::id::CreativeId>| {
        ids.into_iter().fold(String::new(), |all, id| all + "《" + &names.title(*id) + "》")
    };
    let come: Vec<_> = after.creatives.difference(&before.creatives).collect();
    let gone: Vec<_> = before.creatives.difference(&after.creatives).collect();
    if !come.is_empty() {
        said.push(format!("增加素材{}", titles(come)));
    }
    if !gone.is_empty() {
        said.push(format!("撤下素材{}", titles(gone)));
    }
    // A handful of showings more or less on one day, within the rounding.
    if said.is_empty() { Vec::new() } else { vec![format!("{who}{}。", said.join("，"))] }
}
