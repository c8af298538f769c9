//! The report of a job: what was made, from what, how well, and all that is needed to make the
//! same again. Text for people, JSON for programs; the schema of the JSON comes from these types.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::depth::DepthMethod;
use crate::json;
use crate::network::NetworkUsed;
use crate::placement::CropMethod;
use crate::settings::{Crop, Fit, Settings};
use crate::units::Size;

/// What a job made.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// Version of glyptic.
    pub version: String,
    /// All settings, with everything filled in that blank, machine and formats decided. A report
    /// given as `--config` makes the same points again.
    pub settings: Settings,
    /// The crystal.
    pub blank: BlankReport,
    /// The files that the points were made from: the photo first.
    pub inputs: Vec<InputFile>,
    /// The files of points.
    pub outputs: Vec<OutputFile>,
    /// Number of points.
    pub points: u64,
    /// The box around all points.
    pub bounds_mm: Bounds,
    /// Least distance between points.
    pub spacing: SpacingReport,
    /// Points stand on whole multiples of this in the frame of the crystal, mm.
    pub precision_mm: f64,
    /// Layers behind one another.
    pub layers: u32,
    /// Distance of the layers along z, mm.
    pub layer_pitch_mm: f64,
    /// Least distance of a point to the surface of the blank, measured, mm.
    pub clearance_mm: f64,
    /// What the sampler was asked to show.
    pub tone_map: ToneMapReport,
    /// Points that the tone asked for where the spacing left no room.
    pub dots_unplaced: Unplaced,
    /// From upright photo pixels (first pixel's centre at 0.5, 0.5; rows down) to mm: the rows of
    /// the affine map, `x_mm = a * u + b * v + c`.
    pub photo_to_blank: [[f64; 3]; 2],
    /// Photo pixels per inch in the crystal.
    pub effective_dpi: f64,
    /// Which part of the photo was fitted.
    pub placement: PlacementReport,
    /// Where depth came from.
    pub depth: DepthReport,
    /// Which part of the photo was etched.
    pub matte: MatteReport,
    /// The face whose eyes are known; absent where none was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub face: Option<FaceReport>,
    /// What is done to z for the machine: `off`, or `divide` by the glass's index.
    pub z_compensation: String,
    /// The unit and the frame of the files, where they are not our millimetres: all other numbers
    /// here are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_frame: Option<Vec<String>>,
    /// What the machine needs.
    pub estimate: EstimateReport,
    /// Time of each stage, ms. `plan` runs beside `decode`, and `measure` beside `write`: their sum is more than
    /// the time that passed. Writing the report is not in it.
    pub stages: Stages,
    /// Largest memory of the process so far, millions of bytes; 0 where the system does not tell.
    pub peak_memory_mb: f64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// The crystal.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BlankReport {
    /// Its name.
    pub name: String,
    /// Its size.
    #[serde(flatten)]
    pub size: Size,
    /// Least distance of points to its surface that was asked for, mm.
    pub margin_mm: f64,
}

/// What a file was read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The photo.
    Photo,
    /// The depth map.
    Depth,
    /// The network of depth.
    Network,
    /// The matte.
    Matte,
    /// The network of mattes.
    #[serde(rename = "matte-network")]
    MatteNetwork,
    /// The network of faces.
    #[serde(rename = "face-network")]
    FaceNetwork,
    /// The definition of the blank.
    Blank,
    /// The definition of the machine.
    Machine,
}

/// A file that the points were made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputFile {
    /// What it was read for.
    pub role: Role,
    /// As given.
    #[serde(serialize_with = "crate::json::path")]
    pub path: PathBuf,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Columns of a picture, upright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u64>,
    /// Rows of a picture, upright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u64>,
}

/// A file of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutputFile {
    /// As given.
    #[serde(serialize_with = "crate::json::path")]
    pub path: PathBuf,
    /// Name of its format.
    pub format: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// The file as asked for, where the machine's field is too small for the job and this is one part
    /// of it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::json::path_if_any"
    )]
    pub part_of: Option<PathBuf>,
}

