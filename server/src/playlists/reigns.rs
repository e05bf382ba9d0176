//! When a screen was told what: what its plays are judged by.

use xuanping_core::{
    digest::Digest,
    id::{ScreenId, TakeoverId},
    playlist::Manifest,
    playlog::credibility::{IssuedTakeovers, Reign},
    time::UtcMillis,
};

use super::{PlaylistError, Playlists, store};

impl Playlists {
    /// When a playlist was in force on a screen; empty if it was never issued to it.
    pub async fn reigns(&self, screen: ScreenId, playlist: Digest) -> Result<Vec<Reign>, PlaylistError> {
        let manifests = store::around_playlist(&self.db, screen, playlist).await?;
        let mut reigns: Vec<Reign> = Vec::new();
        let mut in_force = false;
        for (issued, named) in manifests {
            match (in_force, named) {
                (false, true) => reigns.push(Reign { from: issued, until: None, heard: None }),
                (true, false) => end(reigns.last_mut(), issued),
                (true, true) | (false, false) => {}
            }
            in_force = named;
        }
        Ok(reigns)
    }

    /// The takeovers of every manifest of a screen that named this one, each until the first manifest without it.
    pub async fn issued_takeovers(
        &self,
        screen: ScreenId,
        takeover: TakeoverId,
    ) -> Result<Vec<IssuedTakeovers>, PlaylistError> {
        let mut all: Vec<IssuedTakeovers> = Vec::new();
        for (issued, words, named) in store::since_takeover(&self.db, screen, takeover).await? {
            if !named {
                let open = all.iter_mut().filter(|each| each.reign.until.is_none());
                open.for_each(|each| end(Some(&mut each.reign), issued));
            } else if let Some(manifest) = self.payload(&words).and_then(|says| Manifest::from_payload(&says).ok()) {
                let reign = Reign { from: issued, until: None, heard: None };
                all.push(IssuedTakeovers { takeovers: manifest.takeovers, reign });
            }
        }
        Ok(all)
    }
}

fn end(reign: Option<&mut Reign>, at: UtcMillis) {
    if let Some(reign) = reign {
        // A planning for another day may have been issued at an earlier time than what it replaced.
        reign.until = Some(at.max(reign.from));
    }
}
