//! The eyes of a face, and the frame that they give: where its head, neck and shoulders are.
//!
//! Its unit is the distance between the middles of the eyes, its origin between them, x to the right
//! and y down along the face. In these units heads and shoulders of adults hardly differ: by the
//! means of C. Gordon et al., *2012 Anthropometric survey of U.S. Army personnel* (2014), rounded,
//! with room for hair and clothes.

use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::photo::Photo;
use crate::settings::DepthSettings;

/// Least distance between the eyes, px of the photo: below, a face has no features to speak of.
const LEAST_APART_PX: f64 = 4.0;

/// Middle and half axes of the oval of the head with its hair: from 2.1 above the eyes to the chin.
const HEAD_MIDDLE: [f64; 2] = [0.0, -0.1];
const HEAD_HALF: [f64; 2] = [1.65, 2.0];

/// Level of the chin.
pub(crate) const CHIN: f64 = 1.9;

/// Half the width of the neck, and the level where it begins to widen.
const NECK_HALF: f64 = 0.9;
const NECK_TO: f64 = 2.0;

/// Half the width of the shoulders, and the level where they have it.
const SHOULDERS_HALF: f64 = 3.6;
const SHOULDERS_AT: f64 = 3.8;

/// Largest turn that is believed, radians: beyond, one eye is hidden.
const LARGEST_TURN: f64 = 0.6;

/// Levels at which the outline is looked for, from the eyes down, and how far aside.
const LEVELS: usize = 10;
const LOWEST_LEVEL: f64 = 0.9;
const FARTHEST: f64 = 3.0;
const STEP: f64 = 0.03;

/// How far the eyes lie before the axis that a head turns about.
const BEFORE_AXIS: f64 = 1.4;

/// Level down to which a portrait shows its person: below the shoulders.
const BUST_TO: f64 = 5.0;

/// Both eyes in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eyes {
    /// The middle between them, px.
    middle: [f64; 2],
    /// Unit vector from that on the left to that on the right.
    across: [f64; 2],
    apart_px: f64,
    /// How far the head is turned to the right of the picture, radians.
    turn: f64,
}

