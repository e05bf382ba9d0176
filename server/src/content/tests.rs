//! Stories of the content domain, each on both databases.

use std::{collections::HashMap, path::Path};

use tempfile::TempDir;
use uuid::Uuid;
use xuanping_core::{
    geometry::{Layout, Size, Sound, ZoneName},
    id::AccountId,
    playlist::Show,
    vocabulary::ScreenKind,
};

use super::{samples::Samples, *};
use crate::db::testing::for_each_database;

const NOW: UtcMillis = UtcMillis(1_770_000_000_000);

struct House {
    content: Content,
    jobs: Jobs,
    handlers: Handlers,
    folder: TempDir,
}

async fn house(db: &Db) -> House {
    let folder = TempDir::new().unwrap();
    let jobs = Jobs::new(db.clone());
    let content = on(db, folder.path(), &jobs).await;
    let mut handlers = Handlers::default();
    content.register(&mut handlers);
    // Playlists are planned by another domain.
    handlers.register(REPLAN, |_| async { Ok::<_, std::convert::Infallible>(()) });
    House { content, jobs, handlers, folder }
}

/// The domain on a database and a folder.
pub async fn content_on(db: &Db, folder: &Path) -> Content {
    on(db, folder, &Jobs::new(db.clone())).await
}

async fn on(db: &Db, folder: &Path, jobs: &Jobs) -> Content {
    let fonts = Typesetter::open(&render::fonts::DEFAULT_FONT_FILES).unwrap();
    Content::new(db.clone(), Blobs::open(folder).await.unwrap(), jobs.clone(), fonts, Style::default())
}

fn person(n: u128) -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(n)), name: format!("{n}号") }
}

fn slogan(text: &str) -> Draft {
    Draft {
        kind: CreativeKind::Slogan,
        title: "标语".into(),
        fraud_type: FraudType::General,
        text: Some(text.into()),
        upload: None,
        duration: None,
        valid_from: None,
        valid_until: None,
        fit: Fit::default(),
    }
}

fn files_under(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_under(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}

impl House {
    /// What screens of one class are given for one creative.
    async fn given(&self, class: ScreenClass, id: CreativeId) -> Result<Rendition, NoRendition> {
        let creatives = HashMap::from([(id, self.content.creative(id).await.unwrap())]);
        self.content.given(&[class], &creatives, NOW).await.unwrap()[&class][&id].clone()
    }

    async fn upload(&self, name: &str, bytes: &[u8]) -> Result<uploads::Taken, ContentError> {
        let mut receiving = self.content.receive(name).await?;
        for piece in bytes.chunks(1000) {
            receiving.write(piece).await?;
        }
        receiving.finish(&person(1), NOW).await
    }

    async fn approved(&self, draft: Draft) -> Creative {
        let id = self.content.create(draft, &person(1), NOW).await.unwrap().id;
        self.content.step(id, Step::Submit, None, None, &person(1), NOW).await.unwrap();
        self.content.step(id, Step::Approve, None, None, &person(2), NOW).await.unwrap()
    }
}

fn hall() -> Vec<ScreenClass> {
    ScreenClass::of_screen(ScreenKind::Lcd, Size { width: 1920, height: 1080 }, Layout::MainAndTicker, Sound::On)
}

fn door() -> ScreenClass {
    ScreenClass { kind: ScreenKind::LedStrip, zone: ZoneName::Main, size: Size { width: 192, height: 16 } }
}

#[tokio::test]
async fn a_slogan_is_reviewed_by_a_second_person_and_then_playable_on_every_class() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.content.meet_classes(&hall(), NOW).await.unwrap();
        let id = house.content.create(slogan("陌生来电要转账，先打96110"), &person(1), NOW).await.unwrap().id;
        let ticker = hall()[1];
        let outcome = async || house.given(ticker, id).await;
        assert_eq!(outcome().await, Err(NoRendition::NotApproved(State::Draft)));
        house.content.step(id, Step::Submit, None, None, &person(1), NOW).await.unwrap();
        house.jobs.drain(&house.handlers).await.unwrap();
        let creative = house.content.creative(id).await.unwrap();
        assert_eq!(house.content.renditions_of(&creative).await.unwrap().len(), 2, "the reviewer sees main and ticker");
        assert_eq!(outcome().await, Err(NoRendition::NotApproved(State::InReview)), "but no screen does");

        let own = house.content.step(id, Step::Approve, None, None, &person(1), NOW).await;
        assert!(matches!(own, Err(ContentError::Step(StepRefusal::OwnWork))));
        house.content.step(id, Step::Approve, None, Some(creative.content.hash()), &person(2), NOW).await.unwrap();
        let rendition = outcome().await.unwrap();
        assert!(matches!(rendition.show, Show::Strip { size, .. } if size.height == 120));
        let file = house.content.blobs.read(rendition.asset).await.unwrap();
        assert_eq!(file.len() as u64, rendition.bytes);

        // A class that appears later gets its rendition by itself.
        assert_eq!(house.given(door(), id).await, Err(NoRendition::Pending));
        house.content.meet_classes(&[door(), door()], NOW).await.unwrap();
        house.jobs.drain(&house.handlers).await.unwrap();
        let strip = house.given(door(), id).await.unwrap();
        assert!(matches!(strip.show, Show::Strip { size, pixels_per_second: 60 } if size.height == 16));
        assert_eq!(house.jobs.waiting().await.unwrap(), 0);

        let history = house.content.history(id).await.unwrap();
        let steps: Vec<_> = history.iter().map(|s| (s.step, s.by.as_str())).collect();
        assert_eq!(steps, [(Step::Create, "1号"), (Step::Submit, "1号"), (Step::Approve, "2号")]);
    })
    .await;
}

