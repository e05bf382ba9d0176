use super::*;
use crate::id::BookingId;

fn booking(n: u128) -> BookingId {
    BookingId::new(uuid::Uuid::from_u128(n))
}

fn part(n: u128, weight: u8, entries: &[(u32, u32, Option<FraudType>)]) -> Part {
    let entries =
        entries.iter().map(|&(key, ms, fraud_type)| Entry { key, duration: Millis(ms), fraud_type }).collect();
    Part { booking: booking(n), weight: weight.try_into().unwrap(), entries }
}

fn arranged(parts: Vec<Part>) -> (Vec<Slot>, Report) {
    match arrange(&Request::checked(parts, Bounds::default()).unwrap()) {
        Answer::Feasible { slots, report } => (slots, report),
        other => panic!("{other:?}"),
    }
}

#[test]
fn weights_are_shares_of_airtime_not_of_plays() {
    let (slots, report) = arranged(vec![part(1, 1, &[(0, 30_000, None)]), part(2, 1, &[(1, 10_000, None)])]);
    let plays = |key| slots.iter().filter(|s| s.item == key).count();
    assert_eq!((plays(0), plays(1)), (1, 3));
    assert_eq!(report.bookings[0].share, 500_000);
    assert_eq!(report.bookings[1].plays_per_hour(report.length), 180.0);
}