impl Eyes {
    /// Eyes given as the x and y of both middles, in either order, in pixels of an upright photo of
    /// `photo_px` columns and rows.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for eyes that do not lie in the photo, or that are no face apart.
    pub fn in_photo(eyes: [f64; 4], photo_px: (usize, usize)) -> Result<Self> {
        let (width, height) = (photo_px.0 as f64, photo_px.1 as f64);
        let [mut x1, mut y1, mut x2, mut y2] = eyes;
        let inside = |x: f64, y: f64| (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
        if !inside(x1, y1) || !inside(x2, y2) {
            let limit = format!("do not lie in the photo of {width} x {height}");
            return Err(odd(eyes, &limit));
        }
        let apart = (x2 - x1).hypot(y2 - y1);
        if apart < LEAST_APART_PX {
            let limit = format!("are {apart:.1} px apart, at least {LEAST_APART_PX} are needed");
            return Err(odd(eyes, &limit));
        }
        if x2 < x1 {
            (x1, y1, x2, y2) = (x2, y2, x1, y1);
        }
        Ok(Self {
            middle: [f64::midpoint(x1, x2), f64::midpoint(y1, y2)],
            across: [(x2 - x1) / apart, (y2 - y1) / apart],
            apart_px: apart,
            turn: 0.0,
        })
    }

    /// The same eyes in a copy of the picture that is `factor` times as large.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            middle: self.middle.map(|px| px * factor),
            apart_px: self.apart_px * factor,
            ..self
        }
    }

    /// Their distance, px.
    #[must_use]
    pub fn apart_px(&self) -> f64 {
        self.apart_px
    }

    /// A place in the picture, px, in the face's frame.
    pub(crate) fn to_face(self, x: f64, y: f64) -> [f64; 2] {
        let (dx, dy) = (x - self.middle[0], y - self.middle[1]);
        let [ux, uy] = self.across;
        [
            (dx * ux + dy * uy) / self.apart_px,
            (dy * ux - dx * uy) / self.apart_px,
        ]
    }

    /// The same in the frame of the head: about its middle, which a turned head shows aside of the
    /// eyes, as wide as if it were not turned.
    pub(crate) fn to_head(self, x: f64, y: f64) -> [f64; 2] {
        let [x, y] = self.to_face(x, y);
        let (sin, cos) = self.turn.sin_cos();
        // The eyes of a turned head seem closer than they are.
        [x * cos + BEFORE_AXIS * sin, y * cos]
    }

    /// A place in the face's frame, in the picture, px.
    pub(crate) fn to_px(self, x: f64, y: f64) -> [f64; 2] {
        let [ux, uy] = self.across;
        [
            self.middle[0] + (x * ux - y * uy) * self.apart_px,
            self.middle[1] + (x * uy + y * ux) * self.apart_px,
        ]
    }

    /// How far the head is turned to the right of the picture, radians, by the outline of the subject: the
    /// farther side of a turned head is narrower, seen from the middle between the eyes. 0 where the
    /// outline is not seen.
    pub(crate) fn turn(self, inside: &Grid<bool>) -> f64 {
        let reach = |side: f64, y: f64| {
            let steps = (0..).map(|step| STEP * f64::from(step));
            for x in steps.take_while(|&x| x < FARTHEST) {
                let [u, v] = self.to_px(side * x, y);
                if u < 0.0 || v < 0.0 {
                    return None;
                }
                let (column, row) = (u as usize, v as usize);
                if column >= inside.width() || row >= inside.height() {
                    return None;
                }
                if !inside.at(column, row) {
                    return Some(x);
                }
            }
            None
        };
        let mut turns: Vec<f64> = (0..LEVELS)
            .filter_map(|level| {
                let y = LOWEST_LEVEL * level as f64 / (LEVELS - 1) as f64;
                let (left, right) = (reach(-1.0, y)?, reach(1.0, y)?);
                (left + right > 0.0).then(|| (left - right) / (left + right))
            })
            .collect();
        if turns.len() < LEVELS / 3 {
            return 0.0;
        }
        let middle = turns.len() / 2;
        let (_, turn, _) = turns.select_nth_unstable_by(middle, f64::total_cmp);
        turn.clamp(-LARGEST_TURN, LARGEST_TURN)
    }

    /// The same eyes in a head that is turned by `turn` radians to the right of the picture.
    pub(crate) fn turned(self, turn: f64) -> Self {
        Self { turn, ..self }
    }
}

/// How far inside the head a place in its frame ([`Eyes::to_head`]) lies: 1 at its middle, 0 on its outline,
/// negative outside.
pub(crate) fn in_head([x, y]: [f64; 2]) -> f64 {
    1.0 - ((x - HEAD_MIDDLE[0]) / HEAD_HALF[0]).hypot((y - HEAD_MIDDLE[1]) / HEAD_HALF[1])
}

/// The same for neck and shoulders, which have no end below.
pub(crate) fn in_body([x, y]: [f64; 2]) -> f64 {
    if y < 0.0 {
        return -1.0;
    }
    let t = ((y - NECK_TO) / (SHOULDERS_AT - NECK_TO)).clamp(0.0, 1.0);
    1.0 - x.abs() / (NECK_HALF + (SHOULDERS_HALF - NECK_HALF) * t.sqrt())
}

/// Head and shoulders by the eyes alone, 0 and 1, in a picture of `width` x `height`.
pub(crate) fn bust(eyes: Eyes, (width, height): (usize, usize)) -> Grid<f32> {
    Grid::from_fn(width, height, |column, row| {
        let at = eyes.to_head(column as f64 + 0.5, row as f64 + 0.5);
        let shows = in_head(at) > 0.0 || (in_body(at) > 0.0 && at[1] < BUST_TO);
        f32::from(u8::from(shows))
    })
}

/// The eyes that the settings name in a photo.
///
/// # Errors
///
/// As [`Eyes::in_photo`].
pub(crate) fn named(settings: &DepthSettings, photo: &Photo) -> Result<Option<Eyes>> {
    let size = (photo.luminance.width(), photo.luminance.height());
    let eyes = settings.eyes_px.map(|eyes| Eyes::in_photo(eyes, size));
    eyes.transpose()
}

