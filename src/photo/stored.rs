//! What a decoder delivers: the samples as the file stores them, before colour and orientation.

use image::metadata::Orientation;

/// Samples of one depth, interleaved, row after row.
#[derive(Debug)]
pub(super) enum Samples {
    /// 0 to 255.
    U8(Vec<u8>),
    /// 0 to 65535.
    U16(Vec<u16>),
    /// 0 to 1; NaN and infinite where nothing is known.
    F32(Vec<f32>),
}

impl Samples {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }
}

/// What the colour channels mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// One channel: 0 is black.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Amounts of cyan, magenta, yellow and black ink: 0 is paper.
    Cmyk,
}

impl Model {
    /// Colour channels, alpha not counted.
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Whether the last channel is opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    /// There is none.
    None,
    /// Colours are stored as they are.
    Straight,
    /// Colours are stored multiplied by opacity.
    Premultiplied,
    /// The last channel is something else, and is not looked at.
    Unrelated,
}

/// A decoded file.
///
/// # Guarantees
///
/// - Sides are at least 1; `samples.len() == width * height * channels()`.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) model: Model,
    pub(super) alpha: Alpha,
    pub(super) samples: Samples,
    /// How the stored rows are to be turned so that the picture stands upright.
    pub(super) orientation: Orientation,
    /// The ICC profile as stored.
    pub(super) profile: Option<Vec<u8>>,
    /// Rows from the top that were really decoded; less than `height` for a cut-off JPEG.
    pub(super) known_rows: usize,
    pub(super) warnings: Vec<String>,
}

impl Stored {
    /// A whole picture without orientation, profile and warnings; `None` if the lengths differ or
    /// a side is 0.
    pub(super) fn new(
        (width, height): (usize, usize),
        model: Model,
        alpha: Alpha,
        samples: Samples,
    ) -> Option<Self> {
        let stored = Self {
            width,
            height,
            model,
            alpha,
            samples,
            orientation: Orientation::NoTransforms,
            profile: None,
            known_rows: height,
            warnings: Vec::new(),
        };
        let expected = width
            .checked_mul(height)
            .and_then(|pixels| pixels.checked_mul(stored.channels()));
        (width > 0 && height > 0 && expected == Some(stored.samples.len())).then_some(stored)
    }

    /// All channels of a pixel, alpha counted.
    pub(super) fn channels(&self) -> usize {
        self.model.channels() + usize::from(self.alpha != Alpha::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_do_not_fit_their_size_are_refused() {
        let samples = || Samples::U8(vec![0; 12]);
        assert!(Stored::new((2, 2), Model::Rgb, Alpha::None, samples()).is_some());
        assert!(Stored::new((2, 2), Model::Rgb, Alpha::Straight, samples()).is_none());
        assert!(Stored::new((3, 1), Model::Cmyk, Alpha::None, samples()).is_some());
        assert!(Stored::new((0, 2), Model::Grey, Alpha::None, Samples::U8(vec![])).is_none());
    }
}
