//! Linear light: the raster that everything is added to, and its way into an 8-bit PNG.
//!
//! All drawing adds light (1.0 is the white of the display) and is only then encoded, since points
//! that overlap add up in light, not in display values. The encoding bends what is brighter than
//! [`KNEE`] softly toward white and dithers the last bit: dark gradients in 8 bits show bands.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use rayon::prelude::*;
use tiny_skia::{FillRule, Mask, Path, PathBuilder, Transform};

use crate::grid::Grid;

/// Red, green and blue in linear light.
pub(super) type Rgb = [f32; 3];

/// A raster of linear light.
pub(super) type Light = Grid<Rgb>;

/// Up to here light is shown in proportion; above, it nears white without reaching it. Lower
/// flattens the lights of a face, higher lets bright places burn out flat.
const KNEE: f32 = 0.62;

/// Small paths are drawn at this many times the resolution of the raster: tiny-skia tells 16 shades
/// at an edge, and lines and letters need more. Large areas do without: it took a fifth of the time
/// of a whole picture.
const OVERSAMPLING: usize = 2;

/// The largest box, in pixels, that counts as small.
const SMALL_PX: usize = 200 * 200;

/// Proportional up to the knee, then an exponential approach to 1 of the same slope.
pub(super) fn soft_clip(light: f32) -> f32 {
    if light <= KNEE {
        light.max(0.0)
    } else {
        1.0 - (1.0 - KNEE) * (-(light - KNEE) / (1.0 - KNEE)).exp()
    }
}

/// Calls `shade(column, row, coverage)` for each pixel of a `width` x `height` raster that `path`
/// covers; coverage in 0..=1.
///
/// Cost: the area of the path's box, not of the raster.
pub(super) fn cover(
    path: &Path,
    rule: FillRule,
    [width, height]: [usize; 2],
    mut shade: impl FnMut(usize, usize, f32),
) {
    let bounds = path.bounds();
    let (Some(columns), Some(rows)) = (
        pixels(bounds.left(), bounds.right(), width),
        pixels(bounds.top(), bounds.bottom(), height),
    ) else {
        return;
    };
    let is_small = columns.len() * rows.len() <= SMALL_PX;
    let factor = if is_small { OVERSAMPLING } else { 1 };
    let Some(mut mask) = Mask::new(
        (columns.len() * factor) as u32,
        (rows.len() * factor) as u32,
    ) else {
        return;
    };
    let move_to_box = Transform::from_translate(-(columns.start as f32), -(rows.start as f32))
        .post_scale(factor as f32, factor as f32);
    mask.fill_path(path, rule, true, move_to_box);
    let stride = columns.len() * factor;
    let full = (255 * factor * factor) as f32;
    for (mask_rows, row) in mask.data().chunks_exact(stride * factor).zip(rows) {
        for (index, column) in columns.clone().enumerate() {
            let sum: u32 = mask_rows
                .chunks_exact(stride)
                .flat_map(|line| &line[index * factor..(index + 1) * factor])
                .map(|&value| u32::from(value))
                .sum();
            if sum > 0 {
                shade(column, row, sum as f32 / full);
            }
        }
    }
}

/// The whole pixels from `low` to `high` that lie in 0..`size`; `None` if there are none.
fn pixels(low: f32, high: f32, size: usize) -> Option<std::ops::Range<usize>> {
    let start = low.floor().max(0.0) as usize;
    let end = (high.ceil().max(0.0) as usize).min(size);
    (start < end).then_some(start..end)
}

/// Adds `rgb` to what `path` covers.
pub(super) fn add(light: &mut Light, path: &Path, rgb: Rgb) {
    let size = [light.width(), light.height()];
    cover(path, FillRule::Winding, size, |column, row, coverage| {
        let before = light.at(column, row);
        let after = [0, 1, 2].map(|c| before[c] + coverage * rgb[c]);
        light.set(column, row, after);
    });
}

/// Paints `rgb` over what `path` covers.
pub(super) fn paint(light: &mut Light, path: &Path, rgb: Rgb) {
    let size = [light.width(), light.height()];
    cover(path, FillRule::Winding, size, |column, row, coverage| {
        let before = light.at(column, row);
        let after = [0, 1, 2].map(|c| before[c] + coverage * (rgb[c] - before[c]));
        light.set(column, row, after);
    });
}

