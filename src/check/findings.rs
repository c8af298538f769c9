//! What a check finds: numbers for programs, sentences for people. The schema of the JSON comes from
//! these types.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::json;
use crate::report::{Bounds, thousands};
use crate::units::Size;

/// Everything that a check measures, and the verdict.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Findings {
    /// Version of glyptic.
    pub version: String,
    /// The file, where the cloud comes from one.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::json::path_if_any"
    )]
    pub file: Option<PathBuf>,
    /// Whether nothing is in `faults`.
    pub safe: bool,
    /// What must be mended before the file is etched.
    pub faults: Vec<Fault>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The measurements; absent where the file could not be read.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Places in the cloud, from 0, of all points at fault, in rising order.
    #[serde(skip)]
    pub faulty: Vec<u32>,
}

/// One kind of fault.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Fault {
    /// Which.
    pub kind: FaultKind,
    /// How many points have it; 0 where it is one of the file as a whole.
    pub points: u64,
    /// What, how much, and what helps, in one line.
    pub message: String,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The file cannot be read.
    Unreadable,
    /// There is no point.
    Empty,
    /// Coordinates that are no numbers, or infinite.
    NonFinite,
    /// Points in the same place as another.
    Duplicates,
    /// Points closer to one another than the spacing.
    Spacing,
    /// Points outside the glass.
    Outside,
    /// Points nearer to the surface than the margin.
    Clearance,
    /// Points in the room that the blank's definition keeps free along its bounding box.
    Border,
    /// Points that the beam reaches only through a bevel, a hole or a curved side.
    Entry,
    /// More points than the machine takes.
    Count,
    /// A larger file than the machine takes.
    FileSize,
    /// Points deeper than the focus reaches.
    DepthRange,
    /// Points wider apart than the field of the machine.
    Field,
}

/// The measurements. Points are numbered from 1 in the order of the file.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Measured {
    /// Number of points.
    pub points: u64,
    /// Points with a coordinate that is not finite; they are in no other number.
    pub non_finite: u64,
    /// The box around all points; absent without points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds_mm: Option<Bounds>,
    /// The distances between points.
    pub spacing: SpacingFindings,
    /// The distances to the surface of the blank.
    pub clearance: ClearanceFindings,
    /// The way of the beam into the glass.
    pub entry: EntryFindings,
    /// The sequence.
    pub order: OrderFindings,
    /// How full the front view is.
    pub density: DensityFindings,
    /// What the machine takes.
    pub machine: MachineFindings,
}

/// The distances between points.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SpacingFindings {
    /// Least distance across the beam, mm.
    pub xy_mm: f64,
    /// Least distance along the beam, mm.
    pub z_mm: f64,
    /// The least `sqrt((dx^2 + dy^2) / xy_mm^2 + dz^2 / z_mm^2)` of any two points: below 1 is too
    /// close. Absent with fewer than two points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_ratio: Option<f64>,
    /// The same distance of each point to the nearest other: 1 % of the points have at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_p1: Option<f32>,
    /// 5 % of the points have at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_p5: Option<f32>,
    /// Half of the points have at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_p50: Option<f32>,
    /// Points that coincide with another.
    pub duplicates: u64,
    /// Points that stand too close to another, those that coincide included.
    pub close_points: u64,
    /// Pairs of points that stand too close.
    pub close_pairs: u64,
    /// Whether `close_pairs` is all of them; where points crowd they are not counted to the end.
    pub close_pairs_counted_all: bool,
    /// The closest pairs that are too close, at most ten.
    pub closest: Vec<PairFinding>,
}

/// Two points that stand too close.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PairFinding {
    /// Their numbers, from 1.
    pub points: [u64; 2],
    /// Where the first one stands, mm.
    pub at_mm: [f32; 3],
    /// Their distance in units of the spacing.
    pub ratio: f32,
}

/// The distances to the surface of the blank.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClearanceFindings {
    /// The blank.
    pub blank: String,
    /// Its size.
    #[serde(flatten)]
    pub size: Size,
    /// The least distance of points to its surface, mm.
    pub margin_mm: f64,
    /// The least of any point, mm, negative outside; absent without points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_mm: Option<f64>,
    /// Points outside the glass.
    pub outside: u64,
    /// Points in the glass, nearer to the surface than the margin.
    pub within_margin: u64,
    /// Points in the room that the blank's definition keeps free along its bounding box.
    pub within_border: u64,
    /// The worst points, at most ten.
    pub worst: Vec<PointFinding>,
}

/// One point and its distance to the surface.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PointFinding {
    /// Its number, from 1.
    pub point: u64,
    /// Where it stands, mm.
    pub at_mm: [f32; 3],
    /// Its distance to the surface, mm.
    pub clearance_mm: f64,
}

/// The way of the beam into the glass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EntryFindings {
    /// Sine of half the angle of the cone of light, outside the glass.
    pub numerical_aperture: f64,
    /// Whether the aperture is an assumption that no source states.
    pub numerical_aperture_assumed: bool,
    /// Index of refraction of the glass at the machine's wavelength.
    pub index: f64,
    /// Points in the glass whose cone of light does not pass the flat part of the front whole.
    pub out_of_reach: u64,
}

/// The sequence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OrderFindings {
    /// Points with an earlier one in front of them, within a spacing or so in the front view and
    /// more than one slab nearer to the lens.
    pub shot_through: u64,
    /// Their share of all points, 0 to 1.
    pub share: f64,
}

