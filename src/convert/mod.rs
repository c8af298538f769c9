//! Files that others made, for machines that want them otherwise: frame, unit.

mod coordinates;

pub use coordinates::{Coordinates, FileFrame};
