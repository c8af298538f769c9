//! Glyptic turns a photo, with or without a depth map, into the cloud of laser points that is
//! etched inside a crystal heart, and writes the files that etching machines read.
//!
//! # The frame
//!
//! Millimetres everywhere; the origin is the blank's centre. Rows of pictures run down, so y turns
//! around once, where the photo is placed.
//!
//! ```text
//!        y up
//!        |    ______     ______
//!        |   /      \___/      \          z toward the viewer: the beam comes from there,
//!        |  |         +         |         and the deepest points (least z) are etched first
//!        |   \     origin      /
//!        |     \             /
//!        |        \       /
//!        o----------- v ------- x right
//! ```
//!
//! # The way through
//!
//! A photo is decoded to linear light ([`photo`]), its subject is found ([`subject`]), it is placed
//! in the safe part of a blank ([`placement`], [`blank`]), and becomes a map of the density wanted
//! ([`tone`]). A depth map, if there is one ([`depth`]), becomes the surface on which the front
//! layer stands ([`relief`]). The sampler sets points ([`sampling`]) that show the map and keep
//! their distance; they are put into the order of etching ([`order`]), and written ([`mod@format`]).
//! [`pipeline`] is that sentence in code.
//!
//! # Example
//!
//! A soft disc of light, in memory:
//!
//! ```
//! use glyptic::grid::Grid;
//! use glyptic::photo::Photo;
//! use glyptic::pipeline::etch_photo;
//! use glyptic::{Run, Settings};
//!
//! let light = |column: usize, row: usize| {
//!     let (x, y) = (column as f32 - 199.5, row as f32 - 199.5);
//!     1.0 - (x.hypot(y) / 200.0).min(1.0)
//! };
//! let photo = Photo {
//!     luminance: Grid::from_fn(400, 400, light),
//!     alpha: None,
//!     warnings: Vec::new(),
//! };
//! let mut settings = Settings::default();
//! settings.blank.name = "heart-20".to_owned();
//! settings.sampling.points = Some(20_000);
//!
//! let etched = etch_photo(&photo, &settings, &Run::default())?;
//! assert!((19_800..=20_200).contains(&etched.cloud.len()));
//! assert!(etched.least_ratio.unwrap() >= 1.0);
//! assert!(etched.clearance_mm >= 2.0 - 1e-6);
//! # Ok::<(), glyptic::Error>(())
//! ```
//!
//! From file to files: [`pipeline::etch`].
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod blank;
pub mod check;
pub mod cloud;
pub mod convert;
pub mod depth;
mod ease;
pub mod error;
pub mod eyes;
pub mod format;
pub mod grid;
mod json;
pub mod machine;
pub mod network;
pub mod order;
pub mod photo;
pub mod pipeline;
pub mod placement;
pub mod plan;
pub mod plate;
pub mod preview;
pub mod random;
pub mod relief;
pub mod report;
mod rounding;
mod rows;
pub mod run;
pub mod sampling;
pub mod settings;
pub mod spacing;
pub mod subject;
pub mod tone;
pub mod units;
mod user_folder;

pub use cloud::Cloud;
pub use error::{Error, Result};
pub use run::Run;
pub use settings::Settings;
