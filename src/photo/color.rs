//! [`Stored`] -> a small copy in display colours, for finding the subject.

use super::COLOR_PIXELS;
use super::light::{Sample, colors, light};
use super::orientation::Turn;
use super::stored::{Alpha, Samples, Stored};
use crate::grid::Grid;

/// The mean colours of boxes of pixels, weighted by opacity, as sRGB, upright. Means are taken of
/// stored values, not of light: the copy is looked at, not etched.
pub(super) fn small_copy(stored: &Stored) -> Grid<[u8; 3]> {
    let reduced = match &stored.samples {
        Samples::U8(samples) => reduce(stored, samples),
        Samples::U16(samples) => reduce(stored, samples),
        Samples::F32(samples) => reduce(stored, samples),
    };
    let (width, height) = small_size(stored.width, stored.height);
    let colors = light(stored).0.srgb_colors(&reduced);
    Turn::new(stored.orientation, width, height)
        .upright(&colors, |from, to| to.copy_from_slice(from))
}

/// The largest size of at most [`COLOR_PIXELS`] pixels in about the same proportion.
fn small_size(width: usize, height: usize) -> (usize, usize) {
    let pixels = width as f64 * height as f64;
    let scale = (COLOR_PIXELS as f64 / pixels).sqrt();
    if scale >= 1.0 {
        return (width, height);
    }
    let side = |side: usize| ((side as f64 * scale) as usize).max(1);
    // A needle cannot shrink across; it must shrink the more along.
    let (small_width, small_height) = (side(width), side(height));
    (
        small_width.min(COLOR_PIXELS / small_height).max(1),
        small_height.min(COLOR_PIXELS / small_width).max(1),
    )
}

fn reduce<T: Sample>(stored: &Stored, samples: &[T]) -> Vec<f32> {
    match stored.channels() {
        1 => reduce_pixels(stored, samples.as_chunks::<1>().0),
        2 => reduce_pixels(stored, samples.as_chunks::<2>().0),
        3 => reduce_pixels(stored, samples.as_chunks::<3>().0),
        4 => reduce_pixels(stored, samples.as_chunks::<4>().0),
        _ => reduce_pixels(stored, samples.as_chunks::<5>().0),
    }
}

fn reduce_pixels<T: Sample, const N: usize>(stored: &Stored, pixels: &[[T; N]]) -> Vec<f32> {
    let (width, height) = small_size(stored.width, stored.height);
    let has_alpha = matches!(stored.alpha, Alpha::Straight | Alpha::Premultiplied);
    let boxes = Grid::from_fn(width, height, |column, row| {
        let mut sum = [0.0; 4];
        let mut weights = 0.0;
        for y in bounds(row, height, stored.height) {
            let start = y * stored.width;
            for pixel in &pixels[start..][bounds(column, width, stored.width)] {
                let weight = if has_alpha { pixel[N - 1].unit() } else { 1.0 };
                if weight > 0.0 {
                    weights += weight;
                    for (sum, color) in sum.iter_mut().zip(colors(stored, pixel)) {
                        *sum += weight * if color.is_finite() { color } else { 0.0 };
                    }
                }
            }
        }
        sum.map(|sum| if weights > 0.0 { sum / weights } else { 0.0 })
    });
    let channels = stored.model.channels();
    boxes
        .values()
        .iter()
        .flat_map(|mean| mean[..channels].iter().copied())
        .collect()
}

/// Pixels from `0..of` that box `number` of `boxes` covers, at least one.
fn bounds(number: usize, boxes: usize, of: usize) -> std::ops::Range<usize> {
    number * of / boxes..(number + 1) * of / boxes
}

#[cfg(test)]
mod tests {
    use super::super::stored::Model;
    use super::*;

    #[test]
    fn the_copy_stays_small_whatever_the_shape() {
        for (width, height) in [
            (1, 1),
            (4000, 3000),
            (1, 5_000_000),
            (1_000_000, 3),
            (1000, 1000),
        ] {
            let (small_width, small_height) = small_size(width, height);
            assert!(small_width * small_height <= COLOR_PIXELS);
            assert!((1..=width).contains(&small_width) && (1..=height).contains(&small_height));
        }
        assert_eq!(small_size(4000, 3000), (1154, 866));
    }

    #[test]
    fn boxes_cover_every_pixel_once() {
        let covered: Vec<usize> = (0..7).flat_map(|n| bounds(n, 7, 23)).collect();
        assert_eq!(covered, (0..23).collect::<Vec<_>>());
    }

    #[test]
    fn colours_under_full_transparency_do_not_bleed() {
        let samples = Samples::U8(vec![255, 0, 0, 255, 0, 255, 0, 0]);
        let stored = Stored::new((2, 1), Model::Rgb, Alpha::Straight, samples).unwrap();
        let copy = small_copy(&stored);
        assert_eq!(copy.values(), [[255, 0, 0], [0, 0, 0]]);
    }
}
