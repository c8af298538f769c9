//! The numbers as a file holds them: whole steps of its last decimal.

use rayon::prelude::*;

use super::Coordinates;
use crate::cloud::Cloud;
use crate::format::{Format, TextSettings};

/// Digits that stand for a format that has none: what its single precision holds of any crystal.
const BINARY_DECIMALS: u32 = 4;

/// A file's coordinates and its last decimal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// What its numbers mean.
    pub coordinates: Coordinates,
    /// Digits after the decimal point; `None` where numbers are binary.
    pub decimals: Option<u32>,
    /// Thickness of the blank, mm.
    pub thickness_mm: f64,
}

impl Written {
    /// The numbers of a file of this format; `text` says how many decimals lines of columns have.
    #[must_use]
    pub fn new(
        coordinates: Coordinates,
        format: Format,
        text: &TextSettings,
        thickness_mm: f64,
    ) -> Self {
        Self {
            coordinates,
            decimals: format.decimals_with(text),
            thickness_mm,
        }
    }

    /// Steps of the last decimal in a unit of the file; of binary files, steps of a ten-thousandth.
    pub(super) fn steps_per_unit(&self) -> f64 {
        let decimals = self.decimals.unwrap_or(BINARY_DECIMALS);
        10_f64.powi(decimals.min(BINARY_DECIMALS) as i32)
    }

    /// How far writing and reading may move a point, mm: by half a step along each axis; respacing, which puts binary
    /// numbers on steps too, included.
    pub(super) fn rounding_mm(&self) -> f64 {
        let half_step_mm = 0.5 / (self.steps_per_unit() * self.coordinates.units.per_mm());
        // Single precision, at every turn, of 300 mm.
        3.0_f64.sqrt() * half_step_mm + 1e-4
    }

    /// What a reader of the file gets for points in millimetres of the portrait frame, in the same.
    #[must_use]
    pub fn read_back(&self, cloud: &Cloud) -> Cloud {
        let file = self.coordinates.from_portrait(cloud, self.thickness_mm);
        let file = match self.decimals {
            Some(decimals) => rounded(&file, 10_f64.powi(decimals as i32)),
            None => file,
        };
        self.coordinates.to_portrait(&file, self.thickness_mm)
    }
}

/// Rounds half away from zero, as the writers do.
fn rounded(cloud: &Cloud, per_unit: f64) -> Cloud {
    let round = |values: &[f32]| -> Vec<f32> {
        values
            .par_iter()
            .map(|&value| ((f64::from(value) * per_unit).round() / per_unit) as f32)
            .collect()
    };
    let (x, y, z) = (
        round(cloud.x_mm()),
        round(cloud.y_mm()),
        round(cloud.z_mm()),
    );
    Cloud::from_arrays(x, y, z).expect("as many as before")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::convert::FileFrame;
    use crate::format;
    use crate::machine::Units;
    use crate::random;

    #[test]
    fn it_is_what_the_reader_reads() {
        let mut cloud = Cloud::default();
        for i in 0..2000 {
            cloud.push([1, 2, 3].map(|axis| 60.0 * (random::unit(axis, i) - 0.5)));
        }
        let folder = tempfile::tempdir().unwrap();
        for format in Format::ALL {
            for (units, decimals) in [(Units::Mm, None), (Units::In, None), (Units::Um, Some(2))] {
                let coordinates = Coordinates {
                    frame: FileFrame::Bed,
                    units,
                };
                let text = TextSettings {
                    decimals,
                    ..TextSettings::default()
                };
                let written = Written::new(coordinates, format, &text, 60.0);
                let path = folder.path().join("a").with_extension(format.extension());
                let file = coordinates.from_portrait(&cloud, 60.0);
                let write = |out: &mut dyn std::io::Write| {
                    format::write_with(&file, format, &[], &text, Path::new("a"), out)
                };
                format::write_whole(&path, write).unwrap();
                let read = coordinates.to_portrait(&format::read(&path).unwrap(), 60.0);
                assert_eq!(written.read_back(&cloud), read, "{format:?} {units:?}");
            }
        }
    }
}
