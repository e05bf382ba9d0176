//! Chance that can be repeated: a small generator (SplitMix64) whose seed is printed.

/// A stream of numbers that follows from its seed alone.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From `XUANPING_SEED`, or from the clock; prints which, so that a failure can be repeated.
    pub fn seeded() -> Self {
        let given = std::env::var("XUANPING_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| crate::clock::now().0.unsigned_abs());
        println!("seed {seed} (set XUANPING_SEED to repeat it)");
        Self(seed)
    }

    /// Another stream, for something that goes on beside.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `from..to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }
}
