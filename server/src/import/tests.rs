//! Loading a folder: twice, and after being cut off.

use super::*;
use crate::{
    accounts::{NewAccount, Role, Scope, audit},
    clock,
    db::testing::for_each_database,
};

async fn person(app: &App, name: &str, role: Role) -> Actor {
    let new = NewAccount { name: name.into(), display_name: name.into(), roles: vec![role], scope: Scope::default() };
    let made = app.accounts.create(new, &Actor::System, clock::now()).await.unwrap().account;
    Actor::Person { id: made.id, name: made.display_name }
}

#[tokio::test]
async fn loading_the_same_folder_again_adds_nothing_and_leaves_no_trace() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let app = App::with_database(db, folder.path()).await.unwrap();
        let people = People {
            editor: person(&app, "editor", Role::Editor).await,
            reviewer: person(&app, "reviewer", Role::Reviewer).await,
        };
        let samples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../content-samples"));
        let (today, now) = (clock::today(chrono_tz::Asia::Shanghai), clock::now());
        let first = import(&app, samples, &people, today, now).await.unwrap();
        assert!(first.areas > 0 && first.venues > 0 && first.creatives > 0 && first.bookings > 0);
        let all = all_creatives(&app).await.unwrap().len();
        assert_eq!(all, first.creatives);
        let noted = audit::list(&app.db, None, 1).await.unwrap()[0].id;
        assert_eq!(import(&app, samples, &people, today, now).await.unwrap(), Imported::default());
        assert_eq!(all_creatives(&app).await.unwrap().len(), all);
        assert_eq!(audit::list(&app.db, None, 1).await.unwrap()[0].id, noted);
    })
    .await;
}

#[test]
fn dates_are_absolute_or_relative_to_today() {
    let today = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    assert_eq!(date("2026-12-01", today).unwrap().to_string(), "2026-12-01");
    assert_eq!(date("relative:-3d", today).unwrap().to_string(), "2026-02-27");
    assert_eq!(date("relative:+60d", today).unwrap().to_string(), "2026-05-01");
    assert!(date("relative:soon", today).is_err());
}

