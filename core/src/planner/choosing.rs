//! Which bookings choose a screen, asked property by property: two hundred bookings are asked once about each area, type,
//! kind, department and list of tags, and a screen's answer is a few words of bits put together.

use std::{collections::HashMap, hash::Hash};

use crate::{
    campaign::{AreaCode, Booking, Matcher, Says, ScreenFacts},
    id::{BookingId, ScreenId},
    vocabulary::{ScreenKind, VenueType},
};

pub(super) const BITS: usize = u64::BITS as usize;

/// A screen's properties by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Properties([u32; 5]);

/// All bookings, and what they say to each property seen so far.
#[derive(Debug)]
pub(super) struct Choosing {
    bookings: Vec<Option<(Booking, Matcher)>>,
    positions: HashMap<BookingId, usize>,
    /// Words of bits for each answer.
    words: usize,
    types: Property<VenueType>,
    kinds: Property<ScreenKind>,
    areas: Property<AreaCode>,
    departments: Property<Option<String>>,
    tags: Property<Vec<String>>,
    by_name_only: Vec<u64>,
    /// Screens that some booking names: chosen, and left out.
    named: HashMap<ScreenId, (Vec<u64>, Vec<u64>)>,
}

/// One property's values, numbered, with the bookings that admit and that exclude each.
#[derive(Debug)]
struct Property<K> {
    numbers: HashMap<K, u32>,
    values: Vec<K>,
    admitted: Vec<u64>,
    excluded: Vec<u64>,
    ask: fn(&Matcher, &K) -> Says,
}

impl<K: Hash + Eq + Clone> Property<K> {
    fn new(ask: fn(&Matcher, &K) -> Says) -> Self {
        Self { numbers: HashMap::new(), values: Vec::new(), admitted: Vec::new(), excluded: Vec::new(), ask }
    }

    fn number(&mut self, value: &K, bookings: &[Option<(Booking, Matcher)>], words: usize) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = self.values.len();
        self.values.push(value.clone());
        self.numbers.insert(value.clone(), number as u32);
        self.admitted.resize((number + 1) * words, 0);
        self.excluded.resize((number + 1) * words, 0);
        for (position, booking) in bookings.iter().enumerate() {
            self.answer(number, position, booking.as_ref(), words);
        }
        number as u32
    }

    fn answer(&mut self, number: usize, position: usize, booking: Option<&(Booking, Matcher)>, words: usize) {
        let none = Says { admitted: false, excluded: false };
        let says = booking.map_or(none, |(_, matcher)| (self.ask)(matcher, &self.values[number]));
        let at = number * words + position / BITS;
        put(&mut self.admitted[at], position, says.admitted);
        put(&mut self.excluded[at], position, says.excluded);
    }

    /// Asks one booking about every value.
    fn ask_all(&mut self, position: usize, booking: Option<&(Booking, Matcher)>, words: usize) {
        for number in 0..self.values.len() {
            self.answer(number, position, booking, words);
        }
    }

    fn widen(&mut self, from: usize, to: usize) {
        self.admitted = wider(&self.admitted, from, to);
        self.excluded = wider(&self.excluded, from, to);
    }
}

fn put(word: &mut u64, position: usize, on: bool) {
    let bit = 1 << (position % BITS);
    *word = if on { *word | bit } else { *word & !bit };
}

fn wider(bits: &[u64], from: usize, to: usize) -> Vec<u64> {
    let with_room = |row: &[u64]| row.iter().copied().chain(std::iter::repeat_n(0, to - from)).collect::<Vec<_>>();
    if from == 0 { Vec::new() } else { bits.chunks(from).flat_map(with_room).collect() }
}

impl Choosing {
    pub fn new() -> Self {
        Self {
            bookings: Vec::new(),
            positions: HashMap::new(),
            words: 1,
            types: Property::new(|matcher, value| matcher.on_type(*value)),
            kinds: Property::new(|matcher, value| matcher.on_kind(*value)),
            areas: Property::new(|matcher, value| matcher.on_area(*value)),
            departments: Property::new(|matcher, value| matcher.on_department(value.as_ref())),
            tags: Property::new(|matcher, value| matcher.on_tags(value)),
            by_name_only: vec![0],
            named: HashMap::new(),
        }
    }

    pub fn booking(&self, position: usize) -> Option<&Booking> {
        self.bookings.get(position)?.as_ref().map(|(booking, _)| booking)
    }

    pub fn position(&self, id: BookingId) -> Option<usize> {
        self.positions.get(&id).copied()
    }