#[tokio::test]
async fn what_is_approved_while_it_is_being_rendered_is_planned_when_it_is_ready() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let id = house.content.create(slogan("不轻信不转账"), &person(1), NOW).await.unwrap().id;
        let seen = house.content.step(id, Step::Submit, None, None, &person(1), NOW).await.unwrap();
        // Rendering begins here; before it ends, somebody approves and everything that is due is done.
        house.content.step(id, Step::Approve, None, None, &person(2), NOW).await.unwrap();
        house.jobs.drain(&house.handlers).await.unwrap();
        let outcome = Err("画不出来".to_owned());
        house.content.keep(vec![(seen, door(), outcome)], NOW).await.unwrap();
        assert_eq!(house.jobs.waiting().await.unwrap(), 1, "it is planned again");
    })
    .await;
}

#[tokio::test]
async fn an_edit_takes_an_approved_creative_off_the_screens_until_it_is_reviewed_again() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.content.meet_classes(&[door()], NOW).await.unwrap();
        let creative = house.approved(slogan("不轻信不转账")).await;
        house.jobs.drain(&house.handlers).await.unwrap();
        let before = house.given(door(), creative.id).await.unwrap();
        let edited = house.content.edit(creative.id, |_| slogan("不轻信不透露不转账"), &person(1), NOW).await.unwrap();
        assert_eq!(edited.state, State::Draft);
        let outcome = async || house.given(door(), creative.id).await;
        assert_eq!(outcome().await, Err(NoRendition::NotApproved(State::Draft)));
        assert_eq!(house.jobs.waiting().await.unwrap(), 1, "playlists are planned anew");
        house.content.step(creative.id, Step::Submit, None, None, &person(1), NOW).await.unwrap();
        let hash = Some(creative.content.hash());
        let stale = house.content.step(creative.id, Step::Approve, None, hash, &person(2), NOW).await;
        assert!(matches!(stale, Err(ContentError::Step(StepRefusal::ContentChanged))));
        house.content.step(creative.id, Step::Approve, None, None, &person(2), NOW).await.unwrap();
        assert_eq!(outcome().await, Err(NoRendition::Pending), "the old pixels are not the new content");
        house.jobs.drain(&house.handlers).await.unwrap();
        assert_ne!(outcome().await.unwrap().asset, before.asset);

        house.content.step(creative.id, Step::Withdraw, None, None, &person(2), NOW).await.unwrap();
        assert_eq!(outcome().await, Err(NoRendition::NotApproved(State::Withdrawn)));
    })
    .await;
}

