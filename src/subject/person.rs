//! Where a person stands, if a face is seen: hair above it, shoulders below it.
//!
//! A face is a compact patch in the colour of skin that stands out of the border, near the middle. It
//! says where the rest is, which has other colours and would else be cut off: the head reaches
//! a third beyond the face, and the body widens from the neck to the lower edge. No more than a hint:
//! the cut goes by the colours. Grey photos have no colour of skin, and get none.

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
