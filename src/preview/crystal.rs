//! The crystal as light: reflections on its bevels and walls, bright edges, a faint body.
//!
//! Glass adds the light that it reflects to what is behind it, so facets need no sorting: near ones,
//! far ones seen through the glass, and the points all add up. The studio around the crystal is a
//! handful of soft lamps; there is no tracing of rays, and refraction is hinted at by the far edges
//! and by a band of light along the outline.

use tiny_skia::{FillRule, Path, PathBuilder};

use super::body::{Body, Facet};
use super::camera::Camera;
use super::light::{self, Light, Rgb};
use crate::grid::Grid;

/// A lamp of the studio: where it hangs as seen from the crystal (right, up, toward the viewer),
/// how sharply it ends, how bright it is.
type Lamp = ([f32; 3], f32, f32);

/// Key light above to the left, its wide fill, a strip to the right, a glow from below. Tuned by
/// eye on hearts, blocks and discs: without the strip the right side of a heart vanishes.
const LAMPS: [Lamp; 5] = [
    ([-0.52, 0.76, 0.39], 14.0, 3.2),
    ([-0.35, 0.93, 0.10], 2.0, 0.28),
    ([0.93, 0.26, 0.26], 30.0, 2.2),
    ([0.55, -0.80, 0.24], 20.0, 1.1),
    ([-0.90, -0.40, 0.17], 40.0, 0.9),
];

/// Colour of reflected light: a little cooler than white.
const GLINT: Rgb = [0.90, 0.96, 1.0];

/// Colour of light that went through glass: K9 is faintly blue-green at its edges.
const DEEP: Rgb = [0.62, 0.86, 1.0];

/// What a view of the crystal is made of.
#[derive(Debug)]
pub(super) struct Crystal {
    /// Part of each pixel that the crystal covers, 0 to 1.
    pub(super) cover: Grid<f32>,
    /// Light that it adds.
    pub(super) light: Light,
}

/// Draws the body on a raster of `size` pixels.
pub(super) fn draw(body: &Body, camera: &Camera, size: [usize; 2]) -> Crystal {
    let mut light = Light::filled(size[0], size[1], [0.0; 3]);
    let cover = silhouette(body, camera, size);
    add_volume(&mut light, &cover, body, camera);
    add_facets(&mut light, body, camera);
    add_edges(&mut light, body, camera);
    Crystal { cover, light }
}

/// What the crystal hides of the background.
fn silhouette(body: &Body, camera: &Camera, [width, height]: [usize; 2]) -> Grid<f32> {
    let mut cover = Grid::filled(width, height, 0.0f32);
    let mut join = |path: Option<Path>, rule| {
        if let Some(path) = path {
            light::cover(&path, rule, [width, height], |column, row, part| {
                cover.set(column, row, cover.at(column, row).max(part));
            });
        }
    };
    for z_sign in [1.0, -1.0] {
        let mut face = PathBuilder::new();
        for ring in body.face(z_sign) {
            push_polygon(&mut face, camera, &ring);
        }
        join(face.finish(), FillRule::EvenOdd);
    }
    let mut facets = PathBuilder::new();
    for facet in &body.facets {
        if camera.facing(facet.centre(), facet.normal()) > EDGE_ON {
            push_polygon(&mut facets, camera, &facet.corners);
        }
    }
    join(facets.finish(), FillRule::Winding);
    cover
}

/// Facets whose normal is this near to the picture's plane are seen from the side.
const EDGE_ON: f32 = 0.01;