/// The least and the largest corner of a box, mm: x, y, z.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Bounds {
    /// Least x, y and z.
    pub min: [f32; 3],
    /// Largest x, y and z.
    pub max: [f32; 3],
}

/// Least distance between points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SpacingReport {
    /// Across the beam, as asked for, mm.
    pub xy_mm: f64,
    /// Along the beam, as asked for, mm.
    pub z_mm: f64,
    /// The least `sqrt((dx^2 + dy^2) / xy_mm^2 + dz^2 / z_mm^2)` of any two points, measured on
    /// the coordinates as written: 1 is exactly the spacing. Absent with fewer than two points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_ratio: Option<f64>,
    /// Points that coincide with another.
    pub duplicates: u64,
}

/// The tone map: what the sampler was asked to show.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ToneMapReport {
    /// Left edge of the leftmost pixels, mm.
    pub x_min_mm: f64,
    /// Upper edge of the topmost pixels, mm.
    pub y_max_mm: f64,
    /// Side of a pixel, mm.
    pub mm_per_px: f64,
    /// Points per mm2 in projection that full white stands for.
    pub max_density_per_mm2: f64,
    /// Where it was written.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::json::path_if_any"
    )]
    pub path: Option<PathBuf>,
}

/// Points that the tone asked for where the spacing left no room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Unplaced {
    /// How many.
    pub points: f64,
    /// The area at full density that they would have filled, mm2.
    pub mm2: f64,
    /// Their share of all points that the tone asked for, %.
    pub percent: f64,
}

/// Which part of the photo was fitted into the safe area.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlacementReport {
    /// That part, in upright photo pixels. Where it was chosen for a subject without background it
    /// may hang over the photo.
    pub crop: Crop,
    /// How it was chosen.
    pub crop_method: CropMethod,
    /// How that part fills the safe area.
    pub fit: Fit,
    /// Share of the subject outside of the safe area, %; absent where no matte marks a subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_cut_percent: Option<f64>,
    /// Share of the subject's head outside of the safe area, %; the head is what shows around the
    /// eyes, or is guessed from the matte's outline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_cut_percent: Option<f64>,
}

/// Where depth came from.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DepthReport {
    /// By which means it was found.
    pub method: DepthMethod,
    /// `none`, or what it was taken from.
    pub origin: String,
    /// How sure the method is, 0 to 1; absent where depth was measured, not guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// The nearest and the farthest distance that the map can express, m; absent where nothing
    /// names a unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_m: Option<(f64, f64)>,
    /// The network, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkUsed>,
    /// Largest memory of the process until depth was found, millions of bytes; 0 where the system
    /// does not tell.
    pub peak_memory_mb: f64,
    /// From the nearest to the farthest point of the front layer, mm; 0 for a flat picture.
    pub relief_mm: f64,
    /// How much jumps of depth shrank against gentle slopes, 0 to 1; absent for a flat picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relief_curve: Option<f64>,
}

/// Which part of the photo was etched.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MatteReport {
    /// Whether a matte was used; without one the whole photo is etched.
    pub used: bool,
    /// Where it came from: `none`, `alpha`, `auto`, or the file of the matte or the network.
    pub source: String,
    /// How it was made.
    pub method: String,
    /// How sure the method is, 0 to 1; absent where nothing was guessed. Below 0.5 a matte is not
    /// used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// The network, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkUsed>,
    /// Share of the photo that is subject, 0 to 1.
    pub share: f64,
}

/// The face that is the subject's.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FaceReport {
    /// Middles of its eyes, x and y in upright photo pixels; absent where no face was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eyes_px: Option<[f64; 4]>,
    /// Where they came from: `given`, or the file of the network.
    pub source: String,
    /// How sure the network is of the face, 0 to 1; absent where the eyes were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// How many faces it sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// The network, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkUsed>,
}

