//! A generic face, placed by the eyes: a head with nose, sockets, brow, lips and chin.
//!
//! In the frame of [`crate::eyes`], whose turn is read off the matte.
//!
//! Its proportions were set by hand, and tried on rendered busts only.

use crate::ease::smoothstep_between;
use crate::eyes::{CHIN, Eyes};
use crate::grid::Grid;

/// Radius of the dome around a face, in distances between the eyes: a head's half width and a
/// little.
pub(super) const DOME_RADIUS: f32 = 1.5;

/// Height of that dome, in distances between the eyes, so that it fits to the face's.
const DOME_HEIGHT: f32 = 1.2;

/// Height of the dome over neck and body against that over the head: chins stand out over chests. Chosen
/// on the busts of `examples/depth_estimate`, where half of the height does as well.
const BODY: f32 = 0.6;

/// How far above and below the chin the one becomes the other, in distances between the eyes.
const NECK: f32 = 0.5;

/// A bump of this half width and half height about a place.
fn bump(x: f32, y: f32, half: [f32; 2]) -> f32 {
    (-(x / half[0]).powi(2) - (y / half[1]).powi(2)).exp()
}

/// Height of a face that looks straight ahead, in distances between the eyes.
fn relief(x: f32, y: f32) -> f32 {
    let skull = 1.0 - (x / 1.12).powi(2) - ((y - 0.3) / 1.75).powi(2);
    let side = x.abs();
    let ridge = (-(x / 0.2).powi(2)).exp();
    let nose = 0.42 * ridge * smoothstep_between(-0.1, 0.72, y) * smoothstep_between(0.92, 0.72, y);
    1.25 * skull.max(0.0).sqrt() + nose + 0.12 * bump(side - 0.2, y - 0.68, [0.14, 0.14])
        - 0.16 * bump(side - 0.5, y, [0.27, 0.17])
        + 0.06 * bump(side - 0.4, y + 0.32, [0.4, 0.13])
        + 0.12 * bump(x, y - 1.1, [0.36, 0.14])
        + 0.08 * bump(x, y - 1.1, [0.5, 0.4])
        + 0.14 * bump(x, y - 1.6, [0.32, 0.18])
}

/// Puts a face onto a dome; the result is in distances between the eyes.
pub(super) fn onto(dome: &Grid<f32>, inside: Option<&Grid<bool>>, eyes: Eyes) -> Grid<f32> {
    let turn = inside.map_or(0.0, |inside| eyes.turn(inside) as f32);
    let (sin, cos) = turn.sin_cos();
    let root = relief(0.0, 0.0);
    // Height of the turned face, and how much it counts there.
    let face = |column: usize, row: usize| {
        // The eyes of a turned head seem closer than they are.
        let [x, y] = eyes.to_face(column as f64 + 0.5, row as f64 + 0.5);
        let (x, y) = (x as f32, y as f32);
        let (seen, y) = (x * cos, y * cos);
        let mut x = seen;
        for _ in 0..4 {
            x = 0.6 * x + 0.4 * (seen - (relief(x, y) - root) * sin) / cos;
        }
        let oval = (x / 1.15).hypot((y - 0.45) / 1.45);
        (
            relief(x, y) * cos - x * sin,
            smoothstep_between(1.0, 0.75, oval),
        )
    };
    let faces = Grid::from_fn(dome.width(), dome.height(), face);
    let base = Grid::from_fn(dome.width(), dome.height(), |column, row| {
        let [_, y] = eyes.to_face(column as f64 + 0.5, row as f64 + 0.5);
        let body = smoothstep_between(CHIN as f32 - NECK, CHIN as f32 + NECK, y as f32);
        // Without an outline the body is not known.
        let lower = inside.map_or(0.0, |_| body * (1.0 - BODY));
        DOME_HEIGHT * (1.0 - lower) * dome.at(column, row)
    });
    let covered = |index: &usize| {
        faces.values()[*index].1 > 0.5 && inside.is_none_or(|inside| inside.values()[*index])
    };
    let (mut sum, mut count) = (0.0f64, 0.0f64);
    for index in (0..base.values().len()).filter(covered) {
        sum += f64::from(base.values()[index] - faces.values()[index].0);
        count += 1.0;
    }
    let offset = (sum / count.max(1.0)) as f32;
    Grid::from_fn(dome.width(), dome.height(), |column, row| {
        let (height, share) = faces.at(column, row);
        let share = match inside {
            Some(inside) if !inside.at(column, row) => 0.0,
            _ => share,
        };
        let base = base.at(column, row);
        base + share * (height + offset - base)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eyes(x1: f64, y1: f64, x2: f64, y2: f64) -> Eyes {
        Eyes::in_photo([x1, y1, x2, y2], (400, 400)).unwrap()
    }

    #[test]
    fn the_nose_stands_out_and_the_eyes_lie_back() {
        let dome = Grid::filled(400, 400, 1.0);
        let face = onto(&dome, None, eyes(170.0, 180.0, 230.0, 180.0));
        let (nose, cheek) = (face.at(200, 223), face.at(240, 223));
        let (eye, brow) = (face.at(170, 180), face.at(170, 160));
        assert!(
            nose > cheek + 0.3 && eye < brow,
            "{nose} {cheek} {eye} {brow}"
        );
        // Of the same height on both sides.
        assert!((face.at(179, 230) - face.at(220, 230)).abs() < 1e-3);
    }

    #[test]
    fn the_body_lies_behind_the_head_where_an_outline_shows_it() {
        let dome = Grid::filled(400, 400, 1.0);
        let inside = Grid::filled(400, 400, true);
        let eyes = eyes(180.0, 100.0, 220.0, 100.0);
        let known = onto(&dome, Some(&inside), eyes);
        let (forehead, chest) = (known.at(120, 100), known.at(200, 300));
        assert!((forehead - DOME_HEIGHT).abs() < 1e-6);
        assert!((chest - BODY * DOME_HEIGHT).abs() < 1e-6);
        assert_eq!(onto(&dome, None, eyes).at(200, 300), DOME_HEIGHT);
    }

    #[test]
    fn eyes_in_either_order_and_turned_pictures_give_the_same_face() {
        let dome = Grid::filled(400, 400, 1.0);
        let a = onto(&dome, None, eyes(170.0, 200.0, 230.0, 200.0));
        let b = onto(&dome, None, eyes(230.0, 200.0, 170.0, 200.0));
        assert_eq!(a, b);
        // Head to the right: a quarter clockwise.
        let turned = onto(&dome, None, eyes(200.0, 230.0, 200.0, 170.0));
        let (upright, lying) = (a.at(199, 243), turned.at(243, 200).max(turned.at(156, 200)));
        assert!((upright - lying).abs() < 0.05, "{upright} {lying}");
    }
}
