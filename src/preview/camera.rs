//! The camera: points in mm to pixels of one view.
//!
//! Parallel projection, so that a scale bar holds everywhere in a view. The crystal is turned about
//! its upright axis (yaw) and then toward the viewer (pitch). Refraction is left out: the front view
//! looks through a flat face at a right angle, where nothing moves sideways, and in the turned views
//! places are geometric.

/// One view of the crystal: a turn, a scale, and where the crystal's centre lies in the view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Camera {
    yaw: (f32, f32),
    pitch: (f32, f32),
    /// Pixels to a millimetre.
    pub(super) px_per_mm: f32,
    /// Where the centre of the crystal is drawn, px, rows running down.
    pub(super) centre_px: [f32; 2],
    /// How much smaller the crystal's body is drawn for each mm behind `nearest_mm`: what a lens
    /// near the crystal sees. Points are always in parallel projection.
    shrink_per_mm: f32,
    nearest_mm: f32,
}

impl Camera {
    /// A camera of scale 1 with the crystal's centre at pixel (0, 0).
    ///
    /// Positive yaw turns the front to the right, positive pitch looks down on the crystal.
    pub(super) fn new(yaw_degrees: f32, pitch_degrees: f32) -> Self {
        Self {
            yaw: yaw_degrees.to_radians().sin_cos(),
            pitch: pitch_degrees.to_radians().sin_cos(),
            px_per_mm: 1.0,
            centre_px: [0.0, 0.0],
            shrink_per_mm: 0.0,
            nearest_mm: 0.0,
        }
    }

    /// Turns a direction or a point into the camera's axes: right, up, toward the viewer.
    pub(super) fn turn(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let (sin_yaw, cos_yaw) = self.yaw;
        let (sin_pitch, cos_pitch) = self.pitch;
        let right = x * cos_yaw + z * sin_yaw;
        let ahead = z * cos_yaw - x * sin_yaw;
        let up = y * cos_pitch - ahead * sin_pitch;
        [right, up, y * sin_pitch + ahead * cos_pitch]
    }

    /// The pixel at which a point in mm is seen. Here, and only here, y turns around.
    pub(super) fn project(&self, point_mm: [f32; 3]) -> [f32; 2] {
        let [right, up, _] = self.turn(point_mm);
        [
            self.centre_px[0] + right * self.px_per_mm,
            self.centre_px[1] - up * self.px_per_mm,
        ]
    }

    /// The pixel at which a corner of the body is seen: as [`Camera::project`], but smaller behind
    /// the nearest plane.
    pub(super) fn project_body(&self, point_mm: [f32; 3]) -> [f32; 2] {
        let behind_mm = (self.nearest_mm - self.turn(point_mm)[2]).max(0.0);
        let shrink = (1.0 - behind_mm * self.shrink_per_mm).max(0.5);
        let at = self.project(point_mm);
        [0, 1].map(|axis| self.centre_px[axis] + (at[axis] - self.centre_px[axis]) * shrink)
    }

    /// How much a piece of the body's surface looks toward the camera: positive when its front is
    /// seen, about the cosine of the angle.
    pub(super) fn facing(&self, point_mm: [f32; 3], normal: [f32; 3]) -> f32 {
        let ([x, y, _], [nx, ny, nz]) = (self.turn(point_mm), self.turn(normal));
        nz - self.shrink_per_mm * (x * nx + y * ny)
    }

    /// Half the width and half the height, mm, of what this camera sees of a box of the given half
    /// sides around the origin.
    pub(super) fn half_extent_mm(&self, half: [f32; 3]) -> [f32; 2] {
        let mut extent = [0.0f32; 2];
        for (sign_x, sign_y) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
            let [right, up, _] = self.turn([sign_x * half[0], sign_y * half[1], half[2]]);
            extent = [extent[0].max(right.abs()), extent[1].max(up.abs())];
        }
        extent
    }

    /// The same view from a lens `distance_mm` in front of the plane `nearest_mm`.
    pub(super) fn with_lens(self, nearest_mm: f32, distance_mm: f32) -> Self {
        Self {
            shrink_per_mm: 1.0 / distance_mm.max(1e-3),
            nearest_mm,
            ..self
        }
    }

    /// The same view at another scale and place.
    pub(super) fn placed(self, px_per_mm: f32, centre_px: [f32; 2]) -> Self {
        Self {
            px_per_mm,
            centre_px,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_view_is_upright_and_not_mirrored() {
        let camera = Camera::new(0.0, 0.0).placed(10.0, [100.0, 50.0]);
        assert_eq!(camera.project([1.0, 2.0, 5.0]), [110.0, 30.0]);
    }

    #[test]
    fn a_turn_to_the_right_moves_the_front_to_the_right() {
        let camera = Camera::new(35.0, 10.0);
        let [front, back] = [1.0, -1.0].map(|z| camera.turn([0.0, 0.0, z]));
        assert!(front[0] > 0.0 && back[0] < 0.0);
        // Seen from above, what is near stands lower.
        assert!(front[1] < back[1]);
        assert!(front[2] > back[2]);
    }

    #[test]
    fn through_a_lens_the_front_keeps_its_size_and_walls_are_seen_from_within() {
        let camera = Camera::new(0.0, 0.0).placed(10.0, [0.0, 0.0]);
        let near = camera.with_lens(1.0, 20.0);
        assert_eq!(
            near.project_body([2.0, 3.0, 1.0]),
            camera.project([2.0, 3.0, 1.0])
        );
        assert_eq!(near.project_body([2.0, 0.0, -1.0]), [18.0, 0.0]);
        assert!(near.facing([2.0, 0.0, 0.0], [1.0, 0.0, 0.0]) < 0.0);
        assert!(near.facing([2.0, 0.0, 1.0], [0.0, 0.0, 1.0]) > 0.99);
    }

    #[test]
    fn the_extent_holds_every_corner() {
        let camera = Camera::new(35.0, 8.0);
        let [half_width, half_height] = camera.half_extent_mm([3.0, 2.0, 1.0]);
        for corner in [[3.0, 2.0, -1.0], [-3.0, 2.0, 1.0], [3.0, -2.0, 1.0]] {
            let [right, up, _] = camera.turn(corner);
            assert!(right.abs() <= half_width + 1e-5 && up.abs() <= half_height + 1e-5);
        }
    }
}
