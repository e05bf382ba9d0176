//! What players pull.

use super::*;

#[tokio::test]
async fn a_player_that_waits_is_answered_the_moment_there_is_news() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        three(&county).await;
        let venue = county.app.screens.venues().await.unwrap()[0].id;
        let (screen, key) = county.screen(venue, "丁", strip(), Layout::Full).await;
        let none_yet = ask(&county, &key, "/player/v1/manifest", None).await;
        assert_eq!(none_yet.status(), StatusCode::NOT_FOUND);
        let began = Instant::now();
        let (first, ()) = tokio::join!(ask(&county, &key, "/player/v1/manifest?wait=50", None), county.work());
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let manifest =
            TrustedManifest::accept(bytes_of(first).await, &county.app.publisher.public(), screen.id, None).unwrap();
        assert_eq!(etag, format!("\"{}\"", manifest.manifest.version));

        let same = ask(&county, &key, "/player/v1/manifest", Some(&etag)).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
        let waited = Instant::now();
        let same = ask(&county, &key, "/player/v1/manifest?wait=1", Some(&etag)).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
        assert!(waited.elapsed() >= Duration::from_millis(950));

        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let waiting = ask(&county, &key, "/player/v1/manifest?wait=50", Some(&etag));
        let (news, id) = tokio::join!(waiting, county.start(takeover("预警", vec![urgent])));
        let news = TrustedManifest::accept(bytes_of(news).await, &county.app.publisher.public(), screen.id, None);
        assert_eq!(news.unwrap().manifest.takeovers[0].id, id);

        // One that is retired while it waits is not kept waiting.
        let etag = format!("\"{}\"", county.issued(&screen).version);
        let waiting = ask(&county, &key, "/player/v1/manifest?wait=50", Some(&etag));
        let (over, ()) = tokio::join!(waiting, async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            county.retire(screen.id).await;
            county.work().await;
        });
        assert_eq!(over.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&county, &key, "/player/v1/manifest", Some(&etag)).await.status(), StatusCode::GONE);
        assert!(began.elapsed() < Duration::from_secs(40), "nobody waited out the fifty seconds");
    })
    .await;
}

#[tokio::test]
async fn players_get_playlists_and_renditions_by_digest_and_nothing_else() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        three(&county).await;
        let venue = county.app.screens.venues().await.unwrap()[0].id;
        let (screen, key) = county.screen(venue, "丁", strip(), Layout::Full).await;
        county.work().await;
        let digest = county.issued(&screen).playlist.unwrap();
        let playlist = ask(&county, &key, &format!("/player/v1/playlists/{digest}"), None).await;
        let immutable = playlist.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable");
        assert!(playlist.status() == StatusCode::OK && immutable);
        let bytes = bytes_of(playlist).await;
        assert_eq!(Digest::of(&bytes), digest);
        let item = Playlist::from_bytes(&bytes).unwrap().items.remove(0);
        let asset = ask(&county, &key, &format!("/player/v1/assets/{}", item.asset), None).await;
        let asset = bytes_of(asset).await;
        assert_eq!((Digest::of(&asset), asset.len() as u64), (item.asset, item.bytes));

        let status = async |key: &SecretKey, path: String| ask(&county, key, &path, None).await.status();
        // A blob that is no rendition, one that is no playlist, none at all, and a key that is no screen's.
        assert_eq!(status(&key, format!("/player/v1/assets/{digest}")).await, StatusCode::NOT_FOUND);
        assert_eq!(status(&key, format!("/player/v1/playlists/{}", item.asset)).await, StatusCode::NOT_FOUND);
        assert_eq!(status(&key, "/player/v1/playlists/..%2F..%2Fkeys".into()).await, StatusCode::NOT_FOUND);
        let stranger = SecretKey::from_seed(&[200; 32]);
        assert_eq!(status(&stranger, format!("/player/v1/playlists/{digest}")).await, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn a_player_that_is_ahead_of_a_restored_database_is_overtaken_and_not_left_behind() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        three(&county).await;
        let venue = county.app.screens.venues().await.unwrap()[0].id;
        let (screen, key) = county.screen(venue, "丁", strip(), Layout::Full).await;
        county.work().await;
        let asked = async |etag: &str| {
            let answer = ask(&county, &key, "/player/v1/manifest", Some(etag)).await;
            assert_eq!(answer.status(), StatusCode::OK);
            TrustedManifest::accept(bytes_of(answer).await, &county.app.publisher.public(), screen.id, None)
                .unwrap()
                .manifest
        };
        let before = county.manifest(&screen);
        let beyond = asked("\"57\"").await;
        assert_eq!((beyond.version, beyond.playlist), (58, before.playlist));
        assert_eq!(asked("\"12\"").await.version, 58, "once is enough");
        let more = county.slogan("不点链接").await;
        county.on_air("又", booking("又", vec![more])).await;
        county.work().await;
        assert_eq!(county.issued(&screen).version, 59);
        for nonsense in ["\"18446744073709551615\"", "\"-1\"", "\"\"", "W/\"x\""] {
            assert_eq!(asked(nonsense).await.version, 59, "{nonsense}");
        }
    })
    .await;
}
