//! What a conversion did: numbers for programs, a line for people.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::json;
use crate::report::{OutputFile, thousands};

/// What a conversion did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// The file that was read.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::json::path_if_any"
    )]
    pub input: Option<PathBuf>,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputFile>,
    /// Points read.
    pub points_read: u64,
    /// Points written.
    pub points: u64,
    /// The spacing of the points as they were read.
    pub before: SpacingOf,
    /// The spacing of the points as they were written, in the file's decimals.
    pub after: SpacingOf,
    /// Scale and shift, where the cloud was fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Placed>,
    /// Points dropped since they did not lie in the safe volume.
    pub trimmed: u64,
    /// Points dropped to meet the budget.
    pub thinned: u64,
    /// Points moved and dropped for the spacing, where it was to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respaced: Option<Moves>,
    /// Whether the points were put in order.
    pub reordered: bool,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// How close points stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct SpacingOf {
    /// The least distance of two points in units of the spacing; absent with fewer than two points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_ratio: Option<f64>,
    /// Points that coincide with another.
    pub duplicates: u64,
}

/// How a cloud was fitted into a blank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Placed {
    /// Factor on all coordinates.
    pub scale: f64,
    /// What was added after that, mm.
    pub shift_mm: [f64; 3],
}

/// What respacing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Moves {
    /// Points that were moved.
    pub moved: u64,
    /// Points that were dropped, for want of a place within one spacing.
    pub dropped: u64,
    /// How far the moved ones were moved on average, mm.
    pub mean_mm: f64,
    /// How far at most, mm.
    pub most_mm: f64,
}

impl Summary {
    /// The summary as a JSON document, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::document(self)
    }

    /// The JSON Schema of [`Summary::to_json`].
    #[must_use]
    pub fn schema_json() -> String {
        json::schema_of::<Self>()
    }
}

/// One line for people.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(output) = &self.output {
            write!(f, "{} ({}): ", output.path.display(), output.format)?;
        }
        write!(f, "{} points", thousands(self.points))?;
        if self.points != self.points_read {
            write!(f, " of {}", thousands(self.points_read))?;
        }
        if let Some(fit) = &self.fit {
            write!(f, "; scaled by {:.4} and placed", fit.scale)?;
        }
        if self.trimmed > 0 {
            write!(f, "; {} trimmed", thousands(self.trimmed))?;
        }
        if self.thinned > 0 {
            write!(f, "; {} thinned out", thousands(self.thinned))?;
        }
        if let Some(moves) = &self.respaced {
            let (moved, dropped) = (thousands(moves.moved), thousands(moves.dropped));
            write!(f, "; {moved} moved")?;
            if moves.moved > 0 {
                let (mean, most) = (moves.mean_mm, moves.most_mm);
                write!(f, " by {mean:.3} mm on average, {most:.3} at most")?;
            }
            write!(f, ", {dropped} dropped for the spacing")?;
        }
        if self.reordered {
            write!(f, "; deepest first")?;
        }
        match self.after.least_ratio {
            Some(ratio) => write!(f, "; least distance {ratio:.3} of the spacing"),
            None => Ok(()),
        }
    }
}
