//! Display colours -> a perceptual space, and the reduced picture that is segmented.
//!
//! # Source
//!
//! B. Ottosson, *A perceptual color space for image processing* (Oklab), 2020.

use crate::grid::Grid;

/// Factor on a and b: Oklab's lie within 0.3 of 0 where lightness spans 1, and the hue of skin
/// against that of a wall says more of what belongs together than a shadow does.
const CHROMA_WEIGHT: f32 = 2.0;

/// Pixels of the picture in which subject and background are told apart: 350 x 230. With four times
/// as many the cut takes six times as long and follows noise; the matting brings the edge back.
pub(super) const SEGMENT_PIXELS: usize = 80_000;

/// Display colour, 0 to 255, to lightness 0 to 1, and green-red and blue-yellow, twice Oklab's.
pub(super) fn perceptual(color: [f32; 3]) -> [f32; 3] {
    of_light(color.map(light))
}

/// As [`perceptual`], of every pixel.
pub(super) fn perceptual_grid(color: &Grid<[u8; 3]>) -> Grid<[f32; 3]> {
    let table: [f32; 256] = std::array::from_fn(|value| light(value as f32));
    color.map(|color| of_light(color.map(|value| table[usize::from(value)])))
}

/// Linear light, 0 to 1, of an sRGB value, 0 to 255.
fn light(display: f32) -> f32 {
    let display = display / 255.0;
    if display <= 0.040_45 {
        display / 12.92
    } else {
        ((display + 0.055) / 1.055).powf(2.4)
    }
}

fn of_light([r, g, b]: [f32; 3]) -> [f32; 3] {
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        CHROMA_WEIGHT * (1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s),
        CHROMA_WEIGHT * (0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s),
    ]
}

/// The size of at most `pixels` pixels in about the proportion of `width` x `height`.
pub(super) fn size_within(width: usize, height: usize, pixels: usize) -> (usize, usize) {
    let scale = (pixels as f64 / (width as f64 * height as f64)).sqrt();
    if scale >= 1.0 {
        return (width, height);
    }
    let side = |side: usize| ((side as f64 * scale) as usize).max(1);
    // A needle cannot shrink across; it must shrink the more along.
    let (small_width, small_height) = (side(width), side(height));
    (
        small_width.min(pixels / small_height).max(1),
        small_height.min(pixels / small_width).max(1),
    )
}

/// Pixels from `0..of` that box `number` of `boxes` covers, at least one.
pub(super) fn span(number: usize, boxes: usize, of: usize) -> std::ops::Range<usize> {
    let start = number * of / boxes;
    start..((number + 1) * of / boxes).max(start + 1)
}

/// The means of boxes of pixels, in display colours, as perceptual ones; at most `pixels` of them.
pub(super) fn reduced(color: &Grid<[u8; 3]>, pixels: usize) -> Grid<[f32; 3]> {
    let (width, height) = size_within(color.width(), color.height(), pixels);
    Grid::from_fn(width, height, |column, row| {
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for y in span(row, height, color.height()) {
            for pixel in &color.row(y)[span(column, width, color.width())] {
                count += 1.0;
                for (sum, &value) in sum.iter_mut().zip(pixel) {
                    *sum += f32::from(value);
                }
            }
        }
        perceptual(sum.map(|sum| sum / count))
    })
}

/// The means of boxes of values.
pub(super) fn box_means(
    values: &Grid<f32>,
    (width, height): (usize, usize),
    change: impl Fn(f32) -> f32 + Sync + Send,
) -> Grid<f32> {
    Grid::from_fn(width, height, |column, row| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in span(row, height, values.height()) {
            for &value in &values.row(y)[span(column, width, values.width())] {
                sum += change(value);
                count += 1.0;
            }
        }
        sum / count
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_have_no_hue_and_white_is_one() {
        for grey in [0.0, 20.0, 128.0, 255.0] {
            let [l, a, b] = perceptual([grey; 3]);
            assert!(a.abs() < 1e-3 && b.abs() < 1e-3, "{l} {a} {b}");
        }
        assert!((perceptual([255.0; 3])[0] - 1.0).abs() < 1e-4);
        // The published value for pure red.
        let red = perceptual([255.0, 0.0, 0.0]);
        let oklab = [red[0], red[1] / CHROMA_WEIGHT, red[2] / CHROMA_WEIGHT];
        for (value, published) in oklab.iter().zip([0.628, 0.225, 0.126]) {
            assert!((value - published).abs() < 1e-3, "{oklab:?}");
        }
    }

    #[test]
    fn sizes_keep_to_the_limit_and_to_at_least_one() {
        for (width, height) in [(1, 1), (4000, 3000), (1, 5_000_000), (1_000_000, 3)] {
            let (w, h) = size_within(width, height, 1000);
            assert!(w * h <= 1000 && (1..=width).contains(&w) && (1..=height).contains(&h));
        }
    }
}