#[tokio::test]
async fn two_people_who_change_a_creative_at_once_do_not_overwrite_each_other() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let creative = house.content.create(slogan("不转账"), &person(1), NOW).await.unwrap();
        let (content, by) = (&house.content, &person(1));
        let first = content.change(creative.clone(), by, |c| c.take(Step::Submit, by, None, None, NOW)).await;
        assert!(first.is_ok());
        let second = content.change(creative.clone(), by, |c| c.take(Step::Submit, by, None, None, NOW)).await;
        assert!(matches!(second, Err(ContentError::Raced)));
        assert_eq!(content.history(creative.id).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_shown_or_makes_no_sense_is_refused_before_it_is_kept() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let refused = async |draft: Draft| match house.content.create(draft, &person(1), NOW).await {
            Err(ContentError::Invalid { field, .. }) => field,
            Err(ContentError::MissingGlyphs(_)) => "glyphs",
            Err(ContentError::UploadUnknown) => "unknown upload",
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(slogan("转账🙂")).await, "glyphs");
        assert_eq!(refused(slogan("  ")).await, "text");
        assert_eq!(refused(slogan(&"诈".repeat(101))).await, "text");
        assert_eq!(refused(slogan("转\u{202E}账")).await, "text");
        assert_eq!(refused(Draft { title: " ".into(), ..slogan("不转账") }).await, "title");
        let day = |d| NaiveDate::from_ymd_opt(2026, 5, d);
        assert_eq!(refused(Draft { valid_from: day(9), valid_until: day(8), ..slogan("不转账") }).await, "valid_until");
        let poster = Draft { kind: CreativeKind::Poster, text: None, ..slogan("") };
        assert_eq!(refused(poster.clone()).await, "upload");
        assert_eq!(refused(Draft { upload: Some(Digest::ZERO), ..poster }).await, "unknown upload");
        assert!(house.content.list(&Filter { limit: 10, ..Filter::default() }).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_poster_is_uploaded_noticed_as_a_duplicate_and_cut_to_each_class() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.content.meet_classes(&hall(), NOW).await.unwrap();
        let png = Samples::encoded(&Samples::picture(400, 300), image::ImageFormat::Png);
        let taken = house.upload("海报.png", &png).await.unwrap();
        assert_eq!((taken.upload.digest, taken.duplicate_of), (Digest::of(&png), None));
        let wrong = Draft { kind: CreativeKind::Clip, text: None, upload: Some(taken.upload.digest), ..slogan("") };
        assert!(matches!(house.content.create(wrong, &person(1), NOW).await, Err(ContentError::UploadKind { .. })));
        let draft = Draft { kind: CreativeKind::Poster, text: None, upload: Some(taken.upload.digest), ..slogan("") };
        let creative = house.approved(Draft { title: "防诈海报".into(), ..draft }).await;
        house.jobs.drain(&house.handlers).await.unwrap();
        let rendition = house.given(hall()[0], creative.id).await.unwrap();
        assert_eq!(rendition.show, Show::Picture { size: Size { width: 1920, height: 960 } });
        assert_eq!(rendition.duration, USUAL_POSTER);
        let ticker = house.given(hall()[1], creative.id).await;
        assert_eq!(ticker, Err(NoRendition::NotForThisClass));

        let again = house.upload("又一份.png", &png).await.unwrap();
        assert_eq!(again.duplicate_of, Some((creative.id, "防诈海报".into())));
        assert_eq!(again.upload.name, "海报.png");
        assert!(house.content.thumbnail(&creative).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_clip_is_transcoded_once_for_all_classes() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let samples = Samples::new();
        let film = samples
            .ffmpeg("-f lavfi -i testsrc=s=320x240:r=25:d=2 -f lavfi -i sine=d=2 -c:v mpeg4 -c:a mp3", "film.avi");
        let taken = house.upload("film.avi", &std::fs::read(film).unwrap()).await.unwrap();
        let wall =
            ScreenClass { kind: ScreenKind::LedWall, zone: ZoneName::Main, size: Size { width: 640, height: 320 } };
        house.content.meet_classes(&[hall()[0], wall], NOW).await.unwrap();
        let draft = Draft { kind: CreativeKind::Clip, text: None, upload: Some(taken.upload.digest), ..slogan("") };
        let creative = house.approved(draft).await;
        house.jobs.drain(&house.handlers).await.unwrap();
        let on_hall = house.given(hall()[0], creative.id).await.unwrap();
        let on_wall = house.given(wall, creative.id).await.unwrap();
        assert_eq!(on_hall.asset, on_wall.asset);
        assert_eq!(on_hall.show, Show::Clip { size: Size { width: 320, height: 240 } });
        assert_ne!(on_hall.asset, taken.upload.digest, "no uploaded byte reaches a wall");
        assert!((1_900..=2_200).contains(&on_hall.duration.0), "{}", on_hall.duration);
        assert!(files_under(&house.folder.path().join("incoming")).is_empty(), "the transcoder leaves nothing behind");
    })
    .await;
}

