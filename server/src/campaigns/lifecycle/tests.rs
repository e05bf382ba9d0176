use uuid::Uuid;
use xuanping_core::id::{AccountId, CampaignId};

use super::*;

const NOW: UtcMillis = UtcMillis(1_770_000_000_000);

fn person(n: u128) -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(n)), name: format!("{n}号") }
}

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
}

/// Written by the first person, from the 10th to the 20th.
fn campaign() -> Campaign {
    Campaign {
        id: CampaignId::new(Uuid::nil()),
        name: "宣传月".into(),
        goal: String::new(),
        owner_department: "fin".into(),
        starts: day(10),
        ends: day(20),
        stages: Vec::new(),
        state: CampaignState::Draft,
        review: Review::Open,
        hands: person(1).account().into_iter().collect(),
        author: "1号".into(),
        created_at: NOW,
        updated_at: NOW,
        published: None,
        bookings: Vec::new(),
    }
}

fn approved() -> Campaign {
    let mut campaign = campaign();
    campaign.submit(Unreached::Refuse, &person(1), NOW).unwrap();
    campaign.approve(campaign.hash(), &person(2), NOW).unwrap();
    campaign
}

#[test]
fn a_campaign_is_a_draft_in_review_approved_running_and_ended_in_turn() {
    let mut campaign = campaign();
    assert_eq!(campaign.standing(day(12)), Standing::Draft);
    campaign.submit(Unreached::Refuse, &person(1), NOW).unwrap();
    assert_eq!(campaign.standing(day(12)), Standing::InReview);
    let (revision, taken) = campaign.approve(campaign.hash(), &person(2), NOW).unwrap();
    assert_eq!((revision, taken.step, taken.by.as_str()), (1, LifeStep::Approve, "2号"));
    let days = [(9, Standing::Approved), (10, Standing::Running), (20, Standing::Running), (21, Standing::Ended)];
    for (n, standing) in days {
        assert_eq!(campaign.standing(day(n)), standing, "on the {n}th");
    }
    campaign.withdraw(&person(3), NOW).unwrap();
    assert_eq!(campaign.standing(day(12)), Standing::Withdrawn);
    assert!(matches!(campaign.withdraw(&person(3), NOW), Err(CampaignError::NotPublished)));
}

#[test]
fn nobody_approves_what_they_had_a_hand_in_since_it_was_published_last() {
    let mut campaign = campaign();
    campaign.submit(Unreached::Refuse, &person(2), NOW).unwrap();
    let hash = campaign.hash();
    for own in [person(1), person(2)] {
        assert!(matches!(campaign.clone().approve(hash, &own, NOW), Err(CampaignError::OwnWork)));
    }
    assert!(matches!(campaign.clone().approve(hash, &Actor::System, NOW), Err(CampaignError::NotAPerson)));
    campaign.approve(hash, &person(3), NOW).unwrap();
    // A new round begins with clean hands.
    campaign.ends = day(25);
    campaign.edited(&person(3), NOW);
    campaign.submit(Unreached::Refuse, &person(3), NOW).unwrap();
    let (revision, _) = campaign.approve(campaign.hash(), &person(1), NOW).unwrap();
    assert_eq!(revision, 2);
}

#[test]
fn a_review_is_of_exactly_what_the_reviewer_saw_and_any_edit_voids_it() {
    let mut campaign = campaign();
    assert!(matches!(campaign.clone().approve(campaign.hash(), &person(2), NOW), Err(CampaignError::NotInReview)));
    campaign.submit(Unreached::Refuse, &person(1), NOW).unwrap();
    let again = campaign.clone().submit(Unreached::Refuse, &person(1), NOW);
    assert!(matches!(again, Err(CampaignError::AlreadyInReview)));
    let seen = campaign.hash();
    campaign.ends = day(22);
    assert!(matches!(campaign.clone().approve(seen, &person(2), NOW), Err(CampaignError::EditedMeanwhile)));
    let voided = campaign.edited(&person(1), NOW);
    assert_eq!(voided.map(|taken| taken.step), Some(LifeStep::Edit));
    assert!(campaign.edited(&person(1), NOW).is_none(), "there is nothing left to void");
    assert!(matches!(campaign.clone().approve(campaign.hash(), &person(2), NOW), Err(CampaignError::NotInReview)));
}

#[test]
fn what_is_sent_back_says_why_until_it_is_submitted_again() {
    let mut campaign = campaign();
    campaign.submit(Unreached::Refuse, &person(1), NOW).unwrap();
    let hash = campaign.hash();
    let long = "长".repeat(LONGEST_REASON + 1);
    for reason in ["", "  ", &long] {
        assert!(matches!(campaign.clone().reject(hash, reason, &person(2), NOW), Err(CampaignError::Reason)));
    }
    campaign.reject(hash, " 时段不对 ", &person(2), NOW).unwrap();
    assert!(matches!(&campaign.review, Review::Returned { reason, .. } if reason == "时段不对"));
    assert_eq!(campaign.standing(day(12)), Standing::Draft);
    campaign.edited(&person(1), NOW);
    assert!(matches!(campaign.review, Review::Returned { .. }), "it can still be read while the fault is mended");
    campaign.submit(Unreached::Refuse, &person(1), NOW).unwrap();
    assert_eq!(campaign.standing(day(12)), Standing::InReview);
}

#[test]
fn what_is_on_the_walls_stays_there_while_the_next_version_is_written_and_reviewed() {
    let mut campaign = approved();
    assert!(matches!(campaign.submit(Unreached::Refuse, &person(1), NOW), Err(CampaignError::NothingNew)));
    campaign.ends = day(30);
    campaign.edited(&person(1), NOW);
    assert!(campaign.has_changed());
    assert_eq!(campaign.standing(day(25)), Standing::Ended, "the new days are not approved yet");
    campaign.submit(Unreached::Refuse, &person(1), NOW).unwrap();
    assert_eq!(campaign.standing(day(12)), Standing::Running);
    assert_eq!(campaign.published.as_ref().unwrap().ends, day(20));
    campaign.withdraw(&person(2), NOW).unwrap();
    assert_eq!(campaign.review, Review::Open, "what was taken off does not come back by itself");
}
