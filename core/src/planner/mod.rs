//! Which screens share a programme, and what has to be planned anew when something changes.
//!
//! A [`Plan`] keeps screens in groups: a group's screens look alike and are chosen by the same bookings, so they share one
//! playlist. A changed booking touches only the groups it chooses or chose; a screen that joins a known group plans nothing;
//! and a playlist is made once for each distinct programme and horizon. The plan knows no renditions: whoever keeps it turns
//! a group into a [`Programme`], on as many threads as there are, and hands back the playlist's digest.

mod choosing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use self::choosing::{BITS, Choosing, Properties, contains, positions};
use crate::{
    campaign::{Booking, ScreenFacts, Surface},
    digest::Digest,
    geometry::Zone,
    id::{BookingId, ScreenId},
    playlist::{self, BuildReport, Memo, Playlist, Programme},
    recurrence::OpeningHours,
    rotation::Care,
    time::DateRange,
    vocabulary::ScreenKind,
};

/// A screen as planning sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What selectors ask, and its zones.
    pub facts: ScreenFacts,
    /// IANA zone its days are counted in.
    pub timezone: String,
    /// The opening hours of its venue.
    pub opening: OpeningHours,
    /// How many showings of quotas it makes up for; nothing for nearly every screen.
    pub missed: BTreeMap<BookingId, u32>,
}

/// What decides a programme besides bookings: screens that look alike show a creative alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Look {
    /// What they are.
    pub kind: ScreenKind,
    /// How they are divided.
    pub zones: Vec<Zone>,
    /// Whether they play clips.
    pub clips: bool,
    /// IANA zone.
    pub timezone: String,
    /// Opening hours.
    pub opening: OpeningHours,
    /// Showings of quotas to be made up for.
    pub missed: BTreeMap<BookingId, u32>,
}

impl Look {
    /// What of it decides which creatives can be played.
    pub fn surface(&self) -> Surface<'_> {
        Surface { kind: self.kind, zones: &self.zones, clips: self.clips }
    }
}

/// The number of a group; it stays the same until the group has no screen left.
pub type GroupNumber = usize;

/// Screens in groups with one programme each.
#[derive(Debug)]
pub struct Plan {
    choosing: Choosing,
    looks: Vec<Look>,
    look_numbers: HashMap<Look, u64>,
    /// Numbers of looks that no screen has any more: what is to be made up for changes every night.
    free_looks: Vec<u64>,
    seats: Vec<Seat>,
    seat_of: HashMap<ScreenId, u32>,
    groups: Vec<Group>,
    /// By look and bookings.
    group_of: HashMap<Box<[u64]>, u32>,
    /// Numbers of groups that nobody is in any more.
    free: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Seat {
    screen: ScreenId,
    properties: Properties,
    look: u64,
    group: u32,
    /// It changed its group since that was asked for.
    moved: bool,
}

#[derive(Debug)]
struct Group {
    /// The number of the look, then the bookings as bits.
    key: Box<[u64]>,
    members: u32,
    /// One of its bookings changed since it was asked for.
    touched: bool,
    made: Vec<Made>,
}

/// A playlist that was made for a group.
#[derive(Debug)]
struct Made {
    horizon: DateRange,
    programme: Programme,
    digest: Digest,
}

/// What has to be looked at again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Groups of which a booking changed, or that are new, in order.
    pub groups: Vec<GroupNumber>,
    /// Screens that changed their group or are in one of these.
    pub screens: Vec<(ScreenId, GroupNumber)>,
}

const NO_GROUP: u32 = u32::MAX;

