//! Machines: what an engraver can do, and how it wants its coordinates.
//!
//! The table `machines.toml` beside this file holds the built-in ones; files of the same form
//! stand anywhere (`--machine file.toml`) or in the user's folder
//! `$XDG_DATA_HOME/glyptic/machines`. `profile.rs` reads and checks them, `estimate.rs` runs a cloud
//! through one on paper, `frame.rs` turns it into the machine's coordinates, `field.rs` cuts it for
//! a small field, [`glass`] knows the index of refraction.
//!
//! A profile is not a driver: nothing here talks to an engraver.

mod estimate;
mod field;
mod frame;
pub mod glass;
mod profile;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::blank::{Beam, Blank, SafeVolume};
use crate::error::{Error, Result};
use crate::settings::DxfDialect;
use crate::user_folder::user_folder;

pub use estimate::Estimate;
pub use field::{FieldTile, Manifest, ManifestTile};
pub(crate) use field::{manifest_path, tile_path};

/// An engraver.
///
/// # Guarantees
///
/// - One that comes from [`Machine::find`], [`Machine::read`] or [`Machine::all`] has all its
///   numbers finite and within the limits of its table of limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its name in the table.
    pub name: String,
    /// What it is, in a few words.
    #[serde(default)]
    pub title: String,
    /// Least distance of points across the beam, mm.
    pub spacing_xy_mm: f64,
    /// Least distance of points along the beam, mm.
    pub spacing_z_mm: f64,
    /// Layers that carry the tone.
    pub layers: u32,
    /// Points per second at most: the pulse rate.
    pub rate_hz: f64,
    /// Speed of the focus between two points, mm/s.
    pub jump_mm_s: f64,
    /// Pause after every move until the focus stands still, ms.
    pub settle_ms: f64,
    /// Extra time to go from one slab of depth to another, ms.
    pub slab_change_ms: f64,
    /// Width and height that the beam reaches without moving the blank, mm.
    pub field_mm: [f64; 2],
    /// Depth below the entry face that the focus reaches, mm.
    pub depth_range_mm: f64,
    /// Wavelength in vacuum, nm.
    pub wavelength_nm: f64,
    /// Index of refraction of the glass. Default: that of N-BK7 at the wavelength.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<f64>,
    /// Sine of half the angle of the cone of light, outside the glass.
    pub numerical_aperture: f64,
    /// Whether z is geometric or the way of the lens.
    pub z_compensation: ZCompensation,
    /// Which of our axes each of the machine's axes follows.
    pub axes: Axes,
    /// A deliberate flip of the picture.
    pub mirror: Mirror,
    /// Where the machine counts the blank's centre, in its own axes, mm.
    pub origin_mm: [f64; 3],
    /// Unit of its coordinates.
    pub units: Units,
    /// Format of its files by name: `dxf`, `ply`, `xyz`. For information: what is written is said by the outputs.
    pub format: String,
    /// Dialect of its DXF files: the command line's default.
    pub dialect: DxfDialect,
    /// Digits after the decimal point that it reads in files of columns (XYZ, ASC, TXT, CSV), 2 to 6;
    /// other formats have their own. Default: 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u32>,
    /// The most points it takes in one file. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_count: Option<u64>,
    /// The largest file it takes, millions of bytes. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_file_mb: Option<f64>,
    /// Where each number comes from; `A` is an assumption of ours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
    /// The file that it was read from. None for one of the table.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// Whether z is geometric or the way of the lens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ZCompensation {
    /// Geometric millimetres: the machine does the rest.
    #[default]
    Off,
    /// Depth below the entry face divided by the index: the way the lens has to move.
    Divide,
}

/// A deliberate flip of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mirror {
    /// As the viewer sees it.
    #[default]
    None,
    /// Left and right exchanged.
    X,
    /// Top and bottom exchanged.
    Y,
}

/// Unit of a machine's coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// Millimetres.
    #[default]
    Mm,
    /// Thousandths of a millimetre.
    Um,
    /// Inches of 25.4 mm.
    In,
}

impl Units {
    /// How many of this unit make a millimetre.
    #[must_use]
    pub fn per_mm(self) -> f64 {
        match self {
            Self::Mm => 1.0,
            Self::Um => 1000.0,
            Self::In => 1.0 / 25.4,
        }
    }
}

/// Which of our axes each of the machine's axes follows, and in which sense: `+x -y +z` is a
/// machine whose second axis points down.
///
/// # Guarantees
///
/// - x and y go to the first two of the machine's axes, in either order; z stays third, since the
///   beam runs along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Axes {
    /// Whether our y comes first.
    swapped: bool,
    /// Which of the machine's axes point against ours.
    reversed: [bool; 3],
}

impl Axes {
    /// The machine's axes are ours.
    pub const SAME: Self = Self {
        swapped: false,
        reversed: [false; 3],
    };

    /// A point in our axes, in the machine's.
    #[must_use]
    pub fn turned(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [first, second] = if self.swapped { [y, x] } else { [x, y] };
        let sign = |reversed: bool, value: f64| if reversed { -value } else { value };
        [
            sign(self.reversed[0], first),
            sign(self.reversed[1], second),
            sign(self.reversed[2], z),
        ]
    }
}

impl Axes {
    /// A point in the machine's axes, in ours.
    #[must_use]
    pub fn turned_back(self, machine: [f64; 3]) -> [f64; 3] {
        let mut point = machine;
        for (value, reversed) in point.iter_mut().zip(self.reversed) {
            if reversed {
                *value = -*value;
            }
        }
        if self.swapped {
            point.swap(0, 1);
        }
        point
    }
}

