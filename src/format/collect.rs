//! Where readers put their points: checks each coordinate and tells the place of a bad one.

use std::path::{Path, PathBuf};

use super::digits::LARGEST_COORDINATE;
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Points on their way into a cloud.
pub(super) struct Collector {
    path: PathBuf,
    /// What places are counted in: `line`, `vertex`.
    place: &'static str,
    cloud: Cloud,
}

impl Collector {
    pub(super) fn new(path: &Path, place: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            place,
            cloud: Cloud::default(),
        }
    }

    /// Adds the point found at `place`.
    #[inline]
    pub(super) fn push(&mut self, point: [f64; 3], place: u64) -> Result<()> {
        let limit = f64::from(LARGEST_COORDINATE);
        // False for NaN too.
        if !point.iter().all(|value| value.abs() <= limit) {
            return Err(self.refused(point, place));
        }
        self.cloud.push(point.map(|value| value as f32));
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.cloud.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cloud.is_empty()
    }

    pub(super) fn finish(self) -> Cloud {
        self.cloud
    }

    #[cold]
    fn refused(&self, point: [f64; 3], place: u64) -> Error {
        let limit = f64::from(LARGEST_COORDINATE);
        let (axis, value) = ["x", "y", "z"]
            .into_iter()
            .zip(point)
            .find(|(_, value)| value.is_nan() || value.abs() > limit)
            .unwrap_or(("x", f64::NAN));
        let problem = if value.is_finite() {
            format!("is larger than {limit}")
        } else {
            "is not finite".to_owned()
        };
        Error::content(
            &self.path,
            format!("{} {place}: {axis} = {value} {problem}", self.place),
            "points lie inside a crystal, in millimetres unless another unit is named",
        )
    }
}
