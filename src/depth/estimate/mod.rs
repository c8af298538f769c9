//! Depth without a map and without a network: an estimate that knows shapes, not light.
//!
//! The photo's brightness says nothing of depth: taken as height it turns beards and shadows into
//! grooves. So the subject becomes a dome over its matte (`dome.rs`), and where the eyes are known, a
//! head with a nose, sockets and lips stands where they say (`face.rs`). The photo adds its
//! fine detail weakly, so that hair and cloth are not bald.
//!
//! A real depth map or a network is better, and much so for anything but one person's portrait.
//! On the busts of `examples/depth_estimate` a trial of the same method gave rank correlations inside the
//! face of 0.70 without and 0.76 with eyes (brightness as height: 0.05), over the whole subject
//! 0.37 and 0.84; they are heads of one make, so people will come out worse.

mod dome;
mod face;

use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::photo::Photo;

/// Longer side of the estimate, px: finer shapes are not known anyway.
const SIDE_PX: usize = 400;

/// What the photo's detail counts against the dome, up and down: 0.1 in all. In the trial without
/// any the order of depths was a little better (0.72 for 0.70 inside the face), but hair and cloth look like polished stone.
const DETAIL: f32 = 0.05;

/// Reach of what counts as detail, as a fraction of the subject's inner radius.
const DETAIL_REACH: f32 = 0.25;

/// Difference of lightness that is full detail.
const FULL_DETAIL: f32 = 0.25;

/// Least and largest share of the photo that a matte covers to be of use.
const MATTE_SHARE: (f32, f32) = (0.005, 0.985);

/// An estimate and how sure it is.
#[derive(Clone, Debug)]
pub(super) struct Estimate {
    pub(super) nearness: Grid<f32>,
    /// For the report.
    pub(super) origin: &'static str,
    /// Rank correlation with the true depth over the whole subject that is to be expected, 0 to 1,
    /// as the trial above found it; without a matte nothing was measured, and it is an assumption.
    pub(super) confidence: f32,
}

/// Estimates the depth of a photo by its matte and by the eyes in it.
pub(super) fn estimate(photo: &Photo, matte: Option<&Grid<f32>>, eyes: Option<Eyes>) -> Estimate {
    let (width, height) = (photo.luminance.width(), photo.luminance.height());
    let step = width.max(height).div_ceil(SIDE_PX);
    let eyes = eyes.map(|eyes| eyes.scaled(1.0 / step as f64));
    let lightness = reduced(&photo.luminance, step).map(|light| light.max(0.0).sqrt());
    let inside = matte.and_then(|matte| subject(matte, step));
    let (dome, radius_px) = match &inside {
        Some(inside) => {
            let cap = eyes.map(|eyes| face::DOME_RADIUS * eyes.apart_px() as f32);
            dome::over(inside, cap)
        }
        None => dome::gentle(lightness.width(), lightness.height()),
    };
    let everywhere = Grid::filled(lightness.width(), lightness.height(), true);
    let within = inside.as_ref().unwrap_or(&everywhere);
    let reach_px = (DETAIL_REACH * radius_px).max(1.0);
    let smooth = dome::blur(&lightness, within, reach_px);
    let mut nearness = match eyes {
        Some(eyes) => face::onto(&dome, inside.as_ref(), eyes),
        None => dome,
    };
    nearness.for_each_row(|row, values| {
        for (column, value) in values.iter_mut().enumerate() {
            if within.at(column, row) {
                let difference = lightness.at(column, row) - smooth.at(column, row);
                *value += DETAIL * (difference / FULL_DETAIL).clamp(-1.0, 1.0);
            }
        }
    });
    let (origin, confidence) = match (inside.is_some(), eyes.is_some()) {
        (true, false) => ("estimate, dome over the matte", 0.37),
        (true, true) => ("estimate, dome over the matte, face by the eyes", 0.84),
        (false, true) => ("estimate, face by the eyes, no matte", 0.2),
        (false, false) => ("estimate, gentle dome over the whole photo", 0.1),
    };
    Estimate {
        nearness,
        origin,
        confidence,
    }
}

/// The subject of a matte; `None` where it is next to nothing or next to everything.
fn subject(matte: &Grid<f32>, step: usize) -> Option<Grid<bool>> {
    let inside = reduced(matte, step).map(|opacity| opacity >= 0.5);
    let count = inside.values().iter().filter(|&&inside| inside).count();
    let share = count as f32 / inside.values().len() as f32;
    (MATTE_SHARE.0..=MATTE_SHARE.1)
        .contains(&share)
        .then_some(inside)
}