    pub fn ids(&self) -> impl Iterator<Item = BookingId> + '_ {
        self.positions.keys().copied()
    }

    /// The numbers of a screen's properties.
    pub fn properties(&mut self, facts: &ScreenFacts) -> Properties {
        let (bookings, words) = (&self.bookings, self.words);
        Properties([
            self.types.number(&facts.venue_type, bookings, words),
            self.kinds.number(&facts.kind, bookings, words),
            self.areas.number(&facts.area, bookings, words),
            self.departments.number(&facts.department, bookings, words),
            self.tags.number(&facts.tags, bookings, words),
        ])
    }

    /// Adds or changes a booking; answers its position.
    pub fn put(&mut self, booking: Booking) -> usize {
        let position = self.position(booking.id).unwrap_or_else(|| {
            let free = self.bookings.iter().position(Option::is_none);
            free.unwrap_or_else(|| {
                self.bookings.push(None);
                self.bookings.len() - 1
            })
        });
        if position >= self.words * BITS {
            self.widen(2 * self.words);
        }
        self.positions.insert(booking.id, position);
        let matcher = booking.selector.matcher();
        self.set(position, Some((booking, matcher)));
        position
    }

    /// Takes a booking out; answers where it was.
    pub fn remove(&mut self, id: BookingId) -> Option<usize> {
        let position = self.positions.remove(&id)?;
        self.set(position, None);
        Some(position)
    }

    fn set(&mut self, position: usize, booking: Option<(Booking, Matcher)>) {
        let (word, words) = (position / BITS, self.words);
        if let Some(before) = self.bookings[position].take() {
            let (chosen, left_out) = before.1.names();
            for screen in chosen.iter().chain(left_out) {
                if let Some((chosen, left_out)) = self.named.get_mut(screen) {
                    put(&mut chosen[word], position, false);
                    put(&mut left_out[word], position, false);
                    if chosen.iter().chain(left_out.iter()).all(|bits| *bits == 0) {
                        self.named.remove(screen);
                    }
                }
            }
        }
        if let Some((_, matcher)) = &booking {
            let (chosen, left_out) = matcher.names();
            let empty = || (vec![0; words], vec![0; words]);
            for screen in chosen {
                put(&mut self.named.entry(*screen).or_insert_with(empty).0[word], position, true);
            }
            for screen in left_out {
                put(&mut self.named.entry(*screen).or_insert_with(empty).1[word], position, true);
            }
        }
        let only = booking.as_ref().is_some_and(|(_, matcher)| matcher.is_by_name_only());
        put(&mut self.by_name_only[word], position, only);
        let asked = booking.as_ref();
        self.types.ask_all(position, asked, words);
        self.kinds.ask_all(position, asked, words);
        self.areas.ask_all(position, asked, words);
        self.departments.ask_all(position, asked, words);
        self.tags.ask_all(position, asked, words);
        self.bookings[position] = booking;
    }

    fn widen(&mut self, to: usize) {
        let from = self.words;
        self.types.widen(from, to);
        self.kinds.widen(from, to);
        self.areas.widen(from, to);
        self.departments.widen(from, to);
        self.tags.widen(from, to);
        self.by_name_only = wider(&self.by_name_only, from, to);
        for (chosen, left_out) in self.named.values_mut() {
            *chosen = wider(chosen, from, to);
            *left_out = wider(left_out, from, to);
        }
        self.words = to;
    }

    /// The positions of the bookings that choose a screen, as bits, added to `answer`; words of nothing at its end left out.
    pub fn choose(&self, screen: ScreenId, properties: Properties, answer: &mut Vec<u64>) {
        let named = if self.named.is_empty() { None } else { self.named.get(&screen) };
        let from = answer.len();
        answer.extend((0..self.words).map(|word| self.word(properties, named, word)));
        while answer.len() > from && answer.last() == Some(&0) {
            answer.pop();
        }
    }

    /// Whether the booking at this position chooses a screen.
    pub fn chooses(&self, position: usize, screen: ScreenId, properties: Properties) -> bool {
        let named = if self.named.is_empty() { None } else { self.named.get(&screen) };
        self.word(properties, named, position / BITS) & (1 << (position % BITS)) != 0
    }

    fn word(&self, properties: Properties, named: Option<&(Vec<u64>, Vec<u64>)>, word: usize) -> u64 {
        let [types, kinds, areas, departments, tags] = properties.0.map(|number| number as usize * self.words + word);
        let admitted = self.types.admitted[types]
            & self.kinds.admitted[kinds]
            & self.areas.admitted[areas]
            & self.departments.admitted[departments]
            & self.tags.admitted[tags]
            & !self.by_name_only[word];
        let excluded = self.types.excluded[types]
            | self.kinds.excluded[kinds]
            | self.areas.excluded[areas]
            | self.departments.excluded[departments]
            | self.tags.excluded[tags];
        let (chosen, left_out) = named.map_or((0, 0), |(chosen, left_out)| (chosen[word], left_out[word]));
        (admitted | chosen) & !excluded & !left_out
    }
}

/// The positions in words of bits.
pub(super) fn positions(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    bits.iter().enumerate().flat_map(|(word, bits)| {
        let next = |left: &u64| Some(left & (left - 1)).filter(|left| *left != 0);
        let lefts = std::iter::successors(Some(*bits).filter(|bits| *bits != 0), next);
        lefts.map(move |left| word * BITS + left.trailing_zeros() as usize)
    })
}

/// Whether a position is in words of bits.
pub(super) fn contains(bits: &[u64], position: usize) -> bool {
    bits.get(position / BITS).is_some_and(|word| word & (1 << (position % BITS)) != 0)
}