/// A faint body, brighter toward the top and along the outline, as light gathers at the edges.
fn add_volume(light: &mut Light, cover: &Grid<f32>, body: &Body, camera: &Camera) {
    let smaller_px = body.half_mm[0].min(body.half_mm[1]) * 2.0 * camera.px_per_mm;
    let wide = light::blur(cover, (smaller_px * 0.055).min(120.0));
    let narrow = light::blur(cover, (smaller_px * 0.012).min(40.0));
    let half_height_px = (body.half_mm[1] * camera.px_per_mm).max(1.0);
    light.for_each_row(|row, values| {
        let up = ((camera.centre_px[1] - row as f32) / half_height_px).clamp(-1.0, 1.0);
        for (column, rgb) in values.iter_mut().enumerate() {
            let inside = cover.at(column, row);
            if inside <= 0.0 {
                continue;
            }
            let across = ((column as f32 - camera.centre_px[0]) / half_height_px).clamp(-1.5, 1.5);
            // 0 deep inside, 0.5 at a straight border.
            let near = (1.0 - wide.at(column, row)).clamp(0.0, 1.0);
            let nearest = (1.0 - narrow.at(column, row)).clamp(0.0, 1.0);
            let lit = 0.55 + 0.45 * (0.8 * up - 0.35 * across);
            let strength = 0.0030
                + 0.0035 * lit.max(0.0)
                + 0.050 * near * near * lit.max(0.12)
                + 0.060 * nearest * nearest * lit.max(0.2);
            for (value, tint) in rgb.iter_mut().zip(DEEP) {
                *value += inside * strength * tint;
            }
        }
    });
}

fn add_facets(light: &mut Light, body: &Body, camera: &Camera) {
    let size = [light.width(), light.height()];
    for seen_from_outside in [true, false] {
        // Light and coverage of all facets of one side. Divided by the coverage, since neighbours'
        // coverages along their common side sum to a little less than 1, which shows as hatching.
        let mut sums = Grid::filled(size[0], size[1], [0.0f32; 4]);
        for facet in &body.facets {
            let facing = camera.facing(facet.centre(), facet.normal());
            if facing.abs() < EDGE_ON || (facing > 0.0) != seen_from_outside {
                continue;
            }
            let mut path = PathBuilder::new();
            push_polygon(&mut path, camera, &facet.corners);
            if let Some(path) = path.finish() {
                let shading = Shading::new(facet, camera, seen_from_outside);
                light::cover(&path, FillRule::Winding, size, |column, row, part| {
                    let [r, g, b] = shading.at(column as f32 + 0.5, row as f32 + 0.5);
                    let before = sums.at(column, row);
                    let more = [r * part, g * part, b * part, part];
                    sums.set(column, row, [0, 1, 2, 3].map(|c| before[c] + more[c]));
                });
            }
        }
        light.for_each_row(|row, values| {
            for (rgb, &[r, g, b, covered]) in values.iter_mut().zip(sums.row(row)) {
                if covered > 0.0 {
                    let share = (covered * 1.1).min(1.0) / covered;
                    *rgb = [rgb[0] + r * share, rgb[1] + g * share, rgb[2] + b * share];
                }
            }
        });
    }
}

/// The light of a facet: that of its corners, in between bilinear.
struct Shading {
    centre: [f32; 2],
    /// Rows of the inverse of the matrix whose columns lead along and across the facet.
    inverse: [[f32; 2]; 2],
    corners: [Rgb; 4],
}

impl Shading {
    fn new(facet: &Facet, camera: &Camera, seen_from_outside: bool) -> Self {
        let [a, b, c, d] = facet.corners.map(|corner| camera.project_body(corner));
        let along = [0, 1].map(|axis| (b[axis] + c[axis] - a[axis] - d[axis]) / 2.0);
        let across = [0, 1].map(|axis| (c[axis] + d[axis] - a[axis] - b[axis]) / 2.0);
        let determinant = along[0] * across[1] - along[1] * across[0];
        // A facet of no area has one shade.
        let scale = if determinant.abs() < 1e-3 {
            0.0
        } else {
            1.0 / determinant
        };
        let light = [0, 1, 2, 3].map(|index| {
            let normal = facet.normals[index];
            let facing = camera.facing(facet.corners[index], normal);
            facet_light(camera.turn(normal), facing, seen_from_outside)
        });
        Self {
            centre: camera.project_body(facet.centre()),
            inverse: [
                [across[1] * scale, -across[0] * scale],
                [-along[1] * scale, along[0] * scale],
            ],
            corners: light,
        }
    }

    fn at(&self, x: f32, y: f32) -> Rgb {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let [t, s] = self
            .inverse
            .map(|[by_x, by_y]| (0.5 + by_x * dx + by_y * dy).clamp(0.0, 1.0));
        let [a, b, c, d] = &self.corners;
        [0, 1, 2]
            .map(|i| (a[i] * (1.0 - t) + b[i] * t) * (1.0 - s) + (d[i] * (1.0 - t) + c[i] * t) * s)
    }
}