/// A folder with three slogans; the bookings play these.
fn small_folder(bookings: &[(&str, &[&str])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: serde_json::Value| {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    };
    write(
        "county.json",
        serde_json::json!({
            "source_year": 2026,
            "areas": [{ "code": "990123001000", "name": "溪滨街道" }, { "code": "990123000000", "name": "青溪县" }],
            "departments": [{ "code": "publicity", "name": "县委宣传部" }],
            "venues": [{ "name": "文化站", "type": "bank_hall", "area": "990123001000", "department": "publicity",
                         "address": "滨河路 1 号", "opening": "Mo-Fr 08:30-17:30; Sa 09:00-12:00; Su off" }],
        }),
    );
    let slogan = |key: &str| serde_json::json!({ "key": key, "kind": "slogan", "title": key, "fraud_type": "fake_loan", "text": "不转账" });
    write("creatives.json", serde_json::json!([slogan("a"), slogan("b"), slogan("c")]));
    let booking = |(name, creatives): &(&str, &[&str])| {
        serde_json::json!({ "name": name, "creatives": creatives, "venue_types": [], "areas": [], "mode": { "share": { "weight": 1 } },
                            "weekdays": [1], "windows": [{ "from": "08:00", "to": "12:00" }] })
    };
    write(
        "campaign.json",
        serde_json::json!({
            "name": "宣传月", "goal": "", "owner_department": "publicity", "starts": "relative:-3d",
            "ends": "relative:+30d", "bookings": bookings.iter().map(booking).collect::<Vec<_>>(),
        }),
    );
    folder
}

#[tokio::test]
async fn a_loading_that_was_cut_off_is_finished_by_the_next() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let app = App::with_database(db, folder.path()).await.unwrap();
        let people = People {
            editor: person(&app, "editor", Role::Editor).await,
            reviewer: person(&app, "reviewer", Role::Reviewer).await,
        };
        let (today, now) = (clock::today(chrono_tz::Asia::Shanghai), clock::now());
        // Cut off after a slogan was written, after another was submitted, and in the middle of the campaign.
        let draft = |title: &str| Draft {
            kind: CreativeKind::Slogan,
            title: title.into(),
            fraud_type: FraudType::FakeLoan,
            text: Some("不转账".into()),
            upload: None,
            duration: None,
            valid_from: None,
            valid_until: None,
            fit: Fit::default(),
        };
        app.content.create(draft("a"), &people.editor, now).await.unwrap();
        let b = app.content.create(draft("b"), &people.editor, now).await.unwrap().id;
        app.content.step(b, Step::Submit, None, None, &people.editor, now).await.unwrap();
        let broken = small_folder(&[("上午", &["a", "b"]), ("下午", &["nothing"])]);
        let refused = import(&app, broken.path(), &people, today, now).await.unwrap_err();
        assert_eq!(refused.to_string(), "下午: no creative nothing");

        let whole = small_folder(&[("上午", &["a", "b"]), ("下午", &["c"])]);
        let finished = import(&app, whole.path(), &people, today, now).await.unwrap();
        assert_eq!(finished, Imported { bookings: 1, ..Imported::default() });
        let venues = app.screens.venues().await.unwrap();
        assert_eq!(venues[0].opening.to_string(), "Mo-Fr 08:30-17:30; Sa 09:00-12:00; Su off");
        let all = all_creatives(&app).await.unwrap();
        assert!(all.len() == 3 && all.iter().all(|c| c.state == State::Approved), "{all:?}");
        let campaign = app.campaigns.list().await.unwrap().remove(0);
        let names: Vec<_> = campaign.bookings.iter().map(|b| b.name.as_str()).collect();
        assert_eq!((names, campaign.state), (vec!["上午", "下午"], CampaignState::Published));
        assert_eq!(import(&app, whole.path(), &people, today, now).await.unwrap(), Imported::default());
    })
    .await;
}

#[tokio::test]
async fn what_people_did_with_a_sample_is_not_undone_by_loading_it_again() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let app = App::with_database(db, folder.path()).await.unwrap();
        let people = People {
            editor: person(&app, "editor", Role::Editor).await,
            reviewer: person(&app, "reviewer", Role::Reviewer).await,
        };
        let (today, now) = (clock::today(chrono_tz::Asia::Shanghai), clock::now());
        let samples = small_folder(&[("上午", &["a", "b", "c"])]);
        import(&app, samples.path(), &people, today, now).await.unwrap();
        let by_title = async |title: &str| {
            all_creatives(&app).await.unwrap().into_iter().find(|c| c.content.title == title).unwrap()
        };
        let (a, b) = (by_title("a").await, by_title("b").await);
        app.content.step(a.id, Step::Withdraw, None, None, &people.reviewer, now).await.unwrap();
        let changed = Draft {
            kind: CreativeKind::Slogan,
            title: "b".into(),
            fraud_type: FraudType::FakeLoan,
            text: Some("改过的标语".into()),
            upload: None,
            duration: None,
            valid_from: None,
            valid_until: None,
            fit: Fit::default(),
        };
        app.content.edit(b.id, |_| changed, &people.editor, now).await.unwrap();
        let campaign = app.campaigns.list().await.unwrap().remove(0);
        app.campaigns.withdraw(campaign.id, &people.reviewer, now).await.unwrap();
        assert_eq!(import(&app, samples.path(), &people, today, now).await.unwrap(), Imported::default());
        assert_eq!(by_title("a").await.state, State::Withdrawn);
        assert_eq!(by_title("b").await.state, State::Draft, "nothing goes on air unreviewed");
        assert_eq!(app.campaigns.list().await.unwrap()[0].state, CampaignState::Withdrawn);
    })
    .await;
}
