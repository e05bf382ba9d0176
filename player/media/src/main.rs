//! Xuanping.
fn main() {}