/// How full the front view is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DensityFindings {
    /// The most points on a square millimetre of the front view.
    pub largest_per_mm2: f64,
    /// The centre of that square, mm.
    pub largest_at_mm: [f64; 2],
    /// Share of the squares of one spacing, in the box around all points, that hold a point, seen
    /// from the front; 0 to 1.
    pub filled_share: f64,
}

/// What the machine takes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MachineFindings {
    /// Its name.
    pub name: String,
    /// Its field, mm.
    pub field_mm: [f64; 2],
    /// Depth below the entry face that its focus reaches, mm.
    pub depth_range_mm: f64,
    /// Whether that depth is an assumption that no source states.
    pub depth_range_assumed: bool,
    /// Depth of the deepest point below the entry face, mm; absent without points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deepest_mm: Option<f64>,
    /// The most points it takes in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_count: Option<u64>,
    /// The largest file it takes, millions of bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_file_mb: Option<f64>,
    /// Length of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
    /// Time that the machine needs, s.
    pub seconds: f64,
    /// Way of the focus from point to point, mm.
    pub travel_mm: f64,
}

impl Findings {
    /// What is said of a file that cannot be read.
    #[must_use]
    pub fn unreadable(file: PathBuf, message: String) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            file: Some(file),
            safe: false,
            faults: vec![Fault {
                kind: FaultKind::Unreadable,
                points: 0,
                message,
            }],
            warnings: Vec::new(),
            measured: None,
            faulty: Vec::new(),
        }
    }

    /// The findings as a JSON document, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::document(self)
    }

    /// The JSON Schema of [`Findings::to_json`].
    #[must_use]
    pub fn schema_json() -> String {
        json::schema_of::<Self>()
    }
}

/// The verdict, the faults, then a line for each measurement.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", file.display())?;
        }
        match self.faults.len() {
            0 => write!(f, "safe to etch")?,
            1 => write!(f, "NOT SAFE, 1 fault")?,
            count => write!(f, "NOT SAFE, {count} faults")?,
        }
        for fault in &self.faults {
            write!(f, "\n  fault: {}", fault.message)?;
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        match &self.measured {
            Some(measured) => write!(f, "\n{measured}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  points     {}", thousands(self.points))?;
        if let Some(Bounds { min, max }) = self.bounds_mm {
            let range = |axis: usize| format!("{:.2} to {:.2}", min[axis], max[axis]);
            let (x, y, z) = (range(0), range(1), range(2));
            write!(f, "; x {x}, y {y}, z {z} mm")?;
        }
        let spacing = &self.spacing;
        write!(f, "\n  spacing    {} x {} mm", spacing.xy_mm, spacing.z_mm)?;
        if let Some(ratio) = spacing.least_ratio {
            write!(f, "; least {ratio:.3} of it")?;
        }
        if let (Some(p1), Some(p5), Some(p50)) =
            (spacing.nearest_p1, spacing.nearest_p5, spacing.nearest_p50)
        {
            write!(
                f,
                "; 1 % of the points below {p1:.3}, 5 % {p5:.3}, half {p50:.3}"
            )?;
        }
        for pair in spacing.closest.iter().take(3) {
            let [x, y, z] = pair.at_mm;
            let [a, b] = pair.points;
            let ratio = pair.ratio;
            write!(
                f,
                "\n             points {a} and {b} at {x:.2} {y:.2} {z:.2} mm: {ratio:.3}"
            )?;
        }
        let clearance = &self.clearance;
        let (blank, size, margin) = (&clearance.blank, clearance.size, clearance.margin_mm);
        write!(f, "\n  clearance  {margin} mm wanted in {blank} ({size})")?;
        if let Some(least) = clearance.least_mm {
            write!(f, "; least {least:.3} mm")?;
        }
        for worst in clearance.worst.iter().take(3) {
            let [x, y, z] = worst.at_mm;
            let (point, depth) = (worst.point, worst.clearance_mm);
            write!(
                f,
                "\n             point {point} at {x:.2} {y:.2} {z:.2} mm: {depth:.3} mm"
            )?;
        }
        let (aperture, index) = (self.entry.numerical_aperture, self.entry.index);
        write!(
            f,
            "\n  entry      aperture {aperture}{}, index {index:.3}; {} points out of reach",
            mark(self.entry.numerical_aperture_assumed),
            thousands(self.entry.out_of_reach)
        )?;
        write!(
            f,
            "\n  order      {:.1} % of the points are shot through earlier ones",
            100.0 * self.order.share
        )?;
        let density = &self.density;
        write!(
            f,
            "\n  density    at most {:.0} points on a mm2; front view {:.0} % filled",
            density.largest_per_mm2,
            100.0 * density.filled_share
        )?;
        let machine = &self.machine;
        write!(f, "\n  machine    {}", machine.name)?;
        if let Some(deepest) = machine.deepest_mm {
            let reach = machine.depth_range_mm;
            let mark = mark(machine.depth_range_assumed);
            write!(f, "; deepest point {deepest:.2} of {reach} mm{mark}")?;
        }
        let time = crate::report::duration(machine.seconds);
        write!(f, "; about {time}")
    }
}

fn mark(assumed: bool) -> &'static str {
    if assumed { " (assumption)" } else { "" }
}
