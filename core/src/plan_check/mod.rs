//! The independent judge of any playlist: it shares no code with the planner, only the types of what it reads.
//!
//! It walks over the moments at which something could change and asks at each of them: who was promised this moment, and
//! who got it?