/// Means of squares of `step` pixels.
fn reduced(grid: &Grid<f32>, step: usize) -> Grid<f32> {
    Grid::from_fn(
        grid.width().div_ceil(step),
        grid.height().div_ceil(step),
        |column, row| {
            let columns = column * step..((column + 1) * step).min(grid.width());
            let rows = row * step..((row + 1) * step).min(grid.height());
            let count = (columns.len() * rows.len()) as f32;
            let lines = rows.map(|row| grid.row(row)[columns.clone()].iter().sum::<f32>());
            lines.sum::<f32>() / count
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    fn photo(luminance: Grid<f32>) -> Photo {
        Photo {
            luminance,
            alpha: None,
            warnings: Vec::new(),
        }
    }

    fn eyes_at(px: [f64; 4], photo: &Photo) -> Eyes {
        let size = (photo.luminance.width(), photo.luminance.height());
        Eyes::in_photo(px, size).unwrap()
    }

    /// Spearman's rank correlation.
    fn rank_correlation(pairs: &[(f32, f32)]) -> f64 {
        let ranks = |pick: fn(&(f32, f32)) -> f32| {
            let mut order: Vec<usize> = (0..pairs.len()).collect();
            order.sort_by(|&a, &b| pick(&pairs[a]).total_cmp(&pick(&pairs[b])));
            let mut ranks = vec![0.0; pairs.len()];
            for (rank, index) in order.into_iter().enumerate() {
                ranks[index] = rank as f64 / pairs.len() as f64 - 0.5;
            }
            ranks
        };
        let (a, b) = (ranks(|pair| pair.0), ranks(|pair| pair.1));
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    }

    /// The sample bust: its light, its matte, its exact depth, all reduced four times.
    fn bust() -> (Photo, Grid<f32>, Grid<f32>) {
        let open = |name: &str| {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            image::open(folder.join("samples").join(name))
                .unwrap()
                .into_luma16()
        };
        let grid = |picture: image::ImageBuffer<image::Luma<u16>, Vec<u16>>| {
            let (width, height) = picture.dimensions();
            let values = picture
                .into_raw()
                .into_iter()
                .map(|v| f32::from(v) / 65535.0);
            let grid = Grid::from_values(width as usize, height as usize, values.collect());
            reduced(&grid.unwrap(), 4)
        };
        let depth = grid(open("bust_depth.png"));
        let matte = depth.map(|depth| if depth > 0.0 { 1.0 } else { 0.0 });
        (photo(grid(open("bust.png")).map(|v| v * v)), matte, depth)
    }

    /// Correlation inside the oval of the bust's face, by eye on the sample, px of the quarter.
    fn in_face(estimate: &Grid<f32>, depth: &Grid<f32>) -> f64 {
        let places = (0..depth.values().len()).filter(|index| {
            let (x, y) = ((index % 250) as f32, (index / 250) as f32);
            ((x - 142.0) / 46.0).hypot((y - 135.0) / 72.0) < 1.0
        });
        let pairs: Vec<(f32, f32)> = places
            .map(|index| (estimate.values()[index], depth.values()[index]))
            .collect();
        rank_correlation(&pairs)
    }

    #[test]
    fn on_the_bust_the_dome_is_in_order_and_the_face_by_its_eyes_is_better() {
        let (photo, matte, depth) = bust();
        let dome = estimate(&photo, Some(&matte), None);
        let dome = in_face(&dome.nearness, &depth);
        let eyes = eyes_at([124.8, 117.3, 171.0, 120.0], &photo);
        let face = estimate(&photo, Some(&matte), Some(eyes));
        let face = in_face(&face.nearness, &depth);
        let brightness = in_face(&photo.luminance, &depth);
        assert!(dome > 0.47, "dome {dome}");
        assert!(face > 0.63 && face > dome, "face {face}, dome {dome}");
        assert!(brightness < 0.4, "the measure tells nothing: {brightness}");
    }

    #[test]
    fn brightness_is_not_geometry() {
        let matte = Grid::from_fn(200, 200, |x, y| {
            f32::from(u8::from((x as f32 - 100.0).hypot(y as f32 - 100.0) < 70.0))
        });
        let plain = photo(Grid::filled(200, 200, 0.4));
        let spotted = photo(Grid::from_fn(200, 200, |x, y| {
            unit(1, (x / 9 * 100 + y / 9) as u64)
        }));
        let eyes = eyes_at([80.0, 90.0, 120.0, 90.0], &plain);
        for eyes in [None, Some(eyes)] {
            let a = estimate(&plain, Some(&matte), eyes).nearness;
            let b = estimate(&spotted, Some(&matte), eyes).nearness;
            let range = a.values().iter().copied().fold(0.0, f32::max);
            for (a, b) in a.values().iter().zip(b.values()) {
                assert!((a - b).abs() <= 0.1 * range, "{a} and {b}");
            }
        }
    }

    #[test]
    fn odd_mattes_are_the_whole_photo_and_odd_sizes_work() {
        let grey = photo(Grid::filled(60, 40, 0.5));
        for value in [0.0, 1.0, f32::NAN] {
            let matte = Grid::filled(60, 40, value);
            let odd = estimate(&grey, Some(&matte), None);
            let none = estimate(&grey, None, None);
            assert_eq!(odd.nearness, none.nearness);
        }
        for (width, height) in [(1, 1), (1, 900), (1300, 2), (2, 2)] {
            let odd = photo(Grid::filled(width, height, 0.5));
            let half = Grid::from_fn(width, height, |x, y| f32::from(u8::from((x + y) % 2 == 0)));
            for matte in [None, Some(&half)] {
                let map = estimate(&odd, matte, None).nearness;
                assert!(map.values().iter().all(|value| value.is_finite()));
            }
        }
    }
}