#[tokio::test]
async fn a_refused_broken_off_or_oversized_upload_leaves_nothing() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let png = Samples::encoded(&Samples::picture(400, 300), image::ImageFormat::Png);
        assert!(matches!(house.upload("海报.png", &png[..png.len() / 2]).await, Err(ContentError::Probe(_))));
        assert!(matches!(house.upload("海报.png", b"").await, Err(ContentError::Probe(ProbeRefusal::Empty))));
        assert!(files_under(house.folder.path()).is_empty());

        // The sender goes away in the middle.
        let mut receiving = house.content.receive("海报.png").await.unwrap();
        receiving.write(&png[..4500]).await.unwrap();
        drop(receiving);
        assert!(files_under(house.folder.path()).is_empty());

        // Far too long: refused while it streams, long before its end.
        let mut receiving = house.content.receive("海报.png").await.unwrap();
        let mut written = 0;
        let refused = loop {
            let piece = if written == 0 { png.clone() } else { vec![0; 1 << 20] };
            written += piece.len() as u64;
            if let Err(error) = receiving.write(&piece).await {
                break error;
            }
            assert!(written < 2 * probe::MOST_POSTER_BYTES);
        };
        assert!(matches!(refused, ContentError::Probe(ProbeRefusal::TooLarge { .. })));
        drop(receiving);
        assert!(files_under(house.folder.path()).is_empty());
        let rows = db.one(crate::db::sql("SELECT COUNT(*) AS n FROM uploads")).await.unwrap();
        assert_eq!(rows.int("n").unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_an_upload_leaves_nothing_after_the_next_start() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let png = Samples::encoded(&Samples::picture(400, 300), image::ImageFormat::Png);
        let mut receiving = house.content.receive("海报.png").await.unwrap();
        receiving.write(&png).await.unwrap();
        // Killed: nothing of the process runs any more, not even destructors.
        std::mem::forget(receiving);
        assert!(!files_under(house.folder.path()).is_empty());
        let content = on(&db, house.folder.path(), &house.jobs).await;
        // As whoever serves does.
        content.blobs.clear_unfinished().await.unwrap();
        assert!(files_under(house.folder.path()).is_empty());
        assert!(content.upload(Digest::of(&png)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_check_shows_the_very_pixels_that_screens_get() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.content.meet_classes(&hall(), NOW).await.unwrap();
        let text = "凡是要求转账到安全账户的都是诈骗，请立即拨打反诈专线96110咨询核实";
        let creative = house.approved(slogan(text)).await;
        house.jobs.drain(&house.handlers).await.unwrap();
        let check = house.content.check_slogan(text, FraudType::General).await.unwrap();
        assert!(check.missing.is_empty());
        let shown = house.given(hall()[1], creative.id).await.unwrap();
        let checked = check.classes.iter().find(|c| c.class == hall()[1]).unwrap();
        let preview = checked.outcome.as_ref().unwrap();
        assert!(checked.known && preview.scrolls);
        assert_eq!(Digest::of(&preview.png), shown.asset);
        assert_eq!(preview.duration, shown.duration);
        assert!(
            check.classes.iter().any(|c| !c.known && c.class.kind == ScreenKind::LedStrip),
            "usual LED for orientation"
        );

        let rare = house.content.check_slogan("村民𠮷某", FraudType::General).await.unwrap();
        assert_eq!(rare.missing, [(Font::Unifont, ['𠮷'].into())]);
        let problem = rare.classes.iter().find(|c| c.class == door()).unwrap().outcome.as_ref().unwrap_err();
        assert!(problem.contains("𠮷"), "{problem}");
    })
    .await;
}

#[tokio::test]
async fn lists_are_narrowed_and_paged_newest_first() {
    for_each_database(async |db| {
        let house = house(&db).await;
        for (i, text) in ["刷单是诈骗", "不转账", "100%返利是骗局"].into_iter().enumerate() {
            house.content.create(slogan(text), &person(1), NOW.plus(i as i64 * 1000)).await.unwrap();
        }
        let texts = async |filter: Filter| -> Vec<String> {
            house.content.list(&filter).await.unwrap().into_iter().filter_map(|c| c.content.text).collect()
        };
        let all = Filter { limit: 10, ..Filter::default() };
        assert_eq!(texts(all.clone()).await, ["100%返利是骗局", "不转账", "刷单是诈骗"]);
        assert_eq!(texts(Filter { words: Some("刷单".into()), ..all.clone() }).await, ["刷单是诈骗"]);
        assert_eq!(
            texts(Filter { words: Some("0%".into()), ..all.clone() }).await,
            ["100%返利是骗局"],
            "% is no wildcard"
        );
        assert!(texts(Filter { state: Some(State::Approved), ..all.clone() }).await.is_empty());
        let first = house.content.list(&Filter { limit: 1, ..all.clone() }).await.unwrap().remove(0);
        assert_eq!(texts(Filter { before: Some(first.id), ..all }).await, ["不转账", "刷单是诈骗"]);
    })
    .await;
}

#[test]
fn a_class_reads_back_from_its_key() {
    for class in hall().into_iter().chain([door()]) {
        assert_eq!(ScreenClass::from_key(&class.key()), Some(class));
    }
    assert_eq!(ScreenClass::from_key("lcd/main/1920x1080/x"), None);
}