/// So many bookings at once are asked screen by screen; more of them change nearly everything anyway.
const FEW: usize = 4;

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// No screens, no bookings.
    pub fn new() -> Self {
        Self {
            choosing: Choosing::new(),
            looks: Vec::new(),
            look_numbers: HashMap::new(),
            free_looks: Vec::new(),
            seats: Vec::new(),
            seat_of: HashMap::new(),
            groups: Vec::new(),
            group_of: HashMap::new(),
            free: Vec::new(),
        }
    }

    /// Makes these the screens and the bookings, all of them; touches only what is different from before.
    pub fn set(&mut self, sites: &[Site], bookings: &[Booking]) {
        self.set_bookings(bookings);
        for site in sites {
            self.put(site);
        }
        if self.seats.len() > sites.len() {
            let there: HashSet<ScreenId> = sites.iter().map(|site| site.facts.screen).collect();
            let gone: Vec<ScreenId> = self.seat_of.keys().filter(|id| !there.contains(id)).copied().collect();
            for screen in gone {
                self.remove(screen);
            }
        }
    }

    /// Makes these the bookings, all of them, and leaves the screens as they are.
    pub fn set_bookings(&mut self, bookings: &[Booking]) {
        let wanted: HashSet<BookingId> = bookings.iter().map(|b| b.id).collect();
        let gone: Vec<BookingId> = self.choosing.ids().filter(|id| !wanted.contains(id)).collect();
        let mut changed: Vec<usize> = gone.into_iter().filter_map(|id| self.choosing.remove(id)).collect();
        for booking in bookings {
            let before = self.choosing.position(booking.id).and_then(|at| self.choosing.booking(at));
            if before != Some(booking) {
                changed.push(self.choosing.put(booking.clone()));
            }
        }
        self.regroup(&changed);
    }

    /// Adds a screen, or says what is different about it now.
    pub fn put(&mut self, site: &Site) {
        let properties = self.choosing.properties(&site.facts);
        let look = self.look(site);
        let number = *self.seat_of.entry(site.facts.screen).or_insert(self.seats.len() as u32);
        if let Some(seat) = self.seats.get_mut(number as usize) {
            if (seat.properties, seat.look) == (properties, look) {
                return;
            }
            (seat.properties, seat.look) = (properties, look);
        } else {
            self.seats.push(Seat { screen: site.facts.screen, properties, look, group: NO_GROUP, moved: false });
        }
        self.seat(number as usize);
    }

    /// Takes a screen out.
    pub fn remove(&mut self, screen: ScreenId) {
        let Some(number) = self.seat_of.remove(&screen) else { return };
        let seat = self.seats.swap_remove(number as usize);
        if let Some(group) = self.groups.get_mut(seat.group as usize) {
            group.members -= 1;
        }
        if let Some(other) = self.seats.get(number as usize) {
            self.seat_of.insert(other.screen, number);
        }
    }

    /// Adds or changes a booking.
    pub fn book(&mut self, booking: Booking) {
        let position = self.choosing.put(booking);
        self.regroup(&[position]);
    }

    /// Takes a booking out.
    pub fn cancel(&mut self, booking: BookingId) {
        if let Some(position) = self.choosing.remove(booking) {
            self.regroup(&[position]);
        }
    }

    fn look(&mut self, site: &Site) -> u64 {
        // Asked with the site's own words in hand; most screens look like one before.
        let look = Look {
            kind: site.facts.kind,
            zones: site.facts.zones.clone(),
            clips: site.facts.clips,
            timezone: site.timezone.clone(),
            opening: site.opening.clone(),
            missed: site.missed.clone(),
        };
        if let Some(number) = self.look_numbers.get(&look) {
            return *number;
        }
        let number = match self.free_looks.pop() {
            Some(number) => {
                self.looks[number as usize] = look.clone();
                number
            }
            None => {
                self.looks.push(look.clone());
                self.looks.len() as u64 - 1
            }
        };
        self.look_numbers.insert(look, number);
        number
    }

    /// Puts every screen where it belongs now that the bookings at these positions are different. A group of which all
    /// screens hear the same stays together and keeps its number.
    fn regroup(&mut self, changed: &[usize]) {
        if changed.is_empty() {
            return;
        }
        for group in &mut self.groups {
            group.touched |= changed.iter().any(|&position| contains(&group.key[1..], position));
        }
        if changed.len() > FEW {
            for number in 0..self.seats.len() {
                self.seat(number);
            }
            return;
        }
        let heard = self.heard(changed);
        let mut alike: Vec<Option<u8>> = vec![None; self.groups.len()];
        let mut split = vec![false; self.groups.len()];
        for (seat, &says) in self.seats.iter().zip(&heard) {
            let group = seat.group as usize;
            split[group] |= *alike[group].get_or_insert(says) != says;
        }
        self.rename(changed, &alike, &split);
        let mut ways: HashMap<(u32, u8), u32> = HashMap::new();
        for (number, &says) in heard.iter().enumerate() {
            let group = self.seats[number].group;
            if let Some(says) = Some(says).filter(|_| split[group as usize]) {
                let to = match ways.get(&(group, says)) {
                    Some(to) => *to,
                    None => {
                        let to = self.group(hearing(&self.groups[group as usize].key, changed, says));
                        ways.insert((group, says), to);
                        to
                    }
                };
                self.sit(number, to);
            }
        }
    }

    /// What each screen hears from the bookings at these positions: a bit for each, in their order.
    fn heard(&self, changed: &[usize]) -> Vec<u8> {
        let says = |seat: &Seat| {
            let chosen = changed.iter().map(|&position| self.choosing.chooses(position, seat.screen, seat.properties));
            chosen.enumerate().fold(0, |bits, (nth, chosen)| bits | u8::from(chosen) << nth)
        };
        self.seats.iter().map(says).collect()
    }

    /// Gives the groups that are not split their new bookings. Where another group has these already, they become one.
    fn rename(&mut self, changed: &[usize], alike: &[Option<u8>], split: &[bool]) {
        let mut renamed = Vec::new();
        for (number, says) in alike.iter().enumerate().filter(|(number, _)| !split[*number]) {
            let Some(says) = *says else { continue };
            let key = hearing(&self.groups[number].key, changed, says);
            if key != self.groups[number].key {
                self.group_of.remove(&self.groups[number].key);
                renamed.push((number as u32, key));
            }
        }
        let mut ways: BTreeMap<u32, u32> = BTreeMap::new();
        for (number, key) in renamed {
            match self.group_of.get(&key) {
                Some(&other) => {
                    ways.insert(number, other);
                }
                None => {
                    let group = &mut self.groups[number as usize];
                    (group.key, group.touched) = (key.clone(), true);
                    self.group_of.insert(key, number);
                }
            }
        }
        if !ways.is_empty() {
            for number in 0..self.seats.len() {
                if let Some(to) = ways.get(&self.seats[number].group) {
                    self.sit(number, *to);
                }
            }
            // Their keys are forgotten already.
            self.free.extend(ways.keys());
        }
    }

    fn seat(&mut self, number: usize) {
        let Seat { screen, properties, look, .. } = self.seats[number];
        let mut key = vec![look];
        self.choosing.choose(screen, properties, &mut key);
        let group = self.group(key.into());
        self.sit(number, group);
    }

    fn sit(&mut self, number: usize, group: u32) {
        let seat = &mut self.seats[number];
        if group != seat.group {
            if let Some(left) = self.groups.get_mut(seat.group as usize) {
                left.members -= 1;
            }
            self.groups[group as usize].members += 1;
            (seat.group, seat.moved) = (group, true);
        }
    }

    fn group(&mut self, key: Box<[u64]>) -> u32 {
        match self.group_of.get(&key[..]) {
            Some(group) => *group,
            None => self.found(key),
        }
    }

    /// A group that nobody is in yet.
    fn found(&mut self, key: Box<[u64]>) -> u32 {
        let group = Group { key: key.clone(), members: 0, touched: true, made: Vec::new() };
        let number = match self.free.pop() {
            Some(number) => {
                self.groups[number as usize] = group;
                number
            }
            None => {
                self.groups.push(group);
                self.groups.len() as u32 - 1
            }
        };
        self.group_of.insert(key, number);
        number
    }

    /// Forgets the groups that nobody is in any more, for every changed booking may leave hundreds behind; and the looks
    /// that nobody has.
    fn forget_deserted(&mut self) {
        let groups = &self.groups;
        let free = &mut self.free;
        self.group_of.retain(|_, &mut number| {
            let inhabited = groups[number as usize].members > 0;
            if !inhabited {
                free.push(number);
            }
            inhabited
        });
        for number in &self.free {
            (self.groups[*number as usize].made, self.groups[*number as usize].touched) = (Vec::new(), false);
        }
        let mut seen = vec![false; self.looks.len()];
        for seat in &self.seats {
            seen[seat.look as usize] = true;
        }
        let free_looks = &mut self.free_looks;
        self.look_numbers.retain(|_, &mut number| {
            if !seen[number as usize] {
                free_looks.push(number);
            }
            seen[number as usize]
        });
    }

    /// How many looks it remembers: those of its screens.
    pub fn looks(&self) -> usize {
        self.look_numbers.len()
    }

    /// How many screens there are.
    pub fn screens(&self) -> usize {
        self.seats.len()
    }

    /// The group of a screen.
    pub fn group_of(&self, screen: ScreenId) -> Option<GroupNumber> {
        Some(self.seats[*self.seat_of.get(&screen)? as usize].group as GroupNumber)
    }

    /// The groups that have screens, in the order in which they came to be.
    pub fn groups(&self) -> Vec<GroupNumber> {
        (0..self.groups.len()).filter(|&group| self.groups[group].members > 0).collect()
    }

    /// What the screens of a group look like.
    pub fn look_of(&self, group: GroupNumber) -> &Look {
        &self.looks[self.groups[group].key[0] as usize]
    }

    /// The bookings that choose a group's screens.
    pub fn bookings_of(&self, group: GroupNumber) -> Vec<&Booking> {
        positions(&self.groups[group].key[1..]).filter_map(|position| self.choosing.booking(position)).collect()
    }

    /// What changed since this was asked last.
    pub fn take_touched(&mut self) -> Touched {
        self.forget_deserted();
        let mut screens = Vec::new();
        for seat in &mut self.seats {
            if std::mem::take(&mut seat.moved) | self.groups[seat.group as usize].touched {
                screens.push((seat.screen, seat.group as GroupNumber));
            }
        }
        let mut groups = Vec::new();
        for (number, group) in self.groups.iter_mut().enumerate() {
            if std::mem::take(&mut group.touched) {
                groups.push(number);
            }
        }
        Touched { groups, screens }
    }

    /// The playlist made for a group before, if it was for this very programme and horizon.
    pub fn made(&self, group: GroupNumber, programme: &Programme, horizon: DateRange) -> Option<Digest> {
        let made = self.groups[group].made.iter();
        made.rev().find(|made| made.horizon == horizon && made.programme == *programme).map(|made| made.digest)
    }

    /// Whether a group was planned with this very programme, whatever the days.
    pub fn knows(&self, group: GroupNumber, programme: &Programme) -> bool {
        self.groups[group].made.iter().any(|made| made.programme == *programme)
    }

    /// The playlist made for a group last.
    pub fn newest(&self, group: GroupNumber) -> Option<Digest> {
        self.groups[group].made.last().map(|made| made.digest)
    }

    /// Remembers the playlist of a group. Two are remembered: around midnight two horizons are in use.
    pub fn keep(&mut self, group: GroupNumber, programme: Programme, horizon: DateRange, digest: Digest) {
        let made = &mut self.groups[group].made;
        made.retain(|before| before.horizon != horizon);
        made.push(Made { horizon, programme, digest });
        if made.len() > 2 {
            made.remove(0);
        }
    }
}

/// This key with the bookings at these positions in it or not, as the bits say.
fn hearing(key: &[u64], changed: &[usize], says: u8) -> Box<[u64]> {
    let mut key = key.to_vec();
    for (nth, &position) in changed.iter().enumerate() {
        let (at, bit) = (1 + position / BITS, 1 << (position % BITS));
        if says & (1 << nth) == 0 {
            if let Some(word) = key.get_mut(at) {
                *word &= !bit;
            }
        } else {
            key.resize(key.len().max(at + 1), 0);
            key[at] |= bit;
        }
    }
    while key.len() > 1 && key.last() == Some(&0) {
        key.pop();
    }
    key.into()
}

/// Makes a group's playlist: bytes, their name, and what is to be said of it.
pub fn make(
    programme: &Programme,
    horizon: DateRange,
    memo: &Memo,
    care: Care,
) -> (Playlist, BuildReport, Vec<u8>, Digest) {
    let (playlist, report) = playlist::build_with(programme, horizon, memo, care);
    let bytes = playlist.to_bytes();
    let digest = Digest::of(&bytes);
    (playlist, report, bytes, digest)
}