/// What the machine needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EstimateReport {
    /// Time, s.
    pub seconds: f64,
    /// Way of the focus from point to point, mm.
    pub travel_mm: f64,
}

/// Time of each stage, ms, in the order in which they ran; a JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stages(pub Vec<(&'static str, f64)>);

impl Serialize for Stages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (stage, ms) in &self.0 {
            map.serialize_entry(stage, &((ms * 1000.0).round() / 1000.0))?;
        }
        map.end()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Photo => "photo",
            Self::Depth => "depth map",
            Self::Network => "network of depth",
            Self::Matte => "matte",
            Self::MatteNetwork => "network of mattes",
            Self::FaceNetwork => "network of faces",
            Self::Blank => "blank",
            Self::Machine => "machine",
        })
    }
}

impl JsonSchema for Stages {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stages".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": { "type": "number", "minimum": 0 },
            "description": "Time of each stage in the order in which they ran, ms."
        })
    }
}

impl Report {
    /// The report as a JSON document, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::document(self)
    }

    /// The JSON Schema of [`Report::to_json`].
    #[must_use]
    pub fn schema_json() -> String {
        json::schema_of::<Self>()
    }
}

/// One line for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, output) in self.outputs.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", output.path.display())?;
        }
        let (min, max) = (self.bounds_mm.min, self.bounds_mm.max);
        write!(
            f,
            ": {} points, {:.1} x {:.1} x {:.1} mm in {} ({}); spacing {} x {} mm kept",
            thousands(self.points),
            max[0] - min[0],
            max[1] - min[1],
            max[2] - min[2],
            self.blank.name,
            self.blank.size,
            self.spacing.xy_mm,
            self.spacing.z_mm,
        )?;
        if let Some(ratio) = self.spacing.least_ratio {
            write!(f, " (least {ratio:.3} of it)")?;
        }
        write!(
            f,
            ", {:.2} mm to the surface, {:.0} dpi; about {} on {}",
            self.clearance_mm,
            self.effective_dpi,
            duration(self.estimate.seconds),
            self.settings.machine.name,
        )
    }
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds as a person says them: `40 s`, `12 min`, `3.5 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if seconds < 5400.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// Largest memory of this process so far, millions of bytes; 0 where the system does not tell.
#[must_use]
pub fn peak_memory_mb() -> f64 {
    // Linux alone has this file; its numbers are in units of 1024 bytes.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    (kib.unwrap_or(0.0) * 1.024).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(12_345_678), "12,345,678");
        assert_eq!(duration(40.2), "40 s");
        assert_eq!(duration(755.0), "13 min");
        assert_eq!(duration(7300.0), "2.0 h");
    }

    #[test]
    fn stages_keep_their_order_in_json() {
        let stages = Stages(vec![("tone", 1.0), ("decode", 2.5), ("a", 0.12345)]);
        let json = serde_json::to_string(&stages).unwrap();
        assert_eq!(json, r#"{"tone":1.0,"decode":2.5,"a":0.123}"#);
    }

    #[test]
    fn the_schema_names_the_keys_that_programs_rely_on() {
        let schema: serde_json::Value = serde_json::from_str(&Report::schema_json()).unwrap();
        let required: Vec<_> = schema["required"].as_array().unwrap().iter().collect();
        for key in [
            "settings",
            "points",
            "spacing",
            "tone_map",
            "stages",
            "photo_to_blank",
        ] {
            assert!(required.iter().any(|name| *name == key), "{key} is missing");
        }
        let matte = &schema["$defs"]["MatteReport"];
        for key in ["used", "source", "method", "share", "confidence"] {
            assert!(
                matte["properties"][key].is_object(),
                "matte.{key} is missing"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_takes_some_memory() {
        assert!(peak_memory_mb() > 0.5);
    }
}