/// A straight line as a polygon, drawn out by `overhang` at both ends; `None` where both ends meet.
pub(super) fn stroke(start: [f32; 2], end: [f32; 2], width: f32, overhang: f32) -> Option<Path> {
    let (dx, dy) = (end[0] - start[0], end[1] - start[1]);
    let length = dx.hypot(dy);
    if length.is_nan() || length < 1e-3 {
        return None;
    }
    let (along_x, along_y) = (dx / length * overhang, dy / length * overhang);
    let (across_x, across_y) = (-dy / length * width / 2.0, dx / length * width / 2.0);
    let mut path = PathBuilder::new();
    path.move_to(start[0] - along_x + across_x, start[1] - along_y + across_y);
    path.line_to(end[0] + along_x + across_x, end[1] + along_y + across_y);
    path.line_to(end[0] + along_x - across_x, end[1] + along_y - across_y);
    path.line_to(start[0] - along_x - across_x, start[1] - along_y - across_y);
    path.close();
    path.finish()
}

/// Blurs by three box filters one after the other, near a Gaussian of standard deviation `sigma_px`;
/// outside the raster there is nothing.
pub(super) fn blur(grid: &Grid<f32>, sigma_px: f32) -> Grid<f32> {
    // Three boxes of 2r + 1 pixels have the variance ((2r + 1)² - 1) / 4.
    let radius = (((4.0 * sigma_px * sigma_px + 1.0).sqrt() - 1.0) / 2.0).round() as usize;
    if radius == 0 {
        return grid.clone();
    }
    let across = blur_rows(grid, radius);
    transposed(&blur_rows(&transposed(&across), radius))
}

fn blur_rows(grid: &Grid<f32>, radius: usize) -> Grid<f32> {
    let width = grid.width();
    let mut out = grid.clone();
    let mut rows: Vec<&mut [f32]> = out.values_mut().chunks_mut(width).collect();
    rows.par_iter_mut().with_min_len(16).for_each_init(
        || vec![0.0; width],
        |scratch, row| {
            for _ in 0..3 {
                scratch.copy_from_slice(row);
                box_filter(scratch, row, radius);
            }
        },
    );
    out
}

fn box_filter(from: &[f32], to: &mut [f32], radius: usize) {
    let scale = 1.0 / (2 * radius + 1) as f32;
    let mut sum: f32 = from.iter().take(radius).sum();
    for (index, value) in to.iter_mut().enumerate() {
        sum += from.get(index + radius).copied().unwrap_or(0.0);
        if index > radius {
            sum -= from[index - radius - 1];
        }
        // Rounding may leave a running sum a hair below zero.
        *value = (sum * scale).max(0.0);
    }
}

fn transposed(grid: &Grid<f32>) -> Grid<f32> {
    let (width, height) = (grid.width(), grid.height());
    let values = grid.values();
    let mut out = Grid::filled(height, width, 0.0);
    // Sixteen columns at a time, so that each cache line read is used whole.
    out.values_mut()
        .par_chunks_mut(height * 16)
        .enumerate()
        .for_each(|(block, rows)| {
            for row in 0..height {
                for (step, line) in rows.chunks_exact_mut(height).enumerate() {
                    line[row] = values[row * width + block * 16 + step];
                }
            }
        });
    out
}

/// Encodes as a PNG of three times 8 bits, sRGB.
pub(super) fn to_png(light: &Light) -> Vec<u8> {
    let table = display_table();
    let mut bytes = vec![0u8; light.width() * light.height() * 3];
    bytes
        .par_chunks_mut(light.width() * 3)
        .enumerate()
        .for_each(|(row, out)| {
            for (column, (pixel, rgb)) in out.chunks_exact_mut(3).zip(light.row(row)).enumerate() {
                let threshold = dither(column, row);
                for (byte, &value) in pixel.iter_mut().zip(rgb) {
                    *byte = (display(&table, soft_clip(value)) + threshold) as u8;
                }
            }
        });
    let mut png = Vec::with_capacity(bytes.len() / 2);
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Up)
        .write_image(
            &bytes,
            light.width() as u32,
            light.height() as u32,
            ExtendedColorType::Rgb8,
        )
        .expect("writing to memory does not fail, and the length fits the size");
    png
}

/// Steps of the table from light to display values. Stepping by the root of light keeps the darks
/// exact to a hundredth of a display value.
const TABLE_STEPS: usize = 2048;