impl TryFrom<String> for Axes {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        let fault = || {
            format!(
                "axes `{text}` must name +x or -x, +y or -y, and last +z or -z (the beam runs \
                 along z), like `+x +y +z`"
            )
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let [first, second, third] = words[..] else {
            return Err(fault());
        };
        let axis = |word: &str| -> Option<(bool, char)> {
            let mut letters = word.chars();
            let reversed = match letters.next()? {
                '+' => false,
                '-' => true,
                _ => return None,
            };
            let letter = letters.next()?;
            letters.next().is_none().then_some((reversed, letter))
        };
        let axes = [axis(first), axis(second), axis(third)];
        let [Some((r0, a0)), Some((r1, a1)), Some((r2, 'z'))] = axes else {
            return Err(fault());
        };
        let swapped = match (a0, a1) {
            ('x', 'y') => false,
            ('y', 'x') => true,
            _ => return Err(fault()),
        };
        Ok(Self {
            swapped,
            reversed: [r0, r1, r2],
        })
    }
}

impl From<Axes> for String {
    fn from(axes: Axes) -> Self {
        axes.to_string()
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = if self.swapped { ['y', 'x'] } else { ['x', 'y'] };
        let sign = |reversed| if reversed { '-' } else { '+' };
        let [r0, r1, r2] = self.reversed;
        write!(f, "{}{first} {}{second} {}z", sign(r0), sign(r1), sign(r2))
    }
}

impl JsonSchema for Axes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Axes".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[+-][xy] [+-][xy] [+-]z$",
            "description": "Which of our axes each of the machine's axes follows."
        })
    }
}

impl Machine {
    /// The machine of that name in the table or in the user's folder, or in the TOML file of that
    /// path (anything that ends in `.toml` or holds a path separator).
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::Read`], [`Error::Content`].
    pub fn find(name: &str) -> Result<Self> {
        profile::find(name, user_folder("machines").as_deref())
    }

    /// The machine in a TOML file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::Content`].
    pub fn read(path: &Path) -> Result<Self> {
        profile::read(path)
    }

    /// All machines of the table, in its order.
    #[must_use]
    pub fn all() -> Vec<Self> {
        profile::built_in()
    }

    /// The machines in the user's folder, by name.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::Content`] for the first file that is not a machine.
    pub fn of_user() -> Result<Vec<Self>> {
        profile::of_folder(user_folder("machines").as_deref())
    }

    /// Whether the value of `field` is an assumption of ours that no source states.
    #[must_use]
    pub fn is_assumed(&self, field: &str) -> bool {
        self.sources.get(field).is_some_and(|source| source == "A")
    }

    /// Index of refraction of the glass at the machine's wavelength.
    #[must_use]
    pub fn refractive_index(&self) -> f64 {
        self.index
            .unwrap_or_else(|| glass::n_bk7_index(self.wavelength_nm))
    }

    /// The cone of light of its lens in the glass; `None` where aperture or index are impossible, which
    /// they are in no profile from a table or a file.
    #[must_use]
    pub fn beam(&self) -> Option<Beam> {
        Beam::new(self.numerical_aperture, self.refractive_index())
    }

    /// The part of a blank that it may etch: farther inside than the margin, and in reach of the
    /// beam.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when nothing is.
    pub fn safe_volume(&self, blank: &Blank) -> Result<SafeVolume> {
        match self.beam() {
            Some(beam) => blank.safe_volume_for(&beam),
            None => blank.safe_volume(),
        }
    }

    /// Refuses a job of more points than the machine takes in one file.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check_count(&self, points: u64) -> Result<()> {
        match self.largest_count {
            Some(most) if points > most => Err(Error::setting(
                "--machine",
                &self.name,
                format!("takes {most} points in a file, and the cloud has {points}"),
                "lower --points or raise --spacing",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses a file larger than the machine takes.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check_file_size(&self, bytes: u64) -> Result<()> {
        match self.largest_file_mb {
            Some(most_mb) if bytes as f64 > most_mb * 1e6 => Err(Error::setting(
                "--machine",
                &self.name,
                format!("takes files of {most_mb} MB, and this one has {bytes} bytes"),
                "lower --points, raise --spacing, or write a binary format",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_read_back_as_written() {
        for text in ["+x +y +z", "-y +x -z", "+x -y +z"] {
            let axes = Axes::try_from(text.to_owned()).unwrap();
            assert_eq!(axes.to_string(), text);
        }
        let axes = Axes::try_from("-y +x -z".to_owned()).unwrap();
        assert_eq!(axes.turned([1.0, 2.0, 3.0]), [-2.0, 1.0, -3.0]);
    }

    #[test]
    fn axes_that_leave_the_beam_are_refused() {
        for text in [
            "+x +z +y",
            "+x +x +z",
            "x y z",
            "+x +y",
            "+x +y +z +x",
            "+xx +y +z",
            "",
        ] {
            let fault = Axes::try_from(text.to_owned()).unwrap_err();
            assert!(fault.contains("like `+x +y +z`"), "{fault}");
        }
    }

    #[test]
    fn counts_above_the_limit_are_refused_in_one_line() {
        let machine = Machine::find("uv-355-flux").unwrap();
        assert!(machine.check_count(10_000_000).is_ok());
        let fault = machine.check_count(10_000_001).unwrap_err().to_string();
        assert_eq!(
            fault,
            "--machine uv-355-flux: takes 10000000 points in a file, and the cloud has 10000001; \
             lower --points or raise --spacing"
        );
    }
}
