//! The limit on a photo's size, checked on the header before memory is taken.

use std::path::Path;

use crate::error::{Error, Result};

/// Most pixels that are decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct PixelLimit {
    pixels: u64,
    megapixels: f64,
}

impl PixelLimit {
    /// # Errors
    ///
    /// [`Error::Setting`] if the limit is not a positive number.
    pub(super) fn new(max_megapixels: f64) -> Result<Self> {
        if !(max_megapixels.is_finite() && max_megapixels > 0.0) {
            return Err(Error::setting(
                "--max-megapixels",
                &max_megapixels,
                "is not a positive number",
                "give millions of pixels, such as 150",
            ));
        }
        Ok(Self {
            pixels: (max_megapixels * 1e6) as u64,
            megapixels: max_megapixels,
        })
    }

    /// # Errors
    ///
    /// [`Error::Content`] if a picture of this size is too large or empty.
    pub(super) fn check(&self, path: &Path, width: u64, height: u64) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(Error::content(
                path,
                format!("the photo has {width} x {height} pixels"),
                "give a photo with at least one pixel",
            ));
        }
        let pixels = width.saturating_mul(height);
        if pixels <= self.pixels {
            return Ok(());
        }
        Err(Error::content(
            path,
            format!(
                "{width} x {height} pixels are {:.0} megapixels, the limit is {}",
                pixels as f64 / 1e6,
                self.megapixels
            ),
            "reduce the photo, or raise --max-megapixels",
        ))
    }

    /// Most bytes that the decoded samples may take: four channels of four bytes a pixel.
    pub(super) fn bytes(&self) -> u64 {
        self.pixels.saturating_mul(16)
    }

    /// Largest JPEG file that is read: at best quality they take up to 3 bytes a pixel, and
    /// phones append a film or a depth map.
    pub(super) fn file_bytes(&self) -> u64 {
        self.pixels.saturating_mul(4).saturating_add(64 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_exact_and_survives_overflow() {
        let limit = PixelLimit::new(1.0).unwrap();
        let path = Path::new("a.png");
        assert!(limit.check(path, 1000, 1000).is_ok());
        assert!(limit.check(path, 1000, 1001).is_err());
        assert!(limit.check(path, u64::MAX, u64::MAX).is_err());
        assert!(limit.check(path, 0, 5).is_err());
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(PixelLimit::new(bad).is_err());
        }
    }

    #[test]
    fn the_message_names_value_limit_and_remedy() {
        let limit = PixelLimit::new(150.0).unwrap();
        let error = limit.check(Path::new("a.png"), 20_000, 20_000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.png: 20000 x 20000 pixels are 400 megapixels, the limit is 150; \
             reduce the photo, or raise --max-megapixels"
        );
    }
}
