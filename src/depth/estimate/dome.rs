//! A dome over the subject: round at its outline, highest in its middle.
//!
//! Height follows a circle over the distance to the outline, then is smoothed, since a bare
//! distance has ridges. Only what is seen as background is outside: where the frame cuts the
//! subject, the dome goes on and does not drop.

use crate::blank::edt::distance_px;
use crate::grid::Grid;

/// Reach of the smoothing, as a fraction of the dome's radius.
const SMOOTHING: f32 = 0.12;

/// Width of the rim that is not smoothed in full, as a fraction of the dome's radius.
const RIM: f32 = 0.35;

/// Drop of the gentle dome from its middle to the middle of a side, as a fraction of its height.
const GENTLE_DROP: f32 = 0.5;

/// The dome over `inside`, 0 to 1, and its radius in px; flat on top from `cap_px` inward.
pub(super) fn over(inside: &Grid<bool>, cap_px: Option<f32>) -> (Grid<f32>, f32) {
    let distance = distance_px(&inside.map(|inside| !inside));
    let farthest = distance.values().iter().copied().filter(|d| d.is_finite());
    let farthest = farthest.fold(1.0, f32::max);
    let radius = cap_px.map_or(farthest, |cap| cap.clamp(1.0, farthest));
    let height = distance.map(|distance| {
        let t = 1.0 - (distance / radius).min(1.0);
        (1.0 - t * t).max(0.0).sqrt()
    });
    // At the outline the bare height counts, which ends at 0: no ledge.
    let smooth = blur(&height, inside, SMOOTHING * radius);
    let dome = Grid::from_fn(height.width(), height.height(), |column, row| {
        let share = (distance.at(column, row) / (RIM * radius)).min(1.0);
        let height = height.at(column, row);
        height + share * (smooth.at(column, row) - height)
    });
    (dome, radius)
}

/// A gentle dome over a whole frame, for photos whose subject is not known, and its radius in px.
pub(super) fn gentle(width: usize, height: usize) -> (Grid<f32>, f32) {
    let across = |at: usize, length: usize| 2.0 * (at as f32 + 0.5) / length as f32 - 1.0;
    let dome = Grid::from_fn(width, height, |column, row| {
        let (u, v) = (across(column, width), across(row, height));
        1.0 - GENTLE_DROP * (u * u + v * v)
    });
    (dome, 0.5 * width.min(height) as f32)
}

/// Blurs `map` inside, blind to what is outside, where it becomes 0; `sigma_px` is the deviation.
///
/// Three boxes one after the other are a bell, near enough.
pub(super) fn blur(map: &Grid<f32>, inside: &Grid<bool>, sigma_px: f32) -> Grid<f32> {
    // Variance of a box of radius r: r (r + 1) / 3; three of them.
    let radius = ((0.25 + sigma_px * sigma_px).sqrt() - 0.5).round() as usize;
    let masked = Grid::from_fn(map.width(), map.height(), |column, row| {
        if inside.at(column, row) {
            map.at(column, row)
        } else {
            0.0
        }
    });
    let values = thrice(&masked, radius);
    let weights = thrice(&inside.map(|inside| f32::from(u8::from(inside))), radius);
    Grid::from_fn(map.width(), map.height(), |column, row| {
        if inside.at(column, row) {
            values.at(column, row) / weights.at(column, row).max(1e-6)
        } else {
            0.0
        }
    })
}

fn thrice(map: &Grid<f32>, radius: usize) -> Grid<f32> {
    let mut map = map.clone();
    for _ in 0..3 {
        // Along rows and turned, twice: both axes.
        map = turned(&rows(&turned(&rows(&map, radius)), radius));
    }
    map
}

fn turned(map: &Grid<f32>) -> Grid<f32> {
    Grid::from_fn(map.height(), map.width(), |column, row| map.at(row, column))
}

fn rows(map: &Grid<f32>, radius: usize) -> Grid<f32> {
    let (width, mut out) = (map.width(), map.clone());
    out.for_each_row(|row, values| {
        let mut sums = Vec::with_capacity(width + 1);
        let mut sum = 0.0f64;
        sums.push(sum);
        for &value in map.row(row) {
            sum += f64::from(value);
            sums.push(sum);
        }
        for (column, value) in values.iter_mut().enumerate() {
            let (from, to) = (
                column.saturating_sub(radius),
                (column + radius + 1).min(width),
            );
            *value = ((sums[to] - sums[from]) / (to - from) as f64) as f32;
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dome_rises_inward_and_ends_at_the_outline() {
        let inside = Grid::from_fn(101, 101, |x, y| {
            (x as f32 - 50.0).hypot(y as f32 - 50.0) < 40.0
        });
        let (dome, radius) = over(&inside, None);
        assert!((radius - 40.0).abs() < 1.5);
        assert_eq!(dome.at(2, 50), 0.0);
        let ray: Vec<f32> = (50..89).map(|x| dome.at(x, 50)).collect();
        assert!(ray.is_sorted_by(|a, b| a >= b), "{ray:?}");
        assert!(ray[0] > 0.95 && ray[38] < 0.35, "{ray:?}");
    }

    #[test]
    fn a_subject_cut_by_the_frame_does_not_drop_there() {
        // A column that leaves the frame below.
        let inside = Grid::from_fn(90, 120, |x, y| (25..65).contains(&x) && y > 30);
        let (dome, _) = over(&inside, None);
        assert!(dome.at(45, 119) >= 0.98 * dome.at(45, 80));
        assert!(dome.at(45, 33) < 0.8 * dome.at(45, 80));
    }

    #[test]
    fn blurs_keep_what_is_even_and_do_not_mix_in_the_outside() {
        let inside = Grid::from_fn(40, 30, |x, _| x < 20);
        let map = Grid::from_fn(40, 30, |x, _| if x < 20 { 0.7 } else { 9.0 });
        let blurred = blur(&map, &inside, 5.0);
        assert!((blurred.at(19, 15) - 0.7).abs() < 1e-5);
        assert_eq!(blurred.at(20, 15), 0.0);
    }
}
