//! The area tree, venues, and what an operator's scope covers.

use xuanping_core::{
    position::{InvalidPosition, Position},
    recurrence::InvalidOpening,
};

use super::*;
use crate::db::testing::for_each_database;

#[tokio::test]
async fn the_area_tree_grows_from_the_top_and_its_codes_are_codes() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let put = async |code: &str, name: &str| {
            let new = NewArea { code: code.into(), name: name.into(), source_year: 2024 };
            house.screens.put_area(new, &Actor::CommandLine, clock::now()).await
        };
        for bad in ["", "330482", "33048210000a", "000000000000", "三三零四八二", "3304821000001"] {
            let refused = put(bad, "某地").await;
            assert!(matches!(refused, Err(ScreenError::Place(PlaceFault::AreaCode))), "{bad}");
        }
        let orphan = put("330483100000", "别县某镇").await;
        assert!(matches!(orphan, Err(ScreenError::Place(PlaceFault::AreaParent))));
        let nameless = put("330482102000", "  ").await;
        assert!(matches!(nameless, Err(ScreenError::Place(PlaceFault::Name))));
        assert_eq!(put(EAST, "东街道").await.unwrap().name, "东街道", "putting it again renames it");

        let tree = house.screens.areas().await.unwrap();
        let told: Vec<_> = tree.iter().map(|a| (a.code.as_str(), a.level, a.parent.as_deref())).collect();
        let expected = [
            (COUNTY, AreaLevel::County, None),
            (EAST, AreaLevel::Township, Some(COUNTY)),
            (EAST_VILLAGE, AreaLevel::Village, Some(EAST)),
            (WEST, AreaLevel::Township, Some(COUNTY)),
        ];
        assert_eq!(told, expected);
    })
    .await;
}

#[tokio::test]
async fn a_venue_is_refused_with_the_field_at_fault() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.venue("东镇支行", EAST).await;
        let good = new_venue("东镇二支行", EAST);
        let cases = [
            (NewVenue { name: " ".into(), ..good.clone() }, PlaceFault::Name),
            (NewVenue { name: "长".repeat(61), ..good.clone() }, PlaceFault::Name),
            (NewVenue { area: "330482199000".into(), ..good.clone() }, PlaceFault::UnknownArea),
            (NewVenue { area: "000".into(), ..good.clone() }, PlaceFault::UnknownArea),
            (NewVenue { department: "nobody".into(), ..good.clone() }, PlaceFault::UnknownDepartment),
            (
                NewVenue { opening: "PH off".into(), ..good.clone() },
                PlaceFault::Opening(InvalidOpening::Days("PH".into())),
            ),
            (
                NewVenue { position: "115.6789,29.12345".into(), ..good.clone() },
                PlaceFault::Position(InvalidPosition::Swapped),
            ),
            (NewVenue { name: "东镇支行".into(), ..good.clone() }, PlaceFault::VenueTaken),
        ];
        for (new, fault) in cases {
            let refused = house.screens.add_venue(new, None, &Actor::CommandLine, clock::now()).await.unwrap_err();
            assert!(matches!(&refused, ScreenError::Place(f) if *f == fault), "{refused:?}");
        }
        let same_name_elsewhere = NewVenue { name: "东镇支行".into(), area: WEST.into(), ..good };
        assert!(house.screens.add_venue(same_name_elsewhere, None, &Actor::CommandLine, clock::now()).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_venue_lies_where_somebody_said_until_that_is_taken_away() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.venue("东镇二支行", EAST).await;
        let new = NewVenue { position: " 29.12345，115.67890 ".into(), ..new_venue("东镇支行", EAST) };
        let venue = house.screens.add_venue(new, None, &Actor::CommandLine, clock::now()).await.unwrap();
        assert_eq!(venue.position.map(|at| at.to_string()).as_deref(), Some("29.123450,115.678900"));
        assert_eq!(house.screens.venue(venue.id).await.unwrap(), venue);
        assert_eq!(house.screens.positions().await.unwrap(), [(venue.id, venue.position.unwrap())]);
        let change = async |position: Option<&str>| {
            let change = VenueChange { position: position.map(str::to_owned), ..VenueChange::default() };
            house.screens.change_venue(venue.id, change, &operator(), clock::now()).await
        };
        assert_eq!(change(None).await.unwrap().position, venue.position);
        let bad = change(Some("北门")).await;
        assert!(matches!(bad, Err(ScreenError::Place(PlaceFault::Position(InvalidPosition::Form)))), "{bad:?}");
        let moved = change(Some("-29.5 115.5")).await.unwrap();
        assert_eq!(house.screens.venue(venue.id).await.unwrap().position, moved.position);
        assert_eq!(moved.position.map(Position::micro), Some((-29_500_000, 115_500_000)));
        assert_eq!(change(Some("")).await.unwrap().position, None);
        assert_eq!(house.screens.positions().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_department_is_kept_as_it_is_meant() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let put = async |code: &str, name: &str| {
            let new = Department { code: code.into(), name: name.into() };
            house.screens.put_department(new, &Actor::CommandLine, clock::now()).await
        };
        assert!(matches!(put(" ", "教育局").await, Err(ScreenError::Place(PlaceFault::DepartmentCode))));
        assert!(matches!(put("edu", "").await, Err(ScreenError::Place(PlaceFault::Name))));
        put(" edu ", " 教育局 ").await.unwrap();
        let all = house.screens.departments().await.unwrap();
        assert!(all.contains(&Department { code: "edu".into(), name: "教育局".into() }), "{all:?}");
    })
    .await;
}

