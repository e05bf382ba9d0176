//! Xuanping.
