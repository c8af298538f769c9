//! Where a person stands, if a face is seen: hair above it, shoulders below it.
//!
//! A face is a compact patch in the colour of skin that stands out of the border, near the middle. It
//! says where the rest is, which has other colours and would else be cut off: the head reaches
//! a third beyond the face, and the body widens from the neck to the lower edge. No more than a hint:
//! the cut goes by the colours. Grey photos have no colour of skin, and get none.
//!
//! Where the eyes are known, they say all this better: the middle of the face belongs to the subject,
//! and what lies far from head and shoulders hardly does.

use crate::eyes::{Eyes, in_body, in_head};
use crate::grid::Grid;
use crate::subject::segment::skin;

/// Share of the picture that a face covers, at least and at most.
const FACE: (f64, f64) = (0.004, 0.5);

/// A face fills at least this share of the ellipse with its moments; hands and lone patches elsewhere
/// fill less.
const LEAST_FILL: f64 = 0.45;

/// Half the width and height of the head against the face's, and how far its middle lies above.
const HEAD: [f64; 2] = [1.35, 1.4];
const HEAD_ABOVE: f64 = 0.15;

/// From the face's middle, in half heights of it, shoulders begin at this and are full at that.
const SHOULDERS_FROM: f64 = 0.9;
const SHOULDERS_AT: f64 = 2.0;

/// Half the width of the neck and of the shoulders, in half widths of the face.
const NECK_WIDE: f64 = 0.7;
const SHOULDERS_WIDE: f64 = 2.6;

/// How likely each pixel is a person's, 0 to 1, by the face that is seen; `None` without one.
/// `outstanding`: how much each pixel differs from the border, 0 to 1.
pub(super) fn person(colors: &Grid<[f32; 3]>, outstanding: &Grid<f32>) -> Option<Grid<f32>> {
    let (width, height) = (colors.width(), colors.height());
    let weight = |column: usize, row: usize| {
        let skin = skin(&colors.at(column, row)) * outstanding.at(column, row).min(0.5) * 2.0;
        let off = 2.0 * (column as f64 + 0.5) / width as f64 - 1.0;
        f64::from(skin) * (1.0 - off * off)
    };
    // Again and again, without what lies far from the last middle: an arm or a wall.
    let mut limit = [[f64::NEG_INFINITY; 2], [f64::INFINITY; 2]];
    let mut face = None;
    for _ in 0..3 {
        let (mut sum, mut moments) = (0.0, [0.0; 4]);
        for row in 0..height {
            for column in 0..width {
                let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
                if x < limit[0][0] || x > limit[1][0] || y < limit[0][1] || y > limit[1][1] {
                    continue;
                }
                let weight = weight(column, row);
                sum += weight;
                moments[0] += weight * x;
                moments[1] += weight * y;
                moments[2] += weight * x * x;
                moments[3] += weight * y * y;
            }
        }
        if sum < FACE.0 * (width * height) as f64 || sum > FACE.1 * (width * height) as f64 {
            return None;
        }
        let [x, y, xx, yy] = moments.map(|moment| moment / sum);
        // A full ellipse has half axes of twice its deviations.
        let (across, along) = (2.0 * (xx - x * x).sqrt(), 2.0 * (yy - y * y).sqrt());
        limit = [
            [x - 1.3 * across, y - 1.3 * along],
            [x + 1.3 * across, y + 1.3 * along],
        ];
        let fill = sum / (std::f64::consts::PI * across * along);
        face = Some((x, y, across, along, fill));
    }
    let (x, y, across, along, fill) = face?;
    if fill < LEAST_FILL || !(0.4..=2.5).contains(&(across / along)) {
        return None;
    }
    Some(Grid::from_fn(width, height, |column, row| {
        let right = (column as f64 + 0.5 - x) / across;
        let down = (row as f64 + 0.5 - y) / along;
        let head = 1.0 - (right / HEAD[0]).hypot((down + HEAD_ABOVE) / HEAD[1]);
        let t = ((down - SHOULDERS_FROM) / (SHOULDERS_AT - SHOULDERS_FROM)).clamp(0.0, 1.0);
        let wide = NECK_WIDE + (SHOULDERS_WIDE - NECK_WIDE) * t;
        let body = if down > 0.0 {
            1.0 - right.abs() / wide
        } else {
            -1.0
        };
        (0.5 + 2.5 * head.max(body)).clamp(0.0, 1.0) as f32
    }))
}

/// Log odds for the middle of the face, for the rest of the head from well inside, and against what lies
/// far from head and shoulders.
const FACE_ODDS: f32 = 8.0;
const HEAD_ODDS: f32 = 3.5;
const FAR_ODDS: f32 = -4.0;

/// So far inside the oval of a head, in its half axes, it is well inside.
const WELL_INSIDE: f64 = 0.3;

/// A border this near to head and shoulders is not taken for background.
const NEAR: f64 = -0.2;

/// Middle and half axes of the part of the face that is always seen, in the frame of the eyes: from the
/// brow to the mouth.
const CORE_MIDDLE: f64 = 0.4;
const CORE_HALF: [f64; 2] = [0.8, 0.9];

/// So far outside of head and shoulders, in their half axes, hats, hair and wide clothes become unlikely, and
/// so far they are not expected.
const FAR: (f64, f64) = (-0.5, -1.2);

/// How fast the likelihood of the person grows inward from the outline of head and shoulders, and how fast it falls
/// outward, to each of their half axes.
const INWARD: f64 = 2.5;
const OUTWARD: f64 = 0.6;

/// How likely each pixel is the person's who has these eyes, 0 to 1.
pub(super) fn person_by_eyes(eyes: Eyes, (width, height): (usize, usize)) -> Grid<f32> {
    Grid::from_fn(width, height, |column, row| {
        let inside = inside(eyes, column, row);
        let slope = if inside > 0.0 { INWARD } else { OUTWARD };
        (0.5 + slope * inside).clamp(0.0, 1.0) as f32
    })
}

/// Log odds that the eyes give beside that.
pub(super) fn known(eyes: Eyes, (width, height): (usize, usize)) -> Grid<f32> {
    Grid::from_fn(width, height, |column, row| {
        let [x, y] = eyes.to_face(column as f64 + 0.5, row as f64 + 0.5);
        let at = eyes.to_head(column as f64 + 0.5, row as f64 + 0.5);
        if (x / CORE_HALF[0]).hypot((y - CORE_MIDDLE) / CORE_HALF[1]) < 1.0 {
            return FACE_ODDS;
        }
        let head = (in_head(at) / WELL_INSIDE).clamp(0.0, 1.0);
        let far = ((inside(eyes, column, row) - FAR.0) / (FAR.1 - FAR.0)).clamp(0.0, 1.0);
        HEAD_ODDS * head as f32 + FAR_ODDS * far as f32
    })
}

/// Whether a pixel may be the person's who has these eyes, so that a border there tells nothing.
pub(super) fn may_be(eyes: Eyes, column: usize, row: usize) -> bool {
    inside(eyes, column, row) > NEAR
}

/// How far inside head or body a pixel lies, as [`in_head`].
fn inside(eyes: Eyes, column: usize, row: usize) -> f64 {
    let at = eyes.to_head(column as f64 + 0.5, row as f64 + 0.5);
    in_head(at).max(in_body(at))
}
