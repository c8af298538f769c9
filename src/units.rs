//! Lengths and angles as a user writes them: `0.08mm`, `80um`, `1.25in`, `30x30x10mm`, `15deg`.
//!
//! Inside the library every length is in millimetres and every angle in degrees until the one
//! place that needs radians.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length in millimetres.
///
/// Held in `f64`, unlike the coordinates of points: the least distance between points is compared
/// exactly on the file's grid, and 0.08 as `f32` is not 8 hundredths.
///
/// # Guarantees
///
/// - Finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Mm(f64);

impl Mm {
    /// A length of `mm` millimetres; `None` unless finite.
    #[must_use]
    pub fn new(mm: f64) -> Option<Self> {
        mm.is_finite().then_some(Self(mm))
    }

    /// A length known when the program is built.
    ///
    /// # Panics
    ///
    /// If `mm` is not finite.
    #[must_use]
    pub const fn constant(mm: f64) -> Self {
        assert!(mm.is_finite(), "a constant length is finite");
        Self(mm)
    }

    /// The length in millimetres.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Mm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} mm", self.0)
    }
}

impl FromStr for Mm {
    type Err = String;

    /// Reads `3`, `3mm`, `80um`, `80µm`, `0.3cm`, `1.25in`; without a unit, millimetres.
    fn from_str(text: &str) -> Result<Self, String> {
        let (number, factor) = split_unit(text.trim())?;
        let value: f64 = number
            .trim()
            .parse()
            .map_err(|_| format!("`{text}` is not a length; write it like 3mm, 80um or 1.25in"))?;
        Self::new(value * factor)
            .ok_or_else(|| format!("`{text}` is not a finite length; write it like 3mm"))
    }
}

/// Millimetres in each unit; `um` before `m` would matter if `m` were a unit, and it is not.
const UNITS: [(&str, f64); 6] = [
    ("mm", 1.0),
    ("um", 0.001),
    ("µm", 0.001),
    ("μm", 0.001),
    ("cm", 10.0),
    ("in", 25.4),
];

fn split_unit(text: &str) -> Result<(&str, f64), String> {
    for (unit, factor) in UNITS {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok((number, factor));
        }
    }
    Ok((text, 1.0))
}

impl<'de> Deserialize<'de> for Mm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A settings file may hold a number of millimetres or text with a unit.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum NumberOrText {
            Number(f64),
            Text(String),
        }
        match NumberOrText::deserialize(deserializer)? {
            NumberOrText::Number(mm) => {
                Self::new(mm).ok_or_else(|| serde::de::Error::custom("a length must be finite"))
            }
            NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// Width (x), height (y) and thickness (z) of a solid, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    /// Extent along x.
    pub width_mm: Mm,
    /// Extent along y.
    pub height_mm: Mm,
    /// Extent along z, the thickness.
    pub thickness_mm: Mm,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} x {} x {} mm",
            self.width_mm.0, self.height_mm.0, self.thickness_mm.0
        )
    }
}

impl FromStr for Size {
    type Err = String;

    /// Reads `35x35x12`, `35x35x12mm`, `1.25inx1inx0.5in`: width x height x thickness.
    fn from_str(text: &str) -> Result<Self, String> {
        let [width_mm, height_mm, thickness_mm] = lengths(text).ok_or_else(|| {
            format!("`{text}` is not a size; write width x height x thickness like 35x35x12mm")
        })?;
        Ok(Self {
            width_mm,
            height_mm,
            thickness_mm,
        })
    }
}

/// Splits `AxBxC` into `N` lengths; a unit on the last holds for those without one.
#[must_use]
pub fn lengths<const N: usize>(text: &str) -> Option<[Mm; N]> {
    let parts: Vec<&str> = text.split(['x', 'X', '×']).map(str::trim).collect();
    if parts.len() != N {
        return None;
    }
    let (_, last_factor) = split_unit(parts[N - 1]).ok()?;
    let mut out = [Mm(0.0); N];
    for (slot, part) in out.iter_mut().zip(&parts) {
        let bare: Result<f64, _> = part.parse();
        *slot = match bare {
            Ok(number) => Mm::new(number * last_factor)?,
            Err(_) => part.parse().ok()?,
        };
    }
    Some(out)
}

/// An angle in degrees, counter-clockwise as seen by the viewer.
///
/// # Guarantees
///
/// - Finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Degrees(f64);

impl Degrees {
    /// No rotation.
    pub const ZERO: Self = Self(0.0);

    /// An angle of `degrees`; `None` unless finite.
    #[must_use]
    pub fn new(degrees: f64) -> Option<Self> {
        degrees.is_finite().then_some(Self(degrees))
    }

    /// The angle in degrees.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The angle in radians.
    #[must_use]
    pub fn radians(self) -> f64 {
        self.0.to_radians()
    }
}

impl TryFrom<f64> for Degrees {
    type Error = &'static str;
    fn try_from(degrees: f64) -> Result<Self, Self::Error> {
        Self::new(degrees).ok_or("an angle must be finite")
    }
}

impl From<Degrees> for f64 {
    fn from(angle: Degrees) -> Self {
        angle.0
    }
}

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deg", self.0)
    }
}

impl FromStr for Degrees {
    type Err = String;

    /// Reads `15`, `15deg`, `-7.5°`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text
            .trim()
            .trim_end_matches("deg")
            .trim_end_matches('°')
            .trim();
        bare.parse()
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| format!("`{text}` is not an angle; write it like 15 or 15deg"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_units() {
        for (text, mm) in [
            ("3", 3.0),
            ("3mm", 3.0),
            ("80um", 0.08),
            ("1.25in", 31.75),
            (" 2 cm", 20.0),
        ] {
            let parsed: Mm = text.parse().unwrap();
            assert!((parsed.get() - mm).abs() < 1e-12, "{text} gave {parsed}");
        }
    }

    #[test]
    fn odd_lengths_are_refused() {
        for text in ["", "mm", "3 km", "nan", "inf", "1e400", "3,5mm", "0x3"] {
            assert!(text.parse::<Mm>().is_err(), "{text} was taken for a length");
        }
    }

    #[test]
    fn a_size_may_name_its_unit_once() {
        let size: Size = "1x0.5x0.25in".parse().unwrap();
        assert_eq!((size.width_mm.get(), size.thickness_mm.get()), (25.4, 6.35));
        assert!("35x35".parse::<Size>().is_err());
    }
}