/// Light of a piece of surface by its normal in the camera's axes.
fn facet_light([x, y, z]: [f32; 3], facing: f32, seen_from_outside: bool) -> Rgb {
    let mirrored = studio([2.0 * z * x, 2.0 * z * y, 2.0 * z * z - 1.0]);
    if seen_from_outside {
        // Schlick's approximation for glass, plus what the polished bevel scatters.
        let fresnel = 0.04 + 0.96 * (1.0 - facing.clamp(0.0, 1.0)).powi(5);
        GLINT.map(|tint| tint * mirrored * (fresnel + 0.15))
    } else {
        // The far side from within mirrors the lamps once more, turned around and dimmer, and lets
        // through what stands behind it.
        let behind = studio([-x, -y, z.abs()]);
        DEEP.map(|tint| tint * (0.055 * mirrored + 0.05 * behind))
    }
}

/// Light that comes from a direction.
fn studio(direction: [f32; 3]) -> f32 {
    LAMPS
        .iter()
        .map(|&(place, sharpness, strength)| {
            let dot: f32 = place.iter().zip(direction).map(|(a, b)| a * b).sum();
            strength * dot.max(0.0).powf(sharpness)
        })
        .sum::<f32>()
        + 0.04
}

/// Bright lines where bands of facets meet.
fn add_edges(light: &mut Light, body: &Body, camera: &Camera) {
    for edge in &body.edges {
        let [x, y, z] = camera.turn(edge.normal);
        let lamps = studio([x, y, z.abs()]);
        let (strength, tint, width) = if camera.facing(edge.ends[0], edge.normal) > 0.0 {
            (0.05 + 0.26 * lamps, GLINT, 1.6)
        } else {
            (0.012 + 0.07 * lamps, DEEP, 1.4)
        };
        let [start, end] = edge.ends.map(|corner| camera.project_body(corner));
        if let Some(path) = light::stroke(start, end, width, 0.0) {
            light::add(light, &path, tint.map(|tint| tint * strength));
        }
    }
}

/// Adds a closed polygon in mm as the camera sees it.
fn push_polygon(path: &mut PathBuilder, camera: &Camera, corners_mm: &[[f32; 3]]) {
    for (index, &corner) in corners_mm.iter().enumerate() {
        let [x, y] = camera.project_body(corner);
        if index == 0 {
            path.move_to(x, y);
        } else {
            path.line_to(x, y);
        }
    }
    path.close();
}

#[cfg(test)]
mod tests {
    use super::super::body::tests::square;
    use super::*;

    #[test]
    fn the_front_view_covers_the_outline_and_leaves_the_hole() {
        let camera = Camera::new(0.0, 0.0).placed(4.0, [50.0, 50.0]);
        let crystal = draw(&square(), &camera, [100, 100]);
        let covered: f32 = crystal.cover.values().iter().sum();
        // 20 x 20 mm less 4 x 4 mm at 16 pixels each mm².
        assert!((covered - 384.0 * 16.0).abs() < 40.0, "{covered}");
        assert_eq!(crystal.cover.at(50, 50), 0.0);
        assert_eq!(crystal.light.at(2, 2), [0.0; 3]);
    }

    #[test]
    fn the_side_view_shows_the_thickness() {
        let camera = Camera::new(90.0, 0.0).placed(4.0, [50.0, 50.0]);
        let crystal = draw(&square(), &camera, [100, 100]);
        let covered = crystal.cover.row(50).iter().sum::<f32>();
        assert!((covered - 6.0 * 4.0).abs() < 1.0, "{covered}");
    }

    #[test]
    fn all_light_is_finite_and_not_negative() {
        for yaw in [0.0, 35.0, 85.0, 90.0] {
            let camera = Camera::new(yaw, 8.0).placed(4.0, [50.0, 50.0]);
            let crystal = draw(&square(), &camera, [100, 100]);
            let fine = |value: &f32| value.is_finite() && *value >= 0.0;
            assert!(crystal.light.values().iter().flatten().all(fine));
            assert!(crystal.cover.values().iter().all(fine));
        }
    }
}