fn odd(eyes: [f64; 4], limit: &str) -> Error {
    let shown = eyes.map(|number| number.to_string()).join(",");
    let remedy = "give the middles of both eyes in pixels of the upright photo: x1,y1,x2,y2";
    Error::setting("--eyes", &shown, limit, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_to_the_face_and_back() {
        let eyes = Eyes::in_photo([230.0, 180.0, 170.0, 190.0], (400, 400)).unwrap();
        assert_eq!(
            eyes,
            Eyes::in_photo([170.0, 190.0, 230.0, 180.0], (400, 400)).unwrap()
        );
        let [x, y] = eyes.to_px(0.5, 0.0);
        assert!((x - 230.0).hypot(y - 180.0) < 1e-9);
        for at in [[0.3, 1.9], [-2.0, 0.0], [4.0, -3.0]] {
            let [x, y] = eyes.scaled(0.25).to_px(at[0], at[1]);
            let back = eyes.to_face(4.0 * x, 4.0 * y);
            assert!((back[0] - at[0]).hypot(back[1] - at[1]) < 1e-9);
        }
    }

    #[test]
    fn a_head_ends_at_the_chin_and_stands_on_shoulders() {
        assert!(in_head([0.0, -1.8]) > 0.0 && in_head([0.0, -2.3]) < 0.0);
        assert!(in_head([0.0, CHIN]).abs() < 1e-9 && in_head([1.7, 0.0]) < 0.0);
        assert!(in_body([0.0, 2.0]) > 0.0 && in_body([1.5, 1.9]) < 0.0);
        assert!(in_body([3.4, 4.0]) > 0.0 && in_body([3.8, 9.0]) < 0.0);
    }

    #[test]
    fn a_turned_head_is_told_by_its_outline() {
        let head = Grid::from_fn(400, 400, |x, y| {
            (x as f32 - 190.0).hypot(y as f32 - 220.0) < 90.0
        });
        let turn = |x1, x2, inside: &Grid<bool>| {
            let eyes = Eyes::in_photo([x1, 200.0, x2, 200.0], (400, 400)).unwrap();
            eyes.turn(inside)
        };
        assert!(turn(190.0, 240.0, &head) > 0.2);
        assert!(turn(140.0, 190.0, &head) < -0.2);
        assert!(turn(165.0, 215.0, &head).abs() < 0.03);
        assert_eq!(turn(150.0, 190.0, &Grid::filled(400, 400, true)), 0.0);
    }

    #[test]
    fn the_eyes_of_a_turned_head_lie_aside_of_its_middle() {
        let eyes = Eyes::in_photo([180.0, 200.0, 220.0, 200.0], (400, 400)).unwrap();
        // Turned to the right, the middle of the head lies left of the eyes.
        let turned = eyes.turned(0.4);
        let middle = (0..400).min_by(|&a, &b| {
            let off = |x| turned.to_head(f64::from(x), 200.0)[0].abs();
            off(a).total_cmp(&off(b))
        });
        assert!((170..185).contains(&middle.unwrap()), "{middle:?}");
        assert_eq!(eyes.to_head(123.0, 45.0), eyes.to_face(123.0, 45.0));
    }

    #[test]
    fn odd_eyes_are_refused() {
        for (eyes, said) in [
            (
                [10.0, 10.0, 500.0, 10.0],
                "do not lie in the photo of 400 x 300",
            ),
            (
                [10.0, 10.0, 20.0, 301.0],
                "do not lie in the photo of 400 x 300",
            ),
            (
                [f64::NAN, 5.0, 20.0, 5.0],
                "do not lie in the photo of 400 x 300",
            ),
            ([10.0, 10.0, 11.0, 10.0], "are 1.0 px apart"),
        ] {
            let message = Eyes::in_photo(eyes, (400, 300)).unwrap_err().to_string();
            assert!(
                message.starts_with("--eyes") && message.contains(said),
                "{message}"
            );
        }
    }
}
