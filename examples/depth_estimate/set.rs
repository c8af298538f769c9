//! The set: twelve busts of other poses, lights, proportions and frames, whose depth is exact.

use crate::bust::{Part, Pose, to_head};
use crate::render::{View, eyes_px, march, render};

/// A rendered portrait and what is known of it.
pub(crate) struct Portrait {
    pub(crate) name: String,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Display values, 0 to 1.
    pub(crate) picture: Vec<f32>,
    /// Toward the viewer, cm; `None` where there is nothing.
    pub(crate) depth_cm: Vec<Option<f32>>,
    /// Whether a pixel shows the face: skin and eyes from the brow to the chin, without ears.
    pub(crate) face: Vec<bool>,
    /// Middles of the eyes, px: first that on the left of the picture.
    pub(crate) eyes: [f64; 4],
}

/// Yaw, pitch, roll; direction of the light; width, height and depth of the head; centre of the
/// picture and pixels a centimetre, of 240 x 288.
type Case = ([f32; 3], [f32; 3], [f32; 3], [f32; 3]);

const CASES: [Case; 12] = [
    (
        [0.0, 0.0, 0.0],
        [0.5, 0.6, 0.6],
        [1.0, 1.0, 1.0],
        [0.0, -4.0, 7.5],
    ),
    (
        [0.32, 0.03, -0.05],
        [0.72, 0.55, 0.42],
        [1.0, 1.0, 1.0],
        [0.4, -4.3, 7.5],
    ),
    (
        [-0.3, 0.05, 0.08],
        [0.72, 0.55, 0.42],
        [0.93, 1.05, 1.0],
        [0.0, -4.0, 7.5],
    ),
    (
        [0.5, 0.0, 0.0],
        [-0.6, 0.4, 0.6],
        [1.0, 1.0, 1.05],
        [0.0, -3.0, 7.5],
    ),
    (
        [0.1, -0.15, 0.0],
        [0.0, 0.9, 0.4],
        [1.06, 0.96, 1.0],
        [0.0, -2.0, 9.5],
    ),
    (
        [0.0, 0.18, 0.12],
        [0.0, -0.7, 0.7],
        [1.0, 1.0, 0.94],
        [0.0, -5.0, 6.5],
    ),
    (
        [-0.15, 0.0, -0.2],
        [-0.9, 0.2, 0.3],
        [1.05, 1.0, 1.0],
        [1.5, -1.0, 10.0],
    ),
    (
        [0.2, 0.1, 0.0],
        [0.1, 0.1, 1.0],
        [0.92, 0.97, 1.0],
        [-1.0, -6.0, 6.0],
    ),
    (
        [-0.45, -0.05, 0.05],
        [0.8, 0.2, 0.5],
        [1.0, 1.06, 1.0],
        [0.0, -4.0, 7.5],
    ),
    (
        [0.05, 0.0, 0.0],
        [0.95, 0.1, -0.1],
        [1.0, 1.0, 1.0],
        [0.0, -0.5, 12.0],
    ),
    (
        [0.25, -0.1, 0.1],
        [-0.3, 0.8, 0.4],
        [1.04, 1.04, 1.04],
        [2.0, -5.0, 7.0],
    ),
    (
        [-0.05, 0.05, 0.0],
        [0.3, 0.5, -0.6],
        [0.95, 1.0, 1.06],
        [0.0, -8.0, 5.5],
    ),
];

const SIZE_PX: (usize, usize) = (240, 288);

/// The portraits, one after the other; each takes some seconds of one processor.
pub(crate) fn portraits() -> impl Iterator<Item = Portrait> {
    CASES
        .into_iter()
        .enumerate()
        .map(|(index, case)| portrait(index + 1, case))
}

fn portrait(number: usize, ([yaw, pitch, roll], key, head, [x, y, px_per_cm]): Case) -> Portrait {
    let (width, height) = SIZE_PX;
    let view = View {
        width,
        height,
        px_per_cm,
        centre: [x, y],
        key,
    };
    let pose = Pose {
        yaw,
        pitch,
        roll,
        body_yaw: -0.3 * yaw,
        head,
    };
    let (picture, depth_cm) = render(&view, pose, 2);
    let at = |index: usize| {
        (
            x + ((index % width) as f32 + 0.5 - width as f32 / 2.0) / px_per_cm,
            y + (height as f32 / 2.0 - (index / width) as f32 - 0.5) / px_per_cm,
        )
    };
    let face = (0..width * height)
        .map(|index| {
            let (x, y) = at(index);
            let Some((p, part)) = march(x, y, pose) else {
                return false;
            };
            let q = to_head(p, pose);
            let skin = matches!(part, Part::Skin | Part::Eye);
            skin && q.z > 1.5 && q.x.abs() < 6.6 && (-11.6..7.0).contains(&q.y)
        })
        .collect();
    Portrait {
        name: format!("bust {number}"),
        width,
        height,
        picture,
        depth_cm,
        face,
        eyes: eyes_px(&view, pose),
    }
}