/// Display values 0 to 255 over the square root of linear light (sRGB, IEC 61966-2-1).
fn display_table() -> Vec<f32> {
    (0..=TABLE_STEPS + 1)
        .map(|step| {
            let light = (step as f32 / TABLE_STEPS as f32).powi(2).min(1.0);
            255.0
                * if light <= 0.003_130_8 {
                    12.92 * light
                } else {
                    1.055 * light.powf(1.0 / 2.4) - 0.055
                }
        })
        .collect()
}

fn display(table: &[f32], light: f32) -> f32 {
    let step = light.clamp(0.0, 1.0).sqrt() * TABLE_STEPS as f32;
    let index = step as usize;
    let part = step - index as f32;
    table[index] + part * (table[index + 1] - table[index])
}

/// A threshold in 0..1 from the 8 x 8 Bayer matrix: bits of row and column interleaved.
fn dither(column: usize, row: usize) -> f32 {
    let (x, y) = (column ^ row, row);
    let mut value = 0;
    for bit in 0..3 {
        value |= (x >> bit & 1) << (5 - 2 * bit) | (y >> bit & 1) << (4 - 2 * bit);
    }
    (value as f32 + 0.5) / 64.0
}

#[cfg(test)]
mod tests {
    use tiny_skia::Rect;

    use super::*;

    fn rectangle(left: f32, top: f32, right: f32, bottom: f32) -> Path {
        PathBuilder::from_rect(Rect::from_ltrb(left, top, right, bottom).unwrap())
    }

    #[test]
    fn soft_clip_is_proportional_below_the_knee_and_never_reaches_two_whites() {
        assert_eq!(soft_clip(0.3), 0.3);
        assert_eq!(soft_clip(-1.0), 0.0);
        let mut last = 0.0;
        for step in 0..1000 {
            let value = soft_clip(step as f32 * 0.01);
            assert!(value >= last && value <= 1.0);
            last = value;
        }
    }

    #[test]
    fn half_covered_pixels_get_half_the_light() {
        let mut light = Light::filled(4, 4, [0.0; 3]);
        add(&mut light, &rectangle(1.0, 1.0, 2.5, 3.0), [1.0, 0.5, 0.0]);
        let light_of_row: Vec<f32> = light.row(1).iter().map(|rgb| rgb[0]).collect();
        assert_eq!(light_of_row[0], 0.0);
        assert!((light_of_row[1] - 1.0).abs() < 0.01, "{light_of_row:?}");
        assert!((light_of_row[2] - 0.5).abs() < 0.05, "{light_of_row:?}");
        assert_eq!(light.at(1, 3), [0.0; 3]);
    }

    #[test]
    fn paths_beyond_the_raster_are_cut() {
        let mut light = Light::filled(3, 3, [0.0; 3]);
        add(&mut light, &rectangle(-50.0, -50.0, 50.0, 50.0), [1.0; 3]);
        add(&mut light, &rectangle(40.0, 40.0, 50.0, 50.0), [1.0; 3]);
        assert!(light.values().iter().all(|rgb| (rgb[0] - 1.0).abs() < 0.01));
    }

    #[test]
    fn blur_keeps_the_sum_and_spreads_as_asked() {
        let mut grid = Grid::filled(81, 61, 0.0);
        grid.set(40, 30, 1.0);
        // Boxes of 9 pixels: radii are whole numbers, so other spreads are met to half a pixel.
        let sigma_px = 20f32.sqrt();
        let blurred = blur(&grid, sigma_px);
        let sum: f32 = blurred.values().iter().sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        let variance: f32 = (0..81)
            .map(|x| (x as f32 - 40.0).powi(2))
            .enumerate()
            .map(|(x, square)| square * (0..61).map(|y| blurred.at(x, y)).sum::<f32>())
            .sum();
        assert!(
            (variance.sqrt() - sigma_px).abs() < 0.01,
            "{}",
            variance.sqrt()
        );
    }

    #[test]
    fn display_values_follow_srgb() {
        let table = display_table();
        for (light, expected) in [(0.0, 0.0), (0.214_04, 127.5), (1.0, 255.0), (0.002, 6.59)] {
            let value = display(&table, light);
            assert!((value - expected).abs() < 0.05, "{light} gave {value}");
        }
    }

    #[test]
    fn dither_thresholds_are_even() {
        let mut seen: Vec<u32> = (0..64)
            .map(|i| (dither(i % 8, i / 8) * 64.0) as u32)
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..64).collect::<Vec<_>>());
    }
}