#[tokio::test]
async fn a_changed_venue_is_checked_like_a_new_one_and_its_screens_are_planned_anew() {
    for_each_database(async |db| {
        let house = house(&db).await;
        house.venue("东镇二支行", EAST).await;
        let venue = house.venue("东镇支行", EAST).await;
        let change = async |change| house.screens.change_venue(venue, change, &operator(), clock::now()).await;
        let taken = change(VenueChange { name: Some("东镇二支行".into()), ..VenueChange::default() }).await;
        assert!(matches!(taken, Err(ScreenError::Place(PlaceFault::VenueTaken))), "{taken:?}");
        let nowhere = change(VenueChange { area: Some("330482199000".into()), ..VenueChange::default() }).await;
        assert!(matches!(nowhere, Err(ScreenError::Place(PlaceFault::UnknownArea))));
        let closed = change(VenueChange { opening: Some("closed".into()), ..VenueChange::default() }).await;
        assert!(matches!(closed, Err(ScreenError::Place(PlaceFault::Opening(_)))));

        house.screen(1, venue).await;
        house.screen(2, venue).await;
        db.exec(crate::db::sql("DELETE FROM jobs")).await.unwrap();
        let address = format!(" {} ", "长".repeat(300));
        let done = change(VenueChange {
            area: Some(EAST_VILLAGE.into()),
            address: Some(address),
            opening: Some("周一至周五 08:30-17:30；周日 休息".into()),
            ..VenueChange::default()
        });
        let done = done.await.unwrap();
        assert_eq!((done.name.as_str(), done.area.as_str(), done.screens), ("东镇支行", EAST_VILLAGE, 2));
        assert_eq!(done.address.chars().count(), 200);
        assert_eq!(done.opening.to_string(), "Mo-Fr 08:30-17:30; Sa-Su off");
        assert_eq!(house.screens.venue(venue).await.unwrap(), done);
        assert_eq!(house.jobs.waiting().await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn changes_of_one_venue_at_once_are_all_kept() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let change = |change| {
            let screens = house.screens.clone();
            tokio::spawn(async move { screens.change_venue(venue, change, &operator(), clock::now()).await })
        };
        let none = VenueChange::default();
        let (one, two, three) = tokio::join!(
            change(VenueChange { address: Some("新街 2 号".into()), ..none.clone() }),
            change(VenueChange { opening: Some("07:00-19:00".into()), ..none.clone() }),
            change(VenueChange { kind: Some(VenueType::Clinic), ..none }),
        );
        for done in [one, two, three] {
            done.unwrap().unwrap();
        }
        let now = house.screens.venue(venue).await.unwrap();
        assert_eq!(
            (now.address.as_str(), now.opening.to_string(), now.kind),
            ("新街 2 号", "07:00-19:00".to_owned(), VenueType::Clinic)
        );
    })
    .await;
}

#[tokio::test]
async fn an_operator_acts_only_within_the_own_department_and_area() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let now = clock::now();
        let (east, west) = (house.venue("东镇支行", EAST_VILLAGE).await, house.venue("西镇支行", WEST).await);
        let (in_east, in_west) = (house.screen(1, east).await, house.screen(2, west).await);
        let eastern = principal(2, Role::Operator, Some("fin"), Some(EAST));
        let out = |refused: Result<(), ScreenError>| matches!(refused, Err(ScreenError::OutOfScope));

        let retire = async |id| house.screens.retire(id, &eastern, now).await;
        assert!(out(retire(in_west.id).await));
        let change = async |id| {
            house
                .screens
                .change(id, ScreenChange { layout: Some(Layout::Full), ..ScreenChange::default() }, &eastern, now)
                .await
                .map(|_| ())
        };
        assert!(out(change(in_west.id).await));
        change(in_east.id).await.unwrap();
        let move_to = async |venue, area: &str| {
            let change = VenueChange { area: Some(area.into()), ..VenueChange::default() };
            house.screens.change_venue(venue, change, &eastern, now).await.map(|_| ())
        };
        assert!(out(move_to(west, EAST).await), "nobody takes what is not theirs");
        assert!(out(move_to(east, WEST).await), "nor gives away what is");
        move_to(east, EAST).await.unwrap();
        let add = async |area: &str, department: &str| {
            let new = NewVenue { department: department.into(), ..new_venue("新点位", area) };
            house.screens.add_venue(new, Some(&eastern), &(&eastern).into(), now).await.map(|_| ())
        };
        assert!(out(add(WEST, "fin").await));
        assert!(out(add(COUNTY, "fin").await), "the county is more than the township");
        assert!(out(add(EAST, "health").await));
        add(EAST_VILLAGE, "fin").await.unwrap();

        let code = house.code(3, now).await;
        let pair = async |venue| {
            let request = PairRequest { venue, ..pairing(&code, west, "屏") };
            house.screens.pair(request, &eastern, now).await.map(|_| ())
        };
        assert!(out(pair(VenueChoice::Existing(west)).await));
        assert!(out(pair(VenueChoice::New(new_venue("西镇新点位", WEST))).await));
        assert!(!house.screens.venues().await.unwrap().iter().any(|v| v.name == "西镇新点位"), "nothing half done");
        pair(VenueChoice::New(new_venue("东镇新点位", EAST))).await.unwrap();
        retire(in_east.id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_scope_that_means_nothing_covers_nothing() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        for (department, area) in [(None, Some("000")), (None, Some("")), (Some("ghost"), None), (Some(""), None)] {
            let who = principal(2, Role::Operator, department, area);
            let refused = house.screens.retire(screen.id, &who, clock::now()).await;
            assert!(matches!(refused, Err(ScreenError::OutOfScope)), "{department:?} {area:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_venue_that_cannot_be_made_leaves_the_code_unused() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let now = clock::now();
        let venue = house.venue("东镇支行", EAST).await;
        let code = house.code(1, now).await;
        let request =
            PairRequest { venue: VenueChoice::New(new_venue("东镇支行", EAST)), ..pairing(&code, venue, "屏") };
        let taken = house.screens.pair(request, &operator(), now).await;
        assert!(matches!(taken, Err(ScreenError::Place(PlaceFault::VenueTaken))));
        house.screens.pair(pairing(&code, venue, "屏"), &operator(), now).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_list_narrows_by_each_filter() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (east, west) = (house.venue("东镇支行", EAST_VILLAGE).await, house.venue("西镇支行", WEST).await);
        house.screen(1, east).await;
        house.screen(2, west).await;
        let names = async |filter| -> Vec<String> {
            house.screens.list(&filter).await.unwrap().into_iter().map(|s| s.name).collect()
        };
        let all = ScreenFilter::default;
        assert_eq!(names(all()).await, ["屏1", "屏2"]);
        assert_eq!(names(ScreenFilter { venue: Some(west), ..all() }).await, ["屏2"]);
        assert_eq!(names(ScreenFilter { area: Some(EAST.parse().unwrap()), ..all() }).await, ["屏1"]);
        assert_eq!(names(ScreenFilter { area: Some("330000000000".parse().unwrap()), ..all() }).await.len(), 2);
        assert_eq!(names(ScreenFilter { venue_type: Some(VenueType::Clinic), ..all() }).await.len(), 0);
        assert_eq!(names(ScreenFilter { department: Some("fin".into()), ..all() }).await.len(), 2);
        assert_eq!(names(ScreenFilter { kind: Some(ScreenKind::LedStrip), ..all() }).await.len(), 0);
        assert_eq!(names(ScreenFilter { text: Some(" 西镇 ".into()), ..all() }).await, ["屏2"]);
        assert_eq!(names(ScreenFilter { text: Some("'; DROP TABLE screens; --".into()), ..all() }).await.len(), 0);
    })
    .await;
}
