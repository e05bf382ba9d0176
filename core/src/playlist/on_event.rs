//! What a playlist shows at an event: a pure question like [`Playlist::on_air`], so that the player that is told of a show
//! and the server that judges its record get one answer.

use chrono_tz::Tz;

use super::{
    EventItem, Item, Playlist,
    on_air::{local_time, moved, repeated_by},
};
use crate::{campaign::EventTrigger, geometry::ZoneName, time::UtcMillis};

impl Playlist {
    /// What an event asked for and could not begin within so many milliseconds (a takeover had the wall) is left out.
    pub const EVENT_PATIENCE: u64 = 600_000;

    /// Whether a showing of this item that began at `start` may come of an event not long before.
    pub fn may_follow_event(&self, zone: ZoneName, shown: impl Fn(&Item) -> bool, start: UtcMillis) -> bool {
        const MINUTE: i64 = 60_000;
        // It goes up within the patience, and again only when it is over.
        let lasts: i64 =
            self.items.iter().filter(|item| shown(item)).map(|item| item.duration.as_i64()).max().unwrap_or(0);
        let longest = Self::EVENT_PATIENCE as i64 + MINUTE + lasts;
        let mut asked = (0..=longest / MINUTE).map(|minutes| start.plus(-minutes * MINUTE));
        asked.any(|at| {
            let mut due = EventTrigger::ALL.iter().flat_map(|trigger| self.on_event(zone, *trigger, at));
            due.any(&shown)
        })
    }

    /// What `zone` shows at an event at `at`, in this order, each once. Past the horizon days are repeated as
    /// [`Playlist::on_air`] does, without what has ended.
    pub fn on_event(&self, zone: ZoneName, trigger: EventTrigger, at: UtcMillis) -> Vec<&Item> {
        let (Some(programme), Ok(tz)) = (self.zone(zone), self.timezone.parse::<Tz>()) else {
            return Vec::new();
        };
        let within = move |start: UtcMillis, end: UtcMillis| start <= at && at < end;
        let now: Vec<&EventItem> =
            programme.days.iter().flat_map(|day| &day.events).filter(|event| within(event.start, event.end)).collect();
        // A stretch may reach past midnight: yesterday's counts too.
        let today = local_time(at, tz).map(|local| local.date());
        let days = [today.and_then(|day| day.pred_opt()), today].into_iter().flatten();
        let repeated = days.filter_map(|date| repeated_by(programme, date)).flat_map(|(day, later)| {
            let due = move |event: &&EventItem| {
                moved(event.start, event.end, later, tz).is_some_and(|(start, end)| within(start, end))
            };
            day.events.iter().filter(due)
        });
        let mut seen = std::collections::HashSet::new();
        let events =
            now.into_iter().chain(repeated).filter(|event| event.trigger == trigger && seen.insert(event.item));
        let items = events.filter_map(|event| self.items.get(event.item as usize));
        items.filter(|item| item.ends.is_none_or(|ends| at < ends)).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::{
        digest::Digest,
        geometry::Size,
        id::{BookingId, CreativeId},
        playlist::{Day, Show, ZoneProgramme},
        recurrence::local_start,
        time::Millis,
        vocabulary::CreativeKind,
    };

    const HOUR: i64 = 3_600_000;

    fn item(n: u128, ends: Option<UtcMillis>) -> Item {
        Item {
            booking: BookingId::new(uuid::Uuid::from_u128(n)),
            creative: CreativeId::new(uuid::Uuid::from_u128(n)),
            asset: Digest::of(&n.to_be_bytes()),
            bytes: 1,
            show: Show::Picture { size: Size { width: 8, height: 8 } },
            duration: Millis(5_000),
            kind: CreativeKind::Poster,
            ends,
        }
    }

    fn midnight(day: u32) -> UtcMillis {
        let date = NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        local_start(date.and_hms_opt(0, 0, 0).unwrap(), chrono_tz::Asia::Shanghai)
    }

    /// Two days, each with the first item from 18 to 26 o'clock and the second from 18 to 20.
    fn cinema() -> Playlist {
        let event = |item, day, until| EventItem {
            trigger: EventTrigger::PreShow,
            item,
            start: midnight(day).plus(18 * HOUR),
            end: midnight(day).plus(until * HOUR),
        };
        let days = [2, 3].map(|day| Day {
            date: NaiveDate::from_ymd_opt(2026, 3, day).unwrap(),
            dayparts: Vec::new(),
            events: vec![event(0, day, 26), event(1, day, 20)],
        });
        let zones = vec![ZoneProgramme { zone: ZoneName::Main, days: days.to_vec() }];
        Playlist {
            version: Playlist::version_of(&zones),
            timezone: "Asia/Shanghai".to_owned(),
            items: vec![item(1, None), item(2, Some(midnight(9)))],
            loops: Vec::new(),
            zones,
        }
    }

    fn shown(at: UtcMillis) -> Vec<u128> {
        let playlist = cinema();
        let items = playlist.on_event(ZoneName::Main, EventTrigger::PreShow, at);
        items.iter().map(|item| item.booking.uuid().as_u128()).collect()
    }

    #[test]
    fn each_booked_item_is_shown_once_in_its_order_if_the_event_is_within_its_time() {
        let second = midnight(3);
        assert_eq!(shown(second.plus(17 * HOUR)), []);
        assert_eq!(shown(second.plus(18 * HOUR)), [1, 2]);
        assert_eq!(shown(second.plus(20 * HOUR)), [1]);
        assert_eq!(shown(second.plus(HOUR)), [1], "the evening before reaches past midnight");
        assert_eq!(shown(second.plus(2 * HOUR)), []);
        assert!(cinema().on_event(ZoneName::Ticker, EventTrigger::PreShow, second.plus(19 * HOUR)).is_empty());
    }

    #[test]
    fn a_showing_may_come_of_an_event_for_as_long_as_a_player_would_wait_with_it() {
        let begins = midnight(3).plus(18 * HOUR);
        let ends = midnight(3).plus(26 * HOUR);
        let may = |booking: u128, at: UtcMillis| {
            cinema().may_follow_event(ZoneName::Main, |item| item.booking.uuid().as_u128() == booking, at)
        };
        assert!(!may(1, begins.plus(-60_000)) && may(1, begins) && may(1, ends.plus(-1)));
        assert!(may(1, ends.plus(5 * 60_000)), "asked for in time, shown after a takeover");
        assert!(!may(1, ends.plus(20 * 60_000)));
        assert!(!may(2, ends.plus(-HOUR)) && !may(7, begins), "not booked for then, or at all");
    }

    #[test]
    fn past_the_horizon_evenings_are_like_those_before_without_what_has_ended() {
        assert_eq!(shown(midnight(4).plus(HOUR)), [1], "the last planned evening reaches past the last day's midnight");
        assert_eq!(shown(midnight(8).plus(19 * HOUR)), [1, 2]);
        assert_eq!(shown(midnight(10).plus(19 * HOUR)), [1], "the second has ended");
        assert_eq!(shown(midnight(10).plus(25 * HOUR)), [1]);
    }
}
